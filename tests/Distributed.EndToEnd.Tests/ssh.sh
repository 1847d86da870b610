#!/usr/bin/env bash
# Stands for ssh in tests: `ssh.sh MACHINE COMMAND` runs a command on a machine of a test network (network.sh), in a home of its own below
# the folder that MACHINES names.
set -euo pipefail
mkdir -p "$MACHINES/$1"
cd "$MACHINES/$1"
exec ip netns exec "$1" bash -c "$2"
