#!/usr/bin/env bash
# Measures what watching costs: the steps of a cluster that nobody looks at, and of one that is scraped every second, sends its metrics and traces to
# a collector every five, and whose run is followed in its log and on a whole screen; in turn, on loopback. Prints the median step of each, the median of the rounds'
# ratios and their spread, and likewise what the nodes together took of the processors. Whoever watches runs on the same cores and slows the steps, too;
# that is in the first figure and not in the second. Both spread as the machine's own speed does; the last line does not: what nodes without a job take
# of one core for half a minute, by themselves, and scraped and sending.
#
#   monitoring.sh [--steps N] [--rounds N] [MODEL]
#
#   --steps   steps of one measurement (default: 4096)
#   --rounds  how often both are measured in turn (default: 12)
#   MODEL     one of deploy/jobs/bench (default: mlp, whose steps are the shortest)
# Needs python3, for the collector's place, for the one who scrapes and for the screen that shows a run.
set -euo pipefail

folder=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
root=$folder/../..
trainer=$root/deploy/trainer
steps=4096 rounds=12 model=mlp
while (($#)); do
  case $1 in
    --steps) steps=${2:?--steps needs a number}; shift ;;
    --rounds) rounds=${2:?--rounds needs a number}; shift ;;
    -*) echo "monitoring.sh: unknown argument '$1'; known are --steps and --rounds" >&2; exit 2 ;;
    *)
      [[ -f $root/deploy/jobs/bench/$1.hocon ]] || { echo "monitoring.sh: no model '$1' in deploy/jobs/bench" >&2; exit 2; }
      model=$1 ;;
  esac
  shift
done

