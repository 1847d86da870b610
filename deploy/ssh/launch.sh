#!/usr/bin/env bash
# Runs a job on several machines over ssh: copies the build, starts the nodes with certificates made for this run, submits the job, brings
# the run's folder back, and ends every node, also on Ctrl-C or when this script is killed: a node ends with the connection that started it.
set -euo pipefail
# Children in groups of their own: Ctrl-C reaches this script alone, which has the job stopped in order.
set -m

usage() {
  cat <<'TEXT'
usage: deploy/ssh/launch.sh HOSTS JOB [options of 'trainer submit', such as --set epochs=20]

HOSTS is a file with a machine a line; the coordinator runs on the first one, too:

    # address     what runs there (default: workers=1 servers=1), where ssh finds it (default: the address)
    10.0.0.1      workers=2 servers=1
    10.0.0.2      workers=2 servers=1  ssh=alice@rack-2

What 'trainer plan' reads besides (cores=16 memory=64GB gbit=10) may stand there, too.

Ctrl-C ends the job with a checkpoint. The run's folder and the nodes' logs come to ./runs/launch-*.

Environment:
    TRAINER_DATA     the folder with training data on every machine      (default: the folder of the build there)
    TRAINER_FOLDER   where build and runs are on every machine            (default: .cache/distributed-trainer, below the home folder)
    TRAINER_PORT     the coordinator's port, which all machines must reach (default: 4053)
    TRAINER_SSH      the command that stands for ssh                      (default: ssh -o BatchMode=yes -o ServerAliveInterval=5)

Every machine needs the .NET 10 runtime, tar, and a key that ssh takes without a question.
TEXT
}

fail() {
  echo "launch.sh: $*" >&2
  exit 2
}

