#!/usr/bin/env bash
# Installs the Debian packages that the system tests call, and of these only what is missing: install.sh [--arm64]. Root, Debian 12 or
# like it.
set -euo pipefail
declare -A package=(
  [mmdebstrap]=mmdebstrap [systemd-nspawn]=systemd-container [systemd-analyze]=systemd [ip]=iproute2 [strace]=strace
  [shellcheck]=shellcheck [openssl]=openssl [nsenter]=util-linux [flock]=util-linux [pgrep]=procps
  [zsh]=zsh [fish]=fish [man]=man-db [script]=bsdutils
  [linux.uml]=user-mode-linux [setpriv]=util-linux [mkfs.xfs]=xfsprogs
  [curl]=curl [jq]=jq [ldd]=libc-bin
)
missing=()
if [ "${1:-}" = --arm64 ]; then
  package+=([qemu-aarch64-static]=qemu-user-static [aarch64-linux-gnu-strip]=binutils-aarch64-linux-gnu)
  [ -e /usr/aarch64-linux-gnu/lib/libstdc++.so.6 ] || missing+=(libc6-arm64-cross libstdc++6-arm64-cross)
fi
for command in "${!package[@]}"; do
  command -v "$command" >/dev/null || missing+=("${package[$command]}")
done
[ ${#missing[@]} -gt 0 ] || exit 0
[ "$(id -u)" = 0 ] || { echo "missing: ${missing[*]}. Run as root, or: apt-get install ${missing[*]}" >&2; exit 77; }
command -v apt-get >/dev/null || { echo "missing: ${missing[*]}, and there is no apt-get to install them" >&2; exit 69; }
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
