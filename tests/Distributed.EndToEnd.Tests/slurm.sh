#!/usr/bin/env bash
# Stands for Slurm's commands in tests, by the name that it is called by, on a test network: HOSTS_FILE has its machines' names as /etc/hosts does, and
# MACHINES the namespace of each (`name namespace` a line).
#
#   scontrol show hostnames LIST    the names of a list separated by commas
#   srun --nodelist=HOST --ntasks=N --output=FILE-%t.log … COMMAND    runs N tasks there; signals go to all of them
set -euo pipefail

case $(basename "$0") in
  scontrol)
    [[ "$1 $2" == 'show hostnames' ]] || { echo "scontrol: unexpected '$*'" >&2; exit 2; }
    tr , '\n' <<<"$3"
    ;;
  srun)
    host='' tasks=1 output=/dev/null
    while [[ ${1-} == --* ]]; do
      case $1 in
        --nodelist=*) host=${1#*=} ;;
        --ntasks=*) tasks=${1#*=} ;;
        --output=*) output=${1#*=} ;;
        --overlap | --nodes=1 | --kill-on-bad-exit=0) ;;
        *) echo "srun: unexpected option '$1'" >&2; exit 2 ;;
      esac
      shift
    done
    namespace=$(awk -v host="$host" '$1 == host { print $2 }' "$MACHINES")
    [[ -n $namespace ]] || { echo "srun: no host '$host' in this allocation" >&2; exit 1; }
    running=()
    trap 'kill -TERM "${running[@]}" 2>/dev/null || true' TERM INT
    for ((task = 0; task < tasks; task++)); do
      # shellcheck disable=SC2016 # what is quoted is for the other shell
      SLURM_PROCID=$task SLURMD_NODENAME=$host ip netns exec "$namespace" bash -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$HOSTS_FILE" "$@" \
        >"${output//%t/$task}" 2>&1 &
      running+=($!)
    done
    status=0
    for process in "${running[@]}"; do
      while wait "$process" && code=0 || code=$?; ((code > 128)) && kill -0 "$process" 2>/dev/null; do :; done
      ((code <= status)) || status=$code
    done
    exit "$status"
    ;;
  *) echo "slurm.sh: unexpected name '$0'" >&2; exit 2 ;;
esac
