#!/usr/bin/env bash
# /etc/eks/max-pods-calculator.sh, /etc/eks/get-ecr-uri.sh: hands over to bootwright under the name that this file has.
#
# A link to bootwright does the same, but for calls like `bash /etc/eks/max-pods-calculator.sh`, which take a script.

BOOTWRIGHT_BINARY="${BOOTWRIGHT_BINARY:-/usr/bin/bootwright}"
if [[ ! -x $BOOTWRIGHT_BINARY ]]; then
  echo "${0##*/}: $BOOTWRIGHT_BINARY is missing or not executable. Install bootwright there, or name it in BOOTWRIGHT_BINARY." >&2
  exit 1
fi
exec -a "${0##*/}" "$BOOTWRIGHT_BINARY" "$@"
