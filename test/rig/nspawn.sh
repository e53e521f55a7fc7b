#!/usr/bin/env bash
# Boots a throw-away copy of $RIG/rootfs with systemd as PID 1. State in $RIG/run/NAME.
#   nspawn.sh prepare NAME   only mounts the root, so that files can be put in before `boot`
#   nspawn.sh root NAME      prints the root's path
#   nspawn.sh boot NAME [NETNS] [-- extra systemd-nspawn options]   returns when systemd has reached its default target
#   nspawn.sh exec NAME COMMAND...
#   nspawn.sh off NAME       an orderly shutdown; what was written stays: `boot` again is the reboot
#   nspawn.sh leader NAME    prints the process id of its PID 1: kill -9 it to pull the plug at once
#   nspawn.sh crash NAME     pulls the plug; what was written stays
#   nspawn.sh stop NAME      pulls the plug and forgets everything
set -euo pipefail
: "${RIG:?}"
cmd=$1 name=$2; shift 2
run=$RIG/run/$name root=$RIG/run/$name/root
leader() { pgrep -P "$(cat "$run/pid")" | head -1; }
prepare() {
  mountpoint -q "$root" && return
  mkdir -p "$root" "$run/rw" "$run/containerd"
  mount -t tmpfs -o size=2g bw-rig "$run/rw"
  mkdir "$run/rw/up" "$run/rw/work"
  mount -t overlay -o "lowerdir=$RIG/rootfs,upperdir=$run/rw/up,workdir=$run/rw/work" bw-rig "$root"
  : >"$root/etc/resolv.conf" # no DNS in the namespace: an empty file fails at once; a dead server costs kubelet and cloud-init 20-30 s
  cp "$(dirname "$(realpath "$0")")/rig-init" "$root/sbin/rig-init"
}
gone() { # gone PID: waits up to 10 s. A zombie counts: the machine's own PID 1 may be slow to reap.
  for _ in $(seq 200); do
    case $(sed -n 's/^State:\t//p' "/proc/$1/status" 2>/dev/null) in '' | Z*) return 0 ;; esac
    sleep 0.05
  done
  return 1
}
case $cmd in
  prepare) prepare ;;
  root) echo "$root" ;;
  leader) leader ;;
  boot)
    prepare
    rm -f "$run/pid"
    net=(); if [ "${1:---}" != -- ]; then net=(--network-namespace-path="/run/netns/$1"); shift; fi
    [ "${1:-}" = -- ] && shift
    # cgroup v2: a private mount namespace with cgroup2 at /sys/fs/cgroup, whatever the host has there (v1 or hybrid).
    # One cgroup per container: nspawn calls its own "payload", so two containers started in one cgroup kill each other's units.
    # overlayfs cannot stack on overlayfs, and the kubelet cannot measure a tmpfs: containerd's state lies on the host's disk.
    # shellcheck disable=SC2016
    setsid unshare --mount --propagation private bash -c '
      umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup
      mkdir -p "/sys/fs/cgroup/bw-$1"; echo $$ >"/sys/fs/cgroup/bw-$1/cgroup.procs"
      shift; echo $$ >"$0"; exec "$@"' "$run/pid" "$name" \
      systemd-nspawn -q -D "$root" -M "$name" --register=no --keep-unit --console=pipe --capability=all --resolv-conf=off \
        --bind="$run/containerd:/var/lib/containerd" --bind=/dev/kmsg \
        "${net[@]}" --kill-signal=SIGRTMIN+3 "$@" /sbin/rig-init >>"$run/console.log" 2>&1 </dev/null &
    for _ in $(seq 300); do
      sleep 0.1
      [ -s "$run/pid" ] && pid=$(leader) && state=$(nsenter -t "$pid" -a -r -w systemctl is-system-running 2>/dev/null || true)
      case ${state:-} in running | degraded) echo "$state"; exit 0 ;; esac
    done
    echo "not up after 30 s: ${state:-no leader}; see $run/console.log" >&2; exit 1 ;;
  exec) exec nsenter -t "$(leader)" -a -r -w "$@" ;;
  off)
    pid=$(leader)
    kill -s RTMIN+4 "$pid" # systemd: poweroff
    gone "$pid" || { echo "still running after 10 s: $name" >&2; exit 1; }
    gone "$(cat "$run/pid")" ;;
  crash) # its PID 1, not nspawn: without nspawn the container lives on
    kill -9 "$(leader)" 2>/dev/null || true
    gone "$(cat "$run/pid")" ;;
  stop)
    if pid=$(leader 2>/dev/null) && [ -n "$pid" ]; then
      kill -9 "$pid" 2>/dev/null || true
      gone "$(cat "$run/pid")" || true
    fi
    [ ! -s "$run/uml" ] || kill -9 -- "-$(cat "$run/uml")" 2>/dev/null || true # the machine of uml.ts, all of its processes
    umount -l -R "$root" 2>/dev/null || true
    umount -l "$run/rw" 2>/dev/null || true
    rm -rf --one-file-system "$run"
    cgroup=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
    [ -z "$cgroup" ] || find "$cgroup/bw-$name" -depth -type d -exec rmdir {} + 2>/dev/null || true ;;
esac
