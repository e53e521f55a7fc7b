#!/usr/bin/env bash
# /etc/eks/bootstrap.sh: hands over to bootwright, which does the work under the name bootstrap.sh.
#
# This is a real script, because user data runs it as `bash /etc/eks/bootstrap.sh` and edits it with sed before that.
# Four lines are there to be found by such edits and stay as they are: `set -o errexit` (a `source …` is put after it),
# the assignment of the flag's value in the loop, and the two assignments at the start of a line after the loop.
# Works with bash 4.2 (an empty array is unset there under nounset).

set -o pipefail
set -o nounset
set -o errexit

ARGUMENTS=()
EXTRA_ARGS_GIVEN=false

while [[ $# -gt 0 ]]; do
  case "$1" in
    --kubelet-extra-args=*)
      # The form with an equals sign goes the same way, so that an edited assignment counts for it too.
      set -- --kubelet-extra-args "${1#*=}" "${@:2}"
      ;;
    --kubelet-extra-args)
      if [[ $# -eq 1 ]]; then
        # No value: bootwright says so.
        ARGUMENTS+=("$1")
        shift
      else
        KUBELET_EXTRA_ARGS=$2
        EXTRA_ARGS_GIVEN=true
        shift 2
      fi
      ;;
    *)
      ARGUMENTS+=("$1")
      shift
      ;;
  esac
done

KUBELET_EXTRA_ARGS="${KUBELET_EXTRA_ARGS:-}"
USE_MAX_PODS="${USE_MAX_PODS:-true}"

# What a sourced file set without `export` counts as well.
export APISERVER_ENDPOINT B64_CLUSTER_CA API_RETRY_ATTEMPTS CLUSTER_ID CONTAINER_RUNTIME CONTAINERD_CONFIG_FILE DNS_CLUSTER_IP \
  DOCKER_CONFIG_JSON ENABLE_DOCKER_BRIDGE ENABLE_LOCAL_OUTPOST IP_FAMILY KUBELET_EXTRA_ARGS LOCAL_DISKS MOUNT_BPF_FS \
  PAUSE_CONTAINER_ACCOUNT PAUSE_CONTAINER_IMAGE PAUSE_CONTAINER_VERSION SERVICE_IPV4_CIDR SERVICE_IPV6_CIDR USE_MAX_PODS \
  BOOTWRIGHT_CREDENTIAL_PLUGIN BOOTWRIGHT_NODE_NAME BOOTWRIGHT_RESERVE_FOR BOOTWRIGHT_ROOT BOOTWRIGHT_VERIFY

BOOTWRIGHT_BINARY="${BOOTWRIGHT_BINARY:-/usr/bin/bootwright}"
if [[ ! -x $BOOTWRIGHT_BINARY ]]; then
  echo "$(date '+%Y-%m-%dT%H:%M:%S%z') [eks-bootstrap] ERROR: $BOOTWRIGHT_BINARY is missing or not executable. Install bootwright there, or name it in BOOTWRIGHT_BINARY." >&2
  exit 1
fi

if [[ $EXTRA_ARGS_GIVEN == true ]]; then
  # First, not last: a flag without value at the end must stay the end.
  set -- --kubelet-extra-args "$KUBELET_EXTRA_ARGS"
fi
exec -a bootstrap.sh "$BOOTWRIGHT_BINARY" "$@" ${ARGUMENTS[@]+"${ARGUMENTS[@]}"}
