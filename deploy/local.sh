#!/usr/bin/env bash
# Installs what is missing, builds, and trains on this machine: deploy/local.sh [arguments of `trainer local`]
# Relative paths among the arguments count from the caller's directory.
set -euo pipefail

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
root=$(realpath "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/..")

"$root/deploy/prereqs.sh" >&2

log=$(mktemp)
if ! dotnet build "$root/src/Distributed.Cli" -c Release --disable-build-servers -nodeReuse:false \
  -clp:NoSummary -v quiet </dev/null >"$log" 2>&1; then
  cat "$log" >&2
  rm -f "$log"
  echo 'local.sh: the build failed (its output is above)' >&2
  exit 1
fi
rm -f "$log"

exec "$root/deploy/trainer" local "$@"
