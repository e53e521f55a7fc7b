#!/usr/bin/env bash
# Makes the test rig: setup.sh [--kubernetes]
# Without the option: Debian packages and the node image (a minute), all that `npm test` asks for. With it also the Go programs of
# `npm run e2e` (kubelet, control plane, containerd: 10 minutes, once). What is there is not made again. The rig lies outside the
# checkout, in $BOOTWRIGHT_RIG_DIR or ~/.cache/bootwright/rig; keep that folder between CI runs and both steps take a second.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
export RIG=${BOOTWRIGHT_RIG_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/bootwright/rig}
mkdir -p "$RIG"
"$here/install.sh"
exec 9>"$RIG/setup.lock"
flock 9 # two test runs may start at once
"$here/rootfs.sh"
[ "${1:-}" != --kubernetes ] || "$here/build.sh"