[[ ${1:-} != -h && ${1:-} != --help ]] || { usage; exit 0; }
[[ $# -ge 2 ]] || { usage >&2; exit 2; }
hosts=$1 job=$2
shift 2
[[ -r $hosts ]] || fail "$hosts: expected a file with a machine a line"

deploy=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/..
build=$deploy/../.artifacts/bin/Distributed.Cli/release_linux-x64
[[ ! -f $deploy/trainer.dll ]] || build=$deploy
[[ -f $build/trainer.dll ]] || fail "not built yet; build with 'dotnet build -c Release'"
folder=${TRAINER_FOLDER:-.cache/distributed-trainer}
port=${TRAINER_PORT:-4053}
read -ra shell <<<"${TRAINER_SSH:-ssh -o BatchMode=yes -o ServerAliveInterval=5}"

addresses=() targets=() workers=() servers=() number=0 all_workers=0 all_servers=0
while read -r address settings || [[ -n $address ]]; do
  number=$((number + 1))
  [[ -n $address && $address != \#* ]] || continue
  declare -A of=([workers]=1 [servers]=1 [ssh]=$address [cores]='' [memory]='' [gbit]='')
  for setting in ${settings%%#*}; do
    key=${setting%%=*} value=${setting#*=}
    [[ $setting == *=* && -v of[$key] ]] || fail "$hosts:$number: expected workers=N, servers=N, ssh=TARGET, cores=N, memory=SIZE or gbit=N, got '$setting'"
    [[ $key != workers && $key != servers || $value =~ ^[0-9]{1,4}$ ]] || fail "$hosts:$number: $key: expected a whole number, got '$value'"
    of[$key]=$value
  done
  addresses+=("$address") targets+=("${of[ssh]}") workers+=("${of[workers]}") servers+=("${of[servers]}")
  all_workers=$((all_workers + of[workers])) all_servers=$((all_servers + of[servers]))
done <"$hosts"
[[ ${#addresses[@]} -gt 0 ]] || fail "$hosts: expected a machine a line, found none"
((all_workers > 0 && all_servers > 0)) || fail "$hosts: a job needs a worker and a server at least"

# Words as the shell at the other end reads them back.
quoted() { printf '%q ' "$@"; }
on() { "${shell[@]}" "${targets[$1]}" "$2"; }

launch=launch-$(date +%Y%m%d-%H%M%S)-$$
logs=runs/$launch
mkdir -p "$logs"
nodes=() names=() client='' open=''
# shellcheck disable=SC2317 # called by the trap
finish() {
  trap - EXIT INT TERM HUP
  # Nodes end when what they read from does, and their connections with them.
  [[ -z $open ]] || exec {open}>&-
  local node end=$((SECONDS + 30))
  for node in "${nodes[@]}"; do
    while ((SECONDS < end)) && kill -0 "$node" 2>/dev/null; do sleep 0.1; done
    kill -KILL -- "-$node" 2>/dev/null || true
  done
  # What ends by a signal is no news here.
  { wait; } 2>/dev/null
  rm -rf "$logs/open" "$logs/certs"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# For this run only. The authority's key never leaves this machine.
trainer() { dotnet "$build/trainer.dll" "$@"; }
(umask 077 && mkdir "$logs/certs")
trainer certs init --out "$logs/certs" --name "$launch" --days 30 >/dev/null
trainer certs issue submitter --role client --authority "$logs/certs" --days 30 >/dev/null

mark=$(cd "$build" && find . -type f -printf '%p %s %T@\n' | sort | sha256sum | cut -c1-16)
for i in "${!addresses[@]}"; do
  machine=${addresses[i]}
  if ! on "$i" "test \"\$(cat $(quoted "$folder/build")2>/dev/null)\" = $mark" </dev/null; then
    echo "copying the build to $machine"
    tar -C "$build" -c . | on "$i" "rm -rf $(quoted "$folder/program" "$folder/build")&& mkdir -p $(quoted "$folder/program")&& tar -C $(quoted "$folder/program")-x && echo $mark >$(quoted "$folder/build")" ||
      fail "$machine: the build could not be copied"
  fi
  trainer certs issue "machine-$i" --role coordinator --role server --role worker --host "$machine" --authority "$logs/certs" --days 30 >/dev/null
  tar -C "$logs/certs/machine-$i" -c . | on "$i" "umask 077 && mkdir -p $(quoted "$folder/certs/$launch")&& tar -C $(quoted "$folder/certs/$launch")-x" ||
    fail "$machine: the certificate could not be copied"
done

# Nothing is ever written into this pipe: what reads from it ends when this script does.
mkfifo "$logs/open"
exec {open}<>"$logs/open"

# start I NAME WORDS…: a node on machine I.
start() {
  local i=$1 name=$2
  shift 2
  local words=(node --with-parent --name "$name" --host "${addresses[i]}" --certs "../certs/$launch" "$@")
  [[ -z ${TRAINER_DATA:-} ]] || words+=(--data "$TRAINER_DATA")
  on "$i" "cd $(quoted "$folder/program")&& exec env DOTNET_TC_CallCountThreshold=3E8 dotnet trainer.dll $(quoted "${words[@]}")" <"$logs/open" >"$logs/$name.log" 2>&1 {open}>&- &
  nodes+=($!) names+=("$name")
}

seed=${addresses[0]}:$port
start 0 coordinator --role coordinator --port "$port" --out "../runs/$launch"
for ((seconds = 0; ; seconds++)); do
  ! grep -qs node-started "$logs/coordinator.log" || break
  if ((seconds == 60)) || ! kill -0 "${nodes[0]}" 2>/dev/null; then fail "${addresses[0]}: the coordinator did not start: $(tail -n 1 "$logs/coordinator.log")"; fi
  sleep 1
done
for i in "${!addresses[@]}"; do
  for ((n = 1; n <= servers[i]; n++)); do start "$i" "server-$((i + 1))-$n" --role server --seed "$seed"; done
  for ((n = 1; n <= workers[i]; n++)); do start "$i" "worker-$((i + 1))-$n" --role worker --seed "$seed"; done
done

echo "submitting $job to $seed"
dotnet "$build/trainer.dll" submit "$job" --seed "$seed" --certs "$logs/certs/submitter" --workers "$all_workers" --servers "$all_servers" "$@" {open}>&- &
client=$!
trap 'kill -TERM "$client" 2>/dev/null || true' INT TERM HUP
status=0
while kill -0 "$client" 2>/dev/null; do
  # Ends early at a signal; at each turn it is seen who has ended.
  sleep 1 & wait $! || true
  for n in "${!nodes[@]}"; do
    kill -0 "${nodes[n]}" 2>/dev/null || {
      echo "launch.sh: ${names[n]} has ended: $(tail -n 1 "$logs/${names[n]}.log")" >&2
      unset 'nodes[n]'
    }
  done
done
wait "$client" || status=$?

if on 0 "cd $(quoted "$folder/runs/$launch")&& tar -c --exclude=./jobs.jsonl ." </dev/null 2>/dev/null | tar -C "$logs" -x 2>/dev/null; then
  echo "run and logs: $logs"
else
  echo "launch.sh: ${addresses[0]}: the run's folder could not be brought back; it is in $folder/runs/$launch there" >&2
fi
for i in "${!addresses[@]}"; do on "$i" "rm -rf $(quoted "$folder/certs/$launch")" </dev/null || true; done
exit "$status"
