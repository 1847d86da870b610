#!/usr/bin/env bash
# Networks for tests: machines made of network namespaces, joined by a bridge. Needs root and iproute2.
#
#   network.sh up NAME COUNT    makes namespaces NAME-1 … NAME-COUNT; prints a line `NAME-i ADDRESS` for each,
#                               and `host ADDRESS`: that of the outside, which reaches them and is reached by them
#   network.sh down NAME        removes all of them; does nothing where there are none. Ends no process.
#   network.sh can              exit status 0 when this machine lets us make them
#
# Machine i of network K has the address 10.77.K.i/24. K is free when the bridge dtK could be made (the kernel makes
# it for one caller only), so tests may do this at the same time. The bridge's alias remembers NAME; the outer end of
# machine i's cable is dtKvI, so `ip link set dtKvI down` cuts it off.
set -euo pipefail
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

fail() { echo "network.sh: $*" >&2; exit 2; }

check_name() {
  [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9-]{0,63}$ ]] || fail "expected a name of letters, digits and hyphens, got '$1'"
}

# Prints the bridges (none, one; more after interrupted attempts) that carry the name.
bridges() {
  local folder
  for folder in /sys/class/net/dt*; do
    [[ -e $folder/bridge && $(cat "$folder/ifalias" 2>/dev/null) == "distributed-test $1" ]] && echo "${folder##*/}"
  done
  return 0
}

down() {
  local name=$1 bridge port namespace
  for bridge in $(bridges "$name"); do
    for port in /sys/class/net/"$bridge"/brif/*; do
      [[ ! -e $port ]] || ip link delete "${port##*/}" 2>/dev/null || true
    done
    ip link delete "$bridge" 2>/dev/null || true
  done
  for namespace in /run/netns/"$name"-*; do
    if [[ ${namespace##*/} =~ ^"$name"-[0-9]+$ ]]; then ip netns delete "${namespace##*/}" 2>/dev/null || true; fi
  done
}

up() {
  local name=$1 count=$2 network=0 attempt start bridge machine cable i
  [[ -z $(bridges "$name") && ! -e /run/netns/$name-1 ]] || fail "network '$name' is there already; 'network.sh down $name' removes it"
  start=$(($(cksum <<<"$name" | cut -d ' ' -f 1) % 254))
  for ((attempt = 0; attempt < 254; attempt++)); do
    network=$(((start + attempt) % 254 + 1)) bridge=dt$network
    # Somebody else's network of these addresses is left alone.
    [[ -z $(ip -4 route show to root "10.77.$network.0/24") ]] || continue
    if ip link add "$bridge" type bridge forward_delay 0 stp_state 0 2>/dev/null; then break; fi
    network=0
  done
  ((network > 0)) || fail 'no bridge could be made: no right to (root is needed), or all 254 networks are in use'
  # Whatever goes wrong from here, nothing is left.
  unfinished=$name unnamed=$bridge
  trap '[[ -z $unnamed ]] || ip link delete "$unnamed" || true; [[ -z $unfinished ]] || down "$unfinished"' EXIT
  ip link set "$bridge" alias "distributed-test $name"
  unnamed=
  ip address add "10.77.$network.254/24" dev "$bridge"
  ip link set "$bridge" up
  for ((i = 1; i <= count; i++)); do
    machine=$name-$i cable=${bridge}v$i
    ip netns add "$machine"
    ip link add "$cable" type veth peer name eth0 netns "$machine"
    ip link set "$cable" master "$bridge" up
    ip -n "$machine" link set lo up
    ip -n "$machine" address add "10.77.$network.$i/24" dev eth0
    ip -n "$machine" link set eth0 up
    echo "$machine 10.77.$network.$i"
  done
  unfinished=
  echo "host 10.77.$network.254"
}

can() {
  local name=can-$$
  command -v ip >/dev/null || return 1
  # A process of its own, since `set -e` doesn't hold for what stands in a condition.
  "$BASH" "${BASH_SOURCE[0]}" up "$name" 1 >/dev/null 2>&1 || return 1
  ip netns exec "$name-1" true 2>/dev/null || { down "$name"; return 1; }
  down "$name"
}

case ${1-}/$# in
  up/3)
    check_name "$2"
    [[ $3 =~ ^[1-9][0-9]{0,2}$ && $3 -le 253 ]] || fail "expected a count of 1 to 253, got '$3'"
    up "$2" "$3"
    ;;
  down/2) check_name "$2"; down "$2" ;;
  can/1) can ;;
  *) fail 'usage: network.sh up NAME COUNT | down NAME | can' ;;
esac
