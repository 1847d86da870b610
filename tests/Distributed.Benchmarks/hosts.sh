#!/usr/bin/env bash
# Measures whole training steps between two hosts: network namespaces with a worker and a parameter server each, joined by a
# (shaped) virtual cable. Prints the median step of each model beside what the cable carries at most. Needs root and iproute2;
# without namespaces it says so and ends with 0. Everything that it makes is gone when it ends, however that is.
#
#   hosts.sh [--rate RATE]… [--steps N] [--rounds N] [--workers N] [--set path=value]… [--tls] [MODEL…]
#
#   --rate    the cable's rate in each direction, as tc knows it (1gbit, 100mbit), or `full` for one that is not shaped;
#             may be given several times (default: full)
#   --steps   steps of one measurement (default: 128)
#   --rounds  how often each model is measured in turn; the median counts (default: 3)
#   --workers workers of each host (default: 1)
#   --set     sets one value of the benchmark's job
#   --tls     mutual TLS between the nodes, with certificates that are made for the measurement
#   MODEL     one of deploy/jobs/bench (default: mlp cnn big)
#   PEER=FILE a script that runs one rank of the same models with another program, such as a DDP loop, as
#             `FILE RANK WORLD MODEL STEPS MASTER-ADDRESS PORT INTERFACE`; measured in turn where PYTHON (default: python3) runs it
set -euo pipefail
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

folder=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
root=$folder/../..
network=$root/tests/Distributed.EndToEnd.Tests/network.sh
trainer=$root/deploy/trainer
rates=() steps=128 rounds=3 workers=1 sets=() models=() tls=false
while (($#)); do
  case $1 in
    --rate) rates+=("${2:?--rate needs a rate}"); shift ;;
    --steps) steps=${2:?--steps needs a number}; shift ;;
    --rounds) rounds=${2:?--rounds needs a number}; shift ;;
    --workers) workers=${2:?--workers needs a number}; shift ;;
    --set) sets+=(--set "${2:?--set needs path=value}"); shift ;;
    --tls) tls=true ;;
    -*) echo "hosts.sh: unknown argument '$1'; known are --rate, --steps, --rounds, --workers, --set and --tls" >&2; exit 2 ;;
    *)
      [[ -f $root/deploy/jobs/bench/$1.hocon ]] || { echo "hosts.sh: no model '$1' in deploy/jobs/bench" >&2; exit 2; }
      models+=("$1") ;;
  esac
  shift
