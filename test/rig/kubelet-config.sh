#!/usr/bin/env bash
# Prints the configuration that the real kubelet makes of its files and flags, as JSON with the names of its Go types:
#   RIG=dir kubelet-config.sh FILE DROP-IN-DIR [FLAG ...]
# At --v=5 the kubelet logs it when it has merged and validated it, before it does anything; then its runtime is missing and it ends.
# Needs root for the private cgroup v2 mount: 1.35+ rejects cgroup v1.
set -euo pipefail
: "${RIG:?}"
file=$1 dir=$2; shift 2
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
unshare --mount --propagation private sh -c 'umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec "$@"' - \
  timeout 20 "$RIG/bin/kubelet" --config "$file" --config-dir "$dir" --root-dir "$tmp" --cert-dir "$tmp/pki" "$@" \
  --container-runtime-endpoint=unix:///nonexistent.sock --v=5 >"$tmp/out" 2>&1 || true
sed -n '/"KubeletConfiguration" configuration=</,/^ >/p' "$tmp/out" | sed '1d;$d' | grep . || { tail -3 "$tmp/out" >&2; exit 1; }
