#!/usr/bin/env bash
# Measures what watching costs. A cluster on loopback trains a job. In every other turn its nodes are scraped every second and its run is followed in its log and on
# a whole screen; in between all who watch are stopped (SIGSTOP). Both turns are of the same processes, because two clusters that nobody watches differ by some
# percent in what a step takes of the processors, each for as long as it lives. All the time all nodes send their metrics and traces to a collector every five
# seconds; what that takes is told by the time of the threads that send.
#
# Whoever watches computes, too, and on the same cores slows the steps by that. So that this is not taken for what watching costs a cluster, they get only what the
# nodes leave of the cores (SCHED_IDLE), and in the turns without them a stand-in computes as much as they did, at the same pace. --bare leaves it out.
#
# Prints the steps' mean time without and with those who watch, the median of the pairs' ratios with its 95 % interval, and the same for what the nodes' threads
# take of the processors for a step: all of them, and those that neither compute nor exchange gradients, which is steadier. First it prints what nodes without a
# job take of one core for half a minute, by themselves and scraped.
#
#   monitoring.sh [--pairs N] [--seconds S] [--bare] [MODEL]
#
#   --pairs    turns with and without (default: 100)
#   --seconds  of one turn (default: 2)
#   --bare     nothing stands in for who watches in the turns without
#   MODEL      one of deploy/jobs/bench (default: mlp, whose steps are the shortest)
# Needs python3, for the collector's place, for the one who scrapes, for the screen that shows a run, and for the turns.
set -euo pipefail

folder=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
root=$folder/../..
trainer=$root/deploy/trainer
pairs=100 seconds=2 model=mlp substitute=true priority=(chrt --idle 0)
while (($#)); do
  case $1 in
    --pairs) pairs=${2:?--pairs needs a number}; shift ;;
    --seconds) seconds=${2:?--seconds needs a number}; shift ;;
    --bare) substitute=false ;;
    -*) echo "monitoring.sh: unknown argument '$1'; known are --pairs, --seconds and --bare" >&2; exit 2 ;;
    *)
      [[ -f $root/deploy/jobs/bench/$1.hocon ]] || { echo "monitoring.sh: no model '$1' in deploy/jobs/bench" >&2; exit 2; }
      model=$1 ;;
  esac
  shift
done

scratch=$(mktemp -d)
collector=() watchers=() nodes=()
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
  stop "${watchers[@]}" "${nodes[@]}" "${collector[@]}"
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