done
((${#rates[@]})) || rates=(full)
((${#models[@]})) || models=(mlp cnn big)

"$network" can || { echo 'skipped: network namespaces cannot be made here (root and iproute2 are needed)'; exit 0; }
name=bench-$$
scratch=$(mktemp -d)
nodes=()
stop_nodes() {
  local id
  for id in "${nodes[@]}"; do kill -TERM "$id" 2>/dev/null || true; done
  for id in "${nodes[@]}"; do
    for _ in {1..100}; do kill -0 "$id" 2>/dev/null || break; sleep 0.1; done
    kill -KILL "$id" 2>/dev/null || true
  done
  nodes=()
}
finish() {
  stop_nodes
  "$network" down "$name"
  rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mapfile -t addresses < <("$network" up "$name" 2 | awk '$1 != "host" { print $2 }')
first=${addresses[0]} second=${addresses[1]}

# What node or client gives for security, a word a line.
secure() {
  if $tls; then printf '%s\n' --certs "$scratch/certs/$1"; else echo --insecure; fi
}
if $tls; then
  "$trainer" certs init --out "$scratch/certs" >/dev/null
  "$trainer" certs issue host-1 --authority "$scratch/certs" --role coordinator --role server --role worker --host "$first" >/dev/null
  "$trainer" certs issue host-2 --authority "$scratch/certs" --role server --role worker --host "$second" >/dev/null
  "$trainer" certs issue client --authority "$scratch/certs" --role client >/dev/null
fi

# What `trainer local` gives its children: few threads each, and an allocator that keeps what a step frees.
environment=(DOTNET_gcServer=0 DOTNET_TieredPGO=0 DOTNET_TC_CallCountThreshold=3E8 OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 MALLOC_ARENA_MAX=1 MALLOC_MMAP_MAX_=0
  MALLOC_TRIM_THRESHOLD_=2000000000 GLIBC_TUNABLES=glibc.malloc.hugetlb=1)

cores=$(nproc)
node() {
  local machine=$1 security log=$scratch/node-$1.log
  [[ -e $log ]] && log=$scratch/node-$1-${#nodes[@]}.log
  shift
  mapfile -t security < <(secure "host-$machine")
  env "${environment[@]}" ip netns exec "$name-$machine" "$trainer" node "${security[@]}" --cores $(((machine - 1) % cores)) --out "$scratch/runs" "$@" \
    </dev/null >"$log" 2>&1 &
  nodes+=($!)
}

shape() {
  local machine
  for machine in 1 2; do
    tc -n "$name-$machine" qdisc del dev eth0 root 2>/dev/null || true
    [[ $1 == full ]] || tc -n "$name-$machine" qdisc add dev eth0 root tbf rate "$1" burst 128kb latency 50ms
  done
}

# Megabits a second that one direction carries while the other is as busy.
measured() {
  command -v iperf3 >/dev/null || { echo 0; return; }
  local server
  ip netns exec "$name-1" iperf3 --server --one-off --bind "$first" >/dev/null 2>&1 &
  server=$!
  for _ in {1..50}; do ip netns exec "$name-1" ss -Hltn sport = :5201 | grep -q . && break; sleep 0.1; done
  ip netns exec "$name-2" iperf3 --client "$first" --bidir --time 3 --json 2>/dev/null |
    awk -F '[:,]' '/"sum_received/ { inside = 1 } inside && /bits_per_second/ { total += $2; inside = 0; n++ } END { printf "%.0f", n ? total / n / 1e6 : 0 }'
  wait "$server" 2>/dev/null || true
}

median() { sort -g | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }

node 1 --role coordinator --role server --role worker --host "$first" --port 4053 --name host-1
for _ in {1..300}; do grep -q node-started "$scratch/node-1.log" && break; sleep 0.1; done
node 2 --role server --role worker --host "$second" --seed "$first:4053" --name host-2
for ((worker = 2; worker <= workers; worker++)); do
  node 1 --role worker --host "$first" --seed "$first:4053" --name "host-1-$worker"
  node 2 --role worker --host "$second" --seed "$first:4053" --name "host-2-$worker"
done

# Bytes that have left a host so far.
left() { ip -n "$name-$1" -s -j link show eth0 | grep -o '"tx":{"bytes":[0-9]*' | grep -o '[0-9]*$'; }

run() {
  local model=$1 out=$scratch/out
  # 64 samples a worker and step.
  local per=$((steps < 64 ? steps : 64)) security before=$(($(left 1) + $(left 2)))
  mapfile -t security < <(secure client)
  ip netns exec "$name-1" "$trainer" submit "$root/deploy/jobs/bench/$model.hocon" --seed "$first:4053" "${security[@]}" --workers $((2 * workers)) --servers 2 \
    --set slots=$((2 * workers)) --set batch=$((128 * workers)) --set "data.train=$((128 * workers * per))" --set "epochs=$((steps / per))" "${sets[@]}" >"$out" 2>&1 || {
    cat "$out" "$scratch"/node-*.log >&2
    exit 1
  }
  awk -v bytes=$(($(left 1) + $(left 2) - before)) -v steps="$((steps / per * per))" 'BEGIN { printf "   (left a host a step: %.2f MB)\n", bytes / 2 / steps / 1e6 }' >&2
  local summary
  summary=$(find "$scratch/runs" -name summary.json)
  awk -F '[:,]' '/"median"/ { print $2 + 0; exit }' "$summary" >>"$scratch/$2"
  awk -F '[:,]' '/"computeMilliseconds"/ { c = $2 + 0 } /"exchangeMilliseconds"/ { e = $2 + 0 } END { printf "   (%s: compute %.2f ms, exchange %.2f ms)\n", m, c, e }' \
    m="$model" "$summary" >&2
  rm -rf "$scratch/runs"
}

# OpenBLAS takes a processor that is younger than itself for one without AVX, with which the peer's steps take more than twice as long.
! grep -q avx512f /proc/cpuinfo || export OPENBLAS_CORETYPE="${OPENBLAS_CORETYPE:-SkylakeX}"
peer() {
  local model=$1 rank ids=()
  for rank in 1 0; do
    ip netns exec "$name-$((rank + 1))" env OMP_NUM_THREADS=1 "${PYTHON:-python3}" "$PEER" "$rank" 2 "$model" "$steps" "$first" 29517 eth0 \
      >"$scratch/peer-$rank" 2>&1 &
    ids+=($!)
  done
  for rank in "${ids[@]}"; do wait "$rank" || return 1; done
  sed -n 's/.*step_ms=\([0-9.]*\).*/\1/p' "$scratch/peer-0" >>"$scratch/$2"
}

with_peer=false
if [[ -n ${PEER-} ]]; then
  if "${PYTHON:-python3}" -c 'import torch' 2>/dev/null; then with_peer=true; else echo 'the peer is skipped: no PyTorch here'; fi
fi
# Everything warms up.
run mlp warm 2>/dev/null
printf '%-8s %-6s %10s %10s %12s %12s%s\n' rate model 'step ms' 'wire ms' 'wire MB' 'wire Mbit/s' "$($with_peer && printf ' %10s %6s' 'peer ms' ratio)"
for rate in "${rates[@]}"; do
  shape "$rate"
  carries=$(measured)
  for model in "${models[@]}"; do
    rm -f "$scratch/steps" "$scratch/peers"
    for ((round = 0; round < rounds; round++)); do
      run "$model" steps
      if $with_peer; then peer "$model" peers; fi
    done
    step=$(median <"$scratch/steps")
    # Half the gradients and half the weights go each way.
    floats=$("$trainer" describe "$root/deploy/jobs/bench/$model.hocon" | grep -o '[0-9][0-9,.]* parameters' | head -1 | tr -dc 0-9)
    awk -v rate="$rate" -v model="$model" -v step="$step" -v floats="$floats" -v carries="$carries" \
      -v peer="$($with_peer && median <"$scratch/peers")" 'BEGIN {
        bytes = 4 * floats
        printf "%-8s %-6s %10.2f %10s %12.2f %12d", rate, model, step, (carries > 0 ? sprintf("%.2f", bytes * 8 / carries / 1e3) : "-"), bytes / 1e6, carries
        if (peer != "") printf " %10.2f %6.2f", peer, peer / step
        print ""
      }'
  done
done