scratch=$(mktemp -d)
nodes=() watchers=() followers=() bare=() watched=() submitter=
stop() {
  local id
  for id in "$@"; do kill -TERM "$id" 2>/dev/null || true; done
  for id in "$@"; do
    for _ in {1..100}; do kill -0 "$id" 2>/dev/null || break; sleep 0.1; done
    kill -KILL "$id" 2>/dev/null || true
  done
}
finish() {
  stop ${submitter:+"$submitter"} "${watchers[@]}" "${followers[@]}" "${nodes[@]}"
  rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# A collector that takes everything and keeps nothing; it says where it listens.
python3 - >"$scratch/collector" <<'PYTHON' &
import http.server, sys
class Collector(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
    def log_message(self, *arguments): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
nodes+=($!)
for _ in {1..100}; do [[ -s $scratch/collector ]] && break; sleep 0.1; done
collector=$(<"$scratch/collector")

# What `trainer local` gives its children.
environment=(OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 MALLOC_ARENA_MAX=1 MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=2000000000 GLIBC_TUNABLES=glibc.malloc.hugetlb=1)
telling=(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:$collector" OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf OTEL_METRIC_EXPORT_INTERVAL=5000)

field() { grep -m 1 node-started "$scratch/$1.log" | grep -o "\"$2\":\"[^\"]*" | cut -d '"' -f 4; }
node() {
  local cluster=$1 name=$2
  shift 2
  local more=() port=()
  if [[ $cluster == watched ]]; then more=("${telling[@]}") port=(--metrics-port 0); fi
  env "${environment[@]}" "${more[@]}" "$trainer" node --name "$name" --out "$scratch/$cluster" "${port[@]}" "$@" \
    </dev/null >"$scratch/$cluster-$name.log" 2>&1 &
  nodes+=($!)
  if [[ $cluster == watched ]]; then watched+=($!); else bare+=($!); fi
  for _ in {1..300}; do grep -qs node-started "$scratch/$cluster-$name.log" && return; sleep 0.1; done
  echo "monitoring.sh: $cluster's $name does not start" >&2
  exit 1
}
cluster() {
  node "$1" coordinator --role coordinator
  local seed
  seed=$(field "$1-coordinator" address)
  node "$1" server-1 --role server --seed "$seed"
  node "$1" worker-1 --role worker --seed "$seed" --cores 0
  node "$1" worker-2 --role worker --seed "$seed" --cores $((1 % $(nproc)))
}
cluster bare
cluster watched
seed=$(field watched-coordinator address)
mapfile -t pages < <(grep -h metrics-served "$scratch"/watched-*.log | grep -o '"address":"[^"]*' | cut -d '"' -f 4)
((${#pages[@]} == 4)) || { echo "monitoring.sh: ${#pages[@]} of 4 nodes say where their metrics are" >&2; exit 1; }

# Someone reads the metrics of all nodes every second.
scrape() {
  python3 -c '
import sys, time, urllib.request
while True:
    time.sleep(1)
    for page in sys.argv[1:]: print(len(urllib.request.urlopen(page + "metrics").read()), flush=True)
' "${pages[@]}" >"$scratch/page" &
  watchers+=($!)
}
# Others follow the job that the cluster has begun, one of them on a whole screen.
look() {
  scrape
  python3 -c 'import pty, sys; pty.spawn(["bash", "-c", "stty rows 40 cols 120; exec \"$@\"", "watch"] + sys.argv[1:])' \
    "$trainer" watch --seed "$seed" --insecure </dev/null >"$scratch/seen" 2>&1 &
  watchers+=($!)
  "$trainer" logs --seed "$seed" --follow --insecure >"$scratch/followed" 2>&1 &
  followers+=($!)
}
# Whoever watches must have done so until the job's end; who follows the log ends with the job.
blink() {
  local id looked
  for id in "${watchers[@]}"; do kill -0 "$id" 2>/dev/null || { echo 'monitoring.sh: a watcher ended before the job' >&2; exit 1; }; done
  stop "${watchers[@]}" "${followers[@]}"
  for looked in "$@"; do [[ -s $scratch/$looked ]] || { echo "monitoring.sh: nothing was seen ($looked)" >&2; exit 1; }; done
  watchers=() followers=()
}

# Ticks of the processors that some processes have taken.
taken() {
  local id
  for id in "$@"; do cat "/proc/$id/stat"; done | sed 's/.*) //' | awk '{ ticks += $12 + $13 } END { print ticks }'
}

# Trains in a cluster; the watched one is looked at from its first epoch's end.
run() {
  local per=$((steps < 64 ? steps : 64))
  "$trainer" submit "$root/deploy/jobs/bench/$model.hocon" --insecure --seed "$(field "$1-coordinator" address)" --workers 2 --servers 1 \
    --set slots=2 --set batch=128 --set "data.train=$((128 * per))" --set "epochs=$((steps / per))" >"$scratch/out" 2>&1 &
  submitter=$!
  if [[ $1 == watched ]]; then
    while ! grep -qs '^epoch' "$scratch/out" && kill -0 "$submitter" 2>/dev/null; do sleep 0.1; done
    look
  fi
  wait "$submitter" || { cat "$scratch/out" >&2; exit 1; }
  submitter=
  [[ $1 != watched ]] || blink followed seen page
  awk -F '[:,]' '/"median"/ { print $2 + 0; exit }' "$(find "$scratch/$1" -name summary.json)" >>"$scratch/$2"
  find "$scratch/$1" -mindepth 1 -maxdepth 1 -type d -exec rm -rf {} +
}

# One round: the step's time to one file, the ticks to another.
measure() {
  local cluster=$1 file=$2 before
  shift 2
  before=$(taken "$@")
  run "$cluster" "$file"
  echo $(($(taken "$@") - before)) >>"$scratch/$file-ticks"
}
median() { sort -g | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }
# The rounds' ratios of two files, in percent: their median, the least and the greatest.
ratios() {
  paste "$scratch/$1" "$scratch/$2" | awk '{ print 100 * ($2 / $1 - 1) }' | sort -g |
    awk '{ v[NR] = $1 } END { printf "%+.1f %% (%+.1f to %+.1f)", (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2, v[1], v[NR] }'
}

# Milliseconds a second that nodes without a job take.
idle() {
  local before seconds=30
  before=$(taken "$@")
  sleep "$seconds"
  echo $((($(taken "$@") - before) * 1000 / $(getconf CLK_TCK) / seconds))
}

run bare warm
run watched warm
for ((round = 0; round < rounds; round++)); do
  measure bare alone "${bare[@]}"
  measure watched looked-at "${watched[@]}"
done
printf '%s: %.3f ms a step, watched %.3f ms; in each round %s\n' \
  "$model" "$(median <"$scratch/alone")" "$(median <"$scratch/looked-at")" "$(ratios alone looked-at)"
printf 'of the processors, by the nodes: %s\n' "$(ratios alone-ticks looked-at-ticks)"
unwatched=$(idle "${bare[@]}")
scrape
printf 'without a job: %s ms a second, scraped and sending %s\n' "$unwatched" "$(idle "${watched[@]}")"
blink page
