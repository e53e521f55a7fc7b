#!/usr/bin/env bash
# Base node image: Debian 12 has systemd 252 and cloud-init 22.4, next to AL2023's systemd 252 and cloud-init 22.2.
# usage: RIG=dir rootfs.sh      makes $RIG/rootfs (skips if it is there, with all programs). 35 s of CPU, 440 MB, root.
set -euo pipefail
: "${RIG:?}"
[ -e "$RIG/rootfs/etc/os-release" ] && [ -e "$RIG/rootfs/sbin/mdadm" ] && exit 0
rm -rf "$RIG/rootfs.tmp"
# The host's own source list where there is one, so that -updates and -security come too (debootstrap alone breaks on python3-cryptography).
sources=/etc/apt/sources.list.d/debian.sources
[ -e "$sources" ] || sources=
# shellcheck disable=SC2016
mmdebstrap --quiet --variant=minbase \
  --include=systemd,systemd-sysv,dbus,iproute2,ca-certificates,procps,cloud-init,containerd,runc,conntrack,iptables,ethtool,kmod,udev,mdadm,xfsprogs \
  --customize-hook='rm -f "$1"/etc/machine-id; : > "$1"/etc/machine-id' \
  --customize-hook='chroot "$1" systemctl disable -q containerd.service' \
  --customize-hook='chroot "$1" systemctl mask -q systemd-udevd.service systemd-udev-trigger.service' \
  bookworm "$RIG/rootfs.tmp" ${sources:+"$sources"}
rm -rf "$RIG/rootfs"
mv "$RIG/rootfs.tmp" "$RIG/rootfs"
