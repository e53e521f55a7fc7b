#!/usr/bin/env bash
# Clears away what a killed test run left behind: nodes (bw-PID-K) and a control plane whose test process is gone. usage: RIG=dir clean.sh
set -euo pipefail
: "${RIG:?}"
here=$(dirname "$(realpath "$0")")
left() { # left NAME: made by a process that no longer runs
  local pid=${1#bw-}
  pid=${pid%-*}
  [[ $1 == bw-*-* && $pid =~ ^[0-9]+$ ]] && ! kill -0 "$pid" 2>/dev/null
}
if [ -s "$RIG/cp/owner.pid" ] && ! kill -0 "$(cat "$RIG/cp/owner.pid")" 2>/dev/null; then "$here/control-plane.sh" down; fi
for dir in "$RIG"/run/*/; do
  name=$(basename "$dir")
  if left "$name"; then "$here/nspawn.sh" stop "$name"; fi
done
for net in /run/netns/*; do
  name=$(basename "$net")
  if left "$name"; then
    ip netns pids "$name" | xargs -r kill -9 2>/dev/null || true
    "$here/netns.sh" down "$name"
  fi
done