# What `trainer local` gives its children, and where to send.
environment=(
  OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 MALLOC_ARENA_MAX=1 MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=2000000000 GLIBC_TUNABLES=glibc.malloc.hugetlb=1
  OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:$(<"$scratch/collector")" OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf OTEL_METRIC_EXPORT_INTERVAL=5000)

field() { grep -m 1 "$2" "$scratch/$1.log" | grep -o "\"$3\":\"[^\"]*" | cut -d '"' -f 4; }
node() {
  local name=$1
  shift
  env "${environment[@]}" "$trainer" node --name "$name" --out "$scratch/runs" --metrics-port 0 "$@" </dev/null >"$scratch/$name.log" 2>&1 &
  nodes+=($!)
  for _ in {1..300}; do grep -qs metrics-served "$scratch/$name.log" && grep -qs node-started "$scratch/$name.log" && return; sleep 0.1; done
  echo "monitoring.sh: $name does not start" >&2
  exit 1
}
node coordinator --role coordinator
seed=$(field coordinator node-started address)
node server-1 --role server --seed "$seed"
node worker-1 --role worker --seed "$seed" --cores 0
node worker-2 --role worker --seed "$seed" --cores $((1 % $(nproc)))
pages=()
for name in coordinator server-1 worker-1 worker-2; do pages+=("$(field "$name" metrics-served address)"); done

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
  for _ in {1..600}; do grep -qs samples "$scratch/seen" && [[ -s $scratch/followed ]] && break; sleep 0.1; done
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

unwatched=$(idle "${nodes[@]}")
scrape
asked=$(idle "${nodes[@]}")
blink page
printf 'without a job: %s ms a second, scraped %s\n' "$unwatched" "$asked"

# A job that ends far later than measuring does, with steps as fast as they become.
"$trainer" submit "$root/deploy/jobs/bench/$model.hocon" --detach --insecure --seed "$seed" --workers 2 --servers 1 \
  --set slots=2 --set batch=128 --set data.train=8192 --set epochs=100000 >/dev/null
steps() { cat "$scratch"/runs/*/metrics.jsonl 2>/dev/null | grep -c '"kind":"step"' || true; }
for _ in {1..1200}; do (($(steps) >= 4000)) && break; sleep 0.1; done
(($(steps) >= 4000)) || { echo 'monitoring.sh: the job does not come to its 4000th step' >&2; exit 1; }
look
# The runtime compiles again what is called often, also for those who watch.
sleep 30

python3 - "$model" "$pairs" "$seconds" "$substitute" "${pages[2]}" "${nodes[*]}" "${watchers[*]}" <<'PYTHON'
import glob, multiprocessing, os, re, signal, statistics, sys, time, urllib.request
model, pairs, seconds, substitute, page = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4] == "true", sys.argv[5]
nodes, watchers = ([int(process) for process in list.split()] for list in sys.argv[6:8])

load = multiprocessing.Value("d", 0) # Milliseconds of the processors that those who watch take in a second.
def stand_in():
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    bursts = 6 # As many questions as those who watch ask in a second.
    while True:
        time.sleep(1 / bursts)
        end = time.thread_time() + load.value / 1e3 / bursts
        while time.thread_time() < end: re.findall(rb"\w+", bytes(range(32, 127)) * 200)

def steps(): return int(re.search(rb"^trainer_steps_total.*? (\d+)$", urllib.request.urlopen(page + "metrics").read(), re.MULTILINE)[1])
def kinds(): # The nodes' threads by what they do.
    kinds = {"compute": [], "send": [], "other": []}
    for path in (path for node in nodes for path in glob.glob(f"/proc/{node}/task/*")):
        try: name = open(path + "/comm").read()
        except FileNotFoundError: continue # It has ended.
        kinds["compute" if re.match("worker|shard|link ", name) else "send" if name.startswith("OpenTelemetry") else "other"].append(path)
    return kinds
def milliseconds(threads): # of the processors
    total = 0
    for path in threads:
        try: total += int(open(path + "/schedstat").read().split()[0]) / 1e6
        except FileNotFoundError: pass
    return total

def turn(on):
    for process in watchers: os.kill(process, signal.SIGCONT if on else signal.SIGSTOP)
    if substitute: os.kill(substitution.pid, signal.SIGSTOP if on else signal.SIGCONT)
    known, watching = kinds(), [path for process in watchers for path in glob.glob(f"/proc/{process}/task/*")]
    watched = milliseconds(watching)
    begin, done, taken = time.monotonic(), steps(), [milliseconds(threads) for threads in known.values()]
    time.sleep(seconds)
    count = steps() - done
    took = 1e3 * (time.monotonic() - begin)
    compute, send, other = (milliseconds(threads) - before for threads, before in zip(known.values(), taken))
    if on: loads.append((milliseconds(watching) - watched) / took * 1e3); load.value = statistics.mean(loads[-10:])
    return [part / count for part in (took, compute + send + other, send + other, send)]

substitution = multiprocessing.Process(target=stand_in, daemon=True)
if substitute: substitution.start()
turns, loads = {False: [], True: []}, []
try:
    turn(True)
    for pair in range(pairs):
        for on in (pair % 2 == 1, pair % 2 == 0): turns[on].append(turn(on))
finally: # Who is stopped could not end, and would be waited for.
    for process in watchers + [substitution.pid] * substitute: os.kill(process, signal.SIGCONT)

def told(what, index, of):
    without, watched = ([part[index] for part in turns[on]] for on in (False, True))
    whole = [part[of] for part in turns[False]]
    ratios = sorted(100 * (w - b) / all for b, w, all in zip(without, watched, whole))
    around = 0.98 * len(ratios) ** 0.5
    low, high = ratios[max(0, round(len(ratios) / 2 - around))], ratios[min(len(ratios) - 1, round(len(ratios) / 2 + around))]
    print(f"{what}: {statistics.mean(without):.3f} ms a step, watched {statistics.mean(watched):.3f}: {statistics.median(ratios):+.2f} % ({low:+.2f} to {high:+.2f})")
told(f"{model}, {pairs} pairs", 0, 0)
told("of the processors, by the nodes", 1, 1)
told("by their threads that neither compute nor exchange, of all", 2, 1)
print(f"who watches takes {statistics.mean(loads):.0f} ms a second of the processors{', and so does a stand-in in the turns without' if substitute else ''}")
print(f"by those that send: {statistics.mean(part[3] for part in turns[False]):.4f} ms a step, {100 * statistics.mean(part[3] / part[1] for part in turns[False]):.2f} % of all")
PYTHON
blink followed seen page
