#!/usr/bin/env bash
# Makes the test rig: setup.sh [--arm64] [--kubernetes]
# Without an option: Debian packages and the node image (a minute), all that `npm test` asks for but the arm64 executable. For that and
# for `npm run build:all`, --arm64: qemu and a C library (400 MB). --kubernetes: also the Go programs of `npm run e2e` (kubelet,
# control plane, containerd: 10 minutes, once). What is there is not made again. The rig lies outside the checkout, in
# $BOOTWRIGHT_RIG_DIR or ~/.cache/bootwright/rig; keep that folder between CI runs and all steps take a second.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
export RIG=${BOOTWRIGHT_RIG_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/bootwright/rig}
mkdir -p "$RIG"
arm64='' kubernetes=''
for option; do
  case $option in
    --arm64) arm64=--arm64 ;;
    --kubernetes) kubernetes=yes ;;
    *) echo "usage: setup.sh [--arm64] [--kubernetes]" >&2; exit 64 ;;
  esac
done
"$here/install.sh" $arm64
exec 9>"$RIG/setup.lock"
flock 9 # two test runs may start at once
"$here/rootfs.sh"
[ -z "$kubernetes" ] || "$here/build.sh"
