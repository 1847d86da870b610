#!/usr/bin/env bash
# Builds with warnings as errors, checks the formatting, and runs every tests/*.Tests project.
#
#   deploy/test.sh [--slow] [--filter EXPRESSION]
#
#   --slow      also the tests of Category=Slow
#   --filter    only the tests that fit (the syntax of `dotnet test --filter`), for instance --filter SlotSampler
#
# The last line is `N passed, N failed`, with `, N skipped` where tests were skipped. Exit status 0: nothing failed.
set -euo pipefail

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
root=$(realpath "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/..")

slow=false chosen=false filter=
while (($#)); do
  case $1 in
    --slow) slow=true ;;
    --filter) filter=${2:?--filter needs an expression}; shift ;;
    --filter=*) filter=${1#*=} ;;
    *) echo "test.sh: unknown argument '$1'; known are --slow and --filter EXPRESSION" >&2; exit 2 ;;
  esac
  shift
done
limit=10m
[[ -z $filter ]] || chosen=true
if $slow; then
  limit=60m
else
  filter=${filter:+($filter)&}Category!=Slow
fi

scratch=$(mktemp -d)
# A .NET process that is killed leaves its diagnostics' sockets where temporary files are.
mkdir "$scratch/tmp"
export TMPDIR=$scratch/tmp
# Every process that a test starts inherits this mark, wherever it goes: those that outlive the tests are ended by it.
mark=DISTRIBUTED_TEST_RUN=$$-$RANDOM$RANDOM
runners=() names=()

end_leftovers() {
  local file process
  for file in /proc/[0-9]*/environ; do
    process=${file//[^0-9]/}
    if { tr '\0' '\n' <"$file" | grep -qxF "$mark"; } 2>/dev/null; then
      echo "  left behind and ended: $process $(tr '\0' ' ' <"/proc/$process/cmdline" 2>/dev/null | cut -c 1-120)"
      kill -KILL "$process" 2>/dev/null || true
    fi
  done
}
# shellcheck disable=SC2329 # called by the trap
finish() {
  ((${#runners[@]} == 0)) || { kill "${runners[@]}" 2>/dev/null || true; end_leftovers; }
  rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Runs one preparing step; where it fails, shows its output and ends as one failed test would.
prepare() {
  local title=$1
  shift
  if "$@" </dev/null >"$scratch/log" 2>&1; then return; fi
  cat "$scratch/log"
  echo "FAILED $title"
  echo '0 passed, 1 failed'
  exit 1
}

prepare 'the prerequisites' "$root/deploy/prereqs.sh" --tests
cat "$scratch/log"
prepare 'the build' dotnet build "$root/Distributed.sln" -c Release -warnaserror --disable-build-servers -nodeReuse:false -clp:NoSummary -v quiet
echo 'build: no warnings'

passed=0 failed=0 skipped=0
# What the build does not warn of: white space, and the order of usings.
format() {
  local what=$1
  shift
  dotnet format "$what" "$root/Distributed.sln" "$@" --verify-no-changes --no-restore </dev/null >>"$scratch/log" 2>&1
}
: >"$scratch/log"
if format whitespace && format style --diagnostics IMPORTS; then
  echo 'format: no changes'
else
  cat "$scratch/log"
  echo "FAILED the formatting (run 'dotnet format')"
  failed=1
fi

# One line a result: outcome, name, message, tab-separated. XML is read element by element.
results() {
  awk -v RS='<' '
    function plain(text) {
      gsub(/&#x[dDaA];|[\r\n\t]+/, " ", text)
      gsub(/&lt;/, "<", text); gsub(/&gt;/, ">", text); gsub(/&quot;/, "\"", text); gsub(/&#39;|&apos;/, "\047", text)
      gsub(/&amp;/, "\\&", text)
      return text
    }
    function attribute(name) { return match($0, " " name "=\"[^\"]*\"") ? plain(substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4)) : "" }
    function flush() { if (outcome != "") print outcome "\t" test "\t" message; outcome = message = "" }
    /^UnitTestResult[ \n]/ { flush(); outcome = attribute("outcome"); test = attribute("testName") }
    /^Message>/ { if (message == "") message = plain(substr($0, 9)) }
    /^StackTrace>/ { if (outcome == "Failed") message = message "  " plain(substr($0, 12)) }
    /^\/Results>/ { flush() }
    END { flush() }' "$1"
}

# Runs a project's tests; leaves its exit status and how many seconds it took beside its results.
run_project() {
  local name=$1 status=0 started=$SECONDS
  trap 'kill "$!"' TERM
  env "$mark" dotnet test "$root/.artifacts/bin/$name/release_linux-x64/$name.dll" ${filter:+--filter "$filter"} --results-directory "$scratch" \
    --logger "trx;LogFileName=$name.trx" --blame-hang-timeout "$limit" --blame-hang-dump-type none </dev/null >"$scratch/$name.log" 2>&1 &
  wait "$!" || status=$?
  echo "$status $((SECONDS - started))" >"$scratch/$name.end"
}

count_project() {
  local name=$1 status=1 seconds='?' good=0 bad=0 omitted=0 outcome test message
  [[ ! -f $scratch/$name.end ]] || read -r status seconds <"$scratch/$name.end" || status=1
  while IFS=$'\t' read -r outcome test message; do
    case $outcome in
      Passed) good=$((good + 1)) ;;
      NotExecuted | NotRunnable | Inconclusive)
        omitted=$((omitted + 1))
        echo "  skipped $test: ${message:-no reason given}"
        ;;
      *)
        bad=$((bad + 1))
        echo "FAILED $test: ${message:-no message} (outcome $outcome)"
        ;;
    esac
  done < <([[ ! -f $scratch/$name.trx ]] || results "$scratch/$name.trx")
  if ((status != 0)) && { ((bad == 0)) || grep -q '^Test Run Aborted' "$scratch/$name.log"; }; then
    bad=$((bad + 1))
    head -c 4000 "$scratch/$name.log"
    echo
    echo "FAILED $name: the test host ended with status $status (the beginning of its output is above)"
  fi
  if ((good + bad + omitted == 0)) && ! $chosen; then
    bad=1
    echo "FAILED $name: it has no tests"
  fi
  echo "$name: $good passed, $bad failed, $omitted skipped ($seconds s)"
  passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + omitted))
}

# Waits for the projects that run, and counts what they found.
count_projects() {
  local name
  wait "${runners[@]}" || true
  for name in "${names[@]}"; do count_project "$name"; done
  end_leftovers
  runners=() names=()
}

# Two projects at a time, which wait for much; the one that starts processes of its own keeps all cores busy by itself.
for project in "$root"/tests/*.Tests/*.Tests.csproj; do
  name=$(basename "$project" .csproj)
  [[ $name != Distributed.EndToEnd.Tests ]] || continue
  run_project "$name" &
  runners+=($!) names+=("$name")
  ((${#names[@]} < 2)) || count_projects
done
((${#names[@]} == 0)) || count_projects
run_project Distributed.EndToEnd.Tests &
runners+=($!) names+=(Distributed.EndToEnd.Tests)
count_projects

if ((passed + failed + skipped == 0)); then
  failed=1
  echo "FAILED: no test fits the filter $filter"
fi
echo "$passed passed, $failed failed$( ((skipped == 0)) || echo ", $skipped skipped")"
((failed == 0))
