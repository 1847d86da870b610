#!/usr/bin/env bash
# Measures what watching costs. Two clusters on loopback train the same job: nobody looks at one; the other is scraped every second, sends its metrics and
# traces to a collector every five, and its run is followed in its log and on a whole screen. They take turns of a few seconds, the one whose turn it is not
# being stopped (SIGSTOP) with all who watch it, so that both see the same weather of the machine. Prints the steps' mean time in each, the median of
# the pairs' ratios with its 95 % interval, and what the nodes took of the processors for a step. Whoever watches computes, too, and on the same cores slows the steps by
# that: --spare leaves those only what the nodes leave (SCHED_IDLE), as if they were on another machine. Last, what nodes without a job take of one core for half a
# minute, by themselves, and scraped and sending.
#
#   monitoring.sh [--pairs N] [--seconds S] [--spare] [MODEL]
#
#   --pairs    turns of each cluster (default: 100)
#   --seconds  of one turn (default: 2)
#   --spare    who watches computes only where no node does
#   MODEL      one of deploy/jobs/bench (default: mlp, whose steps are the shortest)
# Needs python3, for the collector's place, for the one who scrapes and for the screen that shows a run.
set -euo pipefail

folder=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
root=$folder/../..
trainer=$root/deploy/trainer
pairs=100 seconds=2 model=mlp priority=()
while (($#)); do
  case $1 in
    --pairs) pairs=${2:?--pairs needs a number}; shift ;;
    --seconds) seconds=${2:?--seconds needs a number}; shift ;;
    --spare) priority=(chrt --idle 0) ;;
    -*) echo "monitoring.sh: unknown argument '$1'; known are --pairs, --seconds and --spare" >&2; exit 2 ;;
    *)
      [[ -f $root/deploy/jobs/bench/$1.hocon ]] || { echo "monitoring.sh: no model '$1' in deploy/jobs/bench" >&2; exit 2; }
      model=$1 ;;
  esac
  shift
done

