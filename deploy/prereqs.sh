#!/usr/bin/env bash
# Checks what this machine needs, brings what it lacks, and says in one line what it did.
#
#   deploy/prereqs.sh            what building and running need: the .NET 10 SDK and a libstdc++ (both checked only)
#   deploy/prereqs.sh --tests    also what the tests use, which is installed where missing: iproute2 for network namespaces; and tmux, shellcheck,
#                                docker-compose and systemd (for systemd-analyze), without which the tests that need them are skipped
#
# libtorch brings its own OpenMP library and asks for GLIBCXX_3.4.30, that is the C++ library of GCC 12 (Debian 12,
# Ubuntu 22.04). TorchSharp's native library names a newer version that it doesn't use; the build sees to that
# (Directory.Build.targets), so that no machine's C or C++ library has to be upgraded.
#
# Exit status: 0 the machine is ready, 2 something is missing that this script can't bring (one line says what).
set -euo pipefail

readonly symbol=GLIBCXX_3.4.30
readonly sdk_page=https://dotnet.microsoft.com/download/dotnet/10.0

fail() { echo "prereqs: $*" >&2; exit 2; }

want_tests=false
for argument in "$@"; do
  case $argument in
    --tests) want_tests=true ;;
    *) fail "unknown argument '$argument'; the only one known is --tests" ;;
  esac
done

# ldconfig and ip live in /sbin, which isn't on every user's path.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

system=$(uname -s)
if [[ -r /etc/os-release ]]; then
  # shellcheck source=/dev/null
  system=$(. /etc/os-release && echo "${PRETTY_NAME:-$NAME}")
fi

[[ $(uname -s) == Linux && $(uname -m) == x86_64 ]] ||
  fail "these scripts and the libtorch package are for Linux on x86-64, this is $(uname -s) on $(uname -m)"

command -v dotnet >/dev/null || fail "no dotnet on the PATH; get the .NET 10 SDK at $sdk_page"
# Asked from /, so that no global.json has a say.
sdks=$(cd /; DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 dotnet --list-sdks 2>/dev/null | cut -d ' ' -f 1 | paste -sd ' ') || true
[[ " $sdks" == *" 10."* ]] || fail "$(command -v dotnet) has no .NET 10 SDK (it has: ${sdks:-none}); get it at $sdk_page"

# The 64-bit C++ library which the loader takes.
library=$(ldconfig -p 2>/dev/null | awk '$1 == "libstdc++.so.6" && /x86-64/ { print $NF; exit }' || true)
[[ -n $library ]] || for folder in /usr/lib/x86_64-linux-gnu /usr/lib64 /usr/lib; do
  [[ ! -e $folder/libstdc++.so.6 ]] || { library=$folder/libstdc++.so.6; break; }
done
[[ -n $library ]] || fail "no 64-bit libstdc++.so.6 on this $system; install it (Debian and Ubuntu: apt-get install libstdc++6)"
grep -qaF "$symbol" "$library" ||
  fail "$library of $system lacks $symbol, which libtorch needs; Debian 12, Ubuntu 22.04, Fedora 36 or newer have it"

missing=()
if $want_tests; then
  command -v ip >/dev/null || missing+=(iproute2)
  command -v tmux >/dev/null || missing+=(tmux)
  command -v shellcheck >/dev/null || missing+=(shellcheck)
  command -v systemd-analyze >/dev/null || missing+=(systemd)
  command -v docker-compose >/dev/null || missing+=(docker-compose)
fi
if ((${#missing[@]} == 0)); then
  echo 'prereqs: nothing to do'
  exit 0
fi

# Tests are skipped without the others, but most of those between machines need this one.
needed=iproute2
unable() {
  [[ " ${missing[*]} " != *" $needed "* ]] || fail "missing: $needed (the command 'ip'), for the tests; $1"
  echo "prereqs: tests that need ${missing[*]} will be skipped; $1"
  exit 0
}

command -v apt-get >/dev/null || unable "install it with the package tool of $system"
as_root=()
if ((EUID != 0)); then
  as_root=(sudo)
  [[ -t 0 ]] || as_root=(sudo -n)
  { command -v sudo >/dev/null && "${as_root[@]}" true 2>/dev/null; } || unable "run 'apt-get install ${missing[*]}' as root"
fi

# Package lists of our own, so that the machine's stay as they are; apt downloads as a user of its own, who has to get in.
scratch=$(mktemp -d)
trap '"${as_root[@]}" rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
mkdir -p "$scratch/lists/partial" "$scratch/archives/partial"
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o "Dir::State::lists=$scratch/lists" \
    -o "Dir::Cache::archives=$scratch/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
    -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 "$@" >>"$scratch/log" 2>&1 </dev/null
}
bring() { apt install -y --no-install-recommends --no-remove --no-upgrade "$@"; }

apt update || { cat "$scratch/log" >&2; unable "apt-get couldn't read the lists of packages (its output is above)"; }
if ! bring "${missing[@]}"; then
  # One that can't be had must not keep the others away.
  for package in "${missing[@]}"; do bring "$package" || cat "$scratch/log" >&2; done
fi
brought=() left=()
for package in "${missing[@]}"; do
  version=$(dpkg-query -W -f '${db:Status-Abbrev}${Version}' "$package" 2>/dev/null || true)
  if [[ $version == ii* ]]; then brought+=("$package ${version:3}"); else left+=("$package"); fi
done
missing=("${left[@]}")
((${#brought[@]} == 0)) || printf 'prereqs: installed%s\n' "$(printf ' %s' "${brought[@]}")"
((${#missing[@]} == 0)) || unable "apt-get couldn't install it (its output is above)"