scratch=$(mktemp -d)
collector=() watchers=() bare=() watched=()
# A stopped process hears nothing before it goes on.
stop() {
  local id
  for id in "$@"; do kill -TERM "$id" 2>/dev/null || true; kill -CONT "$id" 2>/dev/null || true; done
  for id in "$@"; do
    for _ in {1..100}; do kill -0 "$id" 2>/dev/null || break; sleep 0.1; done
    kill -KILL "$id" 2>/dev/null || true
  done
}
finish() {
  stop "${watchers[@]}" "${bare[@]}" "${watched[@]}" "${collector[@]}"
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
collector+=($!)
for _ in {1..100}; do [[ -s $scratch/collector ]] && break; sleep 0.1; done

# What `trainer local` gives its children.
environment=(OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 MALLOC_ARENA_MAX=1 MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=2000000000 GLIBC_TUNABLES=glibc.malloc.hugetlb=1)
telling=(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:$(<"$scratch/collector")" OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf OTEL_METRIC_EXPORT_INTERVAL=5000)

field() { grep -m 1 node-started "$scratch/$1.log" | grep -o "\"$2\":\"[^\"]*" | cut -d '"' -f 4; }
node() {
  local cluster=$1 name=$2
  shift 2
  local more=() port=()
  if [[ $cluster == watched ]]; then more=("${telling[@]}") port=(--metrics-port 0); fi
  env "${environment[@]}" "${more[@]}" "$trainer" node --name "$name" --out "$scratch/$cluster" "${port[@]}" "$@" \
    </dev/null >"$scratch/$cluster-$name.log" 2>&1 &
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
  "${priority[@]}" python3 -c '
import sys, time, urllib.request
while True:
    time.sleep(1)
    for page in sys.argv[1:]: print(len(urllib.request.urlopen(page + "metrics").read()), flush=True)
' "${pages[@]}" >"$scratch/page" &
  watchers+=($!)
}
# Others follow the job that the cluster has begun, one of them on a whole screen, which ends with the terminal that it is given.
look() {
  scrape
  "${priority[@]}" python3 -c '
import os, pty, signal, sys
child, screen = pty.fork()
if child == 0: os.execvp("bash", ["bash", "-c", "stty rows 40 cols 120; exec \"$@\"", "watch"] + sys.argv[2:])
open(sys.argv[1], "w").write(str(child))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
while True: sys.stdout.buffer.write(os.read(screen, 65536)); sys.stdout.flush()
' "$scratch/watch" "$trainer" watch --seed "$seed" --insecure </dev/null >"$scratch/seen" 2>&1 &
  watchers+=($!)
  "${priority[@]}" "$trainer" logs --seed "$seed" --follow --insecure >"$scratch/followed" 2>&1 &
  watchers+=($!)
  for _ in {1..300}; do grep -qs samples "$scratch/seen" && [[ -s $scratch/followed ]] && break; sleep 0.1; done
  watchers+=("$(<"$scratch/watch")")
}
# Whoever watches must have done so all the time.
blink() {
  local id looked
  for id in "${watchers[@]}"; do kill -0 "$id" 2>/dev/null || { echo 'monitoring.sh: a watcher has ended' >&2; exit 1; }; done
  stop "${watchers[@]}"
  for looked in "$@"; do [[ -s $scratch/$looked ]] || { echo "monitoring.sh: nothing was seen ($looked)" >&2; exit 1; }; done
  watchers=()
}

# Ticks of the processors that some processes have taken.
taken() {
  local id
  for id in "$@"; do cat "/proc/$id/stat"; done | sed 's/.*) //' | awk '{ ticks += $12 + $13 } END { print ticks }'
}
# Milliseconds a second that nodes without a job take.
idle() {
  local before during=30
  before=$(taken "$@")
  sleep "$during"
  echo $((($(taken "$@") - before) * 1000 / $(getconf CLK_TCK) / during))
}

# Leaves a job with a cluster that ends far later than measuring does, and waits until steps are as fast as they become.
begin() {
  "$trainer" submit "$root/deploy/jobs/bench/$model.hocon" --detach --insecure --seed "$(field "$1-coordinator" address)" --workers 2 --servers 1 \
    --set slots=2 --set batch=128 --set data.train=8192 --set epochs=100000 >/dev/null
  for _ in {1..1200}; do (($(steps "$1" | wc -l) >= 1500)) && return; sleep 0.1; done
  echo "monitoring.sh: the job of $1 does not come to its 1500th step" >&2
  exit 1
}
# The lengths of a cluster's steps so far, in milliseconds; those of its last moments may not be written yet.
steps() { grep -hs '"kind":"step"' "$scratch/$1"/*/metrics.jsonl | sed 's/.*"stepMilliseconds":\([0-9.]*\).*/\1/'; }

unwatched=$(idle "${bare[@]}")
scrape
asked=$(idle "${watched[@]}")
blink page

begin bare
kill -STOP "${bare[@]}"
begin watched
look
kill -STOP "${watched[@]}" "${watchers[@]}"
declare -A known ticks
for cluster in bare watched; do
  declare -n members=$cluster
  known[$cluster]=$(steps "$cluster" | wc -l) ticks[$cluster]=$(taken "${members[@]}")
done
for ((pair = 0; pair < pairs; pair++)); do
  kill -CONT "${bare[@]}"
  sleep "$seconds"
  kill -STOP "${bare[@]}"
  kill -CONT "${watched[@]}" "${watchers[@]}"
  sleep "$seconds"
  kill -STOP "${watched[@]}" "${watchers[@]}"
done
for cluster in bare watched; do
  declare -n members=$cluster
  steps "$cluster" | tail -n "+$((known[$cluster] + 1))" >"$scratch/$cluster-steps"
  echo $((($(taken "${members[@]}") - ticks[$cluster]) * 1000 / $(getconf CLK_TCK))) >"$scratch/$cluster-taken"
done
kill -CONT "${watched[@]}" "${watchers[@]}"
blink followed seen page

# A step that lasts for most of a turn is the one that the others' turn falls into: it parts two turns and counts for neither. Where the others' turn
# fell between two steps, what looks like one turn lasts as long as two.
python3 - "$model" "$seconds" "$scratch" <<'PYTHON'
import statistics, sys
model, seconds, scratch = sys.argv[1], float(sys.argv[2]), sys.argv[3]
def turns(cluster):
    found = [[]]
    for line in open(f"{scratch}/{cluster}-steps"):
        length = float(line)
        if length > 0.75e3 * seconds: found.append([])
        else: found[-1].append(length)
    return [part for turn in found if len(turn) > 2 for part in parts(turn)]
def parts(turn):
    count = max(1, round(sum(turn) / 1e3 / seconds))
    return [turn[i * len(turn) // count:(i + 1) * len(turn) // count] for i in range(count)]
def mean(cluster): return statistics.mean(step for turn in turns(cluster) for step in turn)
def taken(cluster): return float(open(f"{scratch}/{cluster}-taken").read()) / sum(map(len, turns(cluster)))
counts = [len(turns(cluster)) for cluster in ("bare", "watched")]
# A turn that was not told from the next would shift all pairs after it; the last one may not be written yet.
if abs(counts[0] - counts[1]) > 1: sys.exit(f"monitoring.sh: {counts[0]} turns of one cluster and {counts[1]} of the other were found")
ratios = sorted(100 * (statistics.mean(w) / statistics.mean(b) - 1) for b, w in zip(turns("bare"), turns("watched")))
count = len(ratios)
around = 0.98 * count ** 0.5
low, high = ratios[max(0, round(count / 2 - around))], ratios[min(count - 1, round(count / 2 + around))]
print(f"{model}: {mean('bare'):.3f} ms a step, watched {mean('watched'):.3f} ms; in each of {count} pairs {statistics.median(ratios):+.1f} % ({low:+.1f} to {high:+.1f})")
print(f"of the processors, by the nodes: {taken('bare'):.3f} ms a step, watched {taken('watched'):.3f} ms, {100 * (taken('watched') / taken('bare') - 1):+.1f} %")
PYTHON
printf 'without a job: %s ms a second, scraped and sending %s\n' "$unwatched" "$asked"
