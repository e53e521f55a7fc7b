#!/usr/bin/env bash
# Real etcd, kube-apiserver and kube-controller-manager on the host side of the veth. State in $RIG/cp. One a machine (ports 2379, 6443, 10257).
#   control-plane.sh up IP [PID]   kubeconfig of an admin at $RIG/cp/admin.conf; ready in about 4 s. Belongs to process PID: while that
#                                  runs, another `up` waits (3 min); when it is gone, the next `up` or clean.sh takes it down.
#   control-plane.sh down [PID]    only if it belongs to PID
#   control-plane.sh signer off|on   restarts KCM without or with the kubelet-serving signer ("approved, never issued")
# Bearer tokens go to a token review webhook at https://127.0.0.1:6444/ (certificate $RIG/cp/webhook.{crt,key}), as on EKS.
set -euo pipefail
: "${RIG:?}"
cp=$RIG/cp bin=$RIG/bin cmd=$1
start() { # start NAME command... : in the background, own session, logged
  local n=$1; shift
  setsid "$@" >>"$cp/$n.log" 2>&1 </dev/null &
  echo $! >"$cp/$n.pid"
}
alive() { case $(sed -n 's/^State:\t//p' "/proc/$1/status" 2>/dev/null) in '' | Z*) return 1 ;; esac } # a zombie is not
running() { [ -s "$cp/$1.pid" ] && alive "$(cat "$cp/$1.pid")"; }
taken() { running owner && [ "$(cat "$cp/owner.pid")" != "$1" ]; } # by another process than $1
stop() { # waits: an apiserver with watches open takes seconds to let go of its port
  local n p
  for n in "$@"; do
    running "$n" || continue
    p=$(cat "$cp/$n.pid"); rm "$cp/$n.pid"
    kill "$p" 2>/dev/null || continue
    for _ in $(seq 50); do alive "$p" || continue 2; sleep 0.1; done
    kill -9 "$p" 2>/dev/null || true
  done
}
down() { # thrown away, so not waited for: in order it takes 7 s
  local n
  for n in kcm apiserver etcd; do ! running "$n" || kill -9 "$(cat "$cp/$n.pid")"; done
  rm -rf "$cp"
}
key() { openssl ecparam -genkey -name prime256v1 -noout -out "$cp/$1.key"; }
cert() { # cert NAME CN O [SAN]
  key "$1"
  openssl req -new -key "$cp/$1.key" -subj "/O=$3/CN=$2" -out "$cp/$1.csr"
  openssl x509 -req -in "$cp/$1.csr" -CA "$cp/ca.crt" -CAkey "$cp/ca.key" -days 30 -out "$cp/$1.crt" \
    -extfile <(echo "extendedKeyUsage=serverAuth,clientAuth"; [ -z "${4:-}" ] || echo "subjectAltName=$4") 2>/dev/null
}
kubeconfig() { # kubeconfig NAME SERVER
  cat >"$cp/$1.conf" <<YAML
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "$2", certificate-authority: $cp/ca.crt}}]
users: [{name: u, user: {client-certificate: $cp/$1.crt, client-key: $cp/$1.key}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
current-context: c
YAML
}
kcm() {
  start kcm "$bin/kube-controller-manager" --kubeconfig="$cp/kcm.conf" --authentication-kubeconfig="$cp/kcm.conf" \
    --authorization-kubeconfig="$cp/kcm.conf" --bind-address=127.0.0.1 --leader-elect=false \
    --use-service-account-credentials --service-account-private-key-file="$cp/sa.key" --root-ca-file="$cp/ca.crt" "$@"
}
# Per signer, so that kubelet-serving can be left out. EKS has its own approver; here nobody approves unless a test does.
# Either these flags or --cluster-signing-cert-file/-key-file, never both.
signers() {
  local s
  for s in kube-apiserver-client kubelet-client legacy-unknown ${1:+kubelet-serving}; do
    echo "--cluster-signing-$s-cert-file=$cp/ca.crt" "--cluster-signing-$s-key-file=$cp/ca.key"
  done
}
case $cmd in
  up)
    ip=$2
    owner=${3:-$PPID}
    for _ in $(seq 900); do taken "$owner" || break; sleep 0.2; done
    ! taken "$owner" || { echo "process $(cat "$cp/owner.pid") has a control plane up" >&2; exit 75; }
    down
    mkdir -p "$cp"; cd "$cp"
    echo "$owner" >owner.pid
    key ca
    openssl req -x509 -new -key ca.key -out ca.crt -subj /CN=kubernetes -days 30
    key sa
    cert apiserver kube-apiserver x "IP:$ip,IP:127.0.0.1,IP:10.96.0.1,DNS:kubernetes"
    cert admin admin system:masters; kubeconfig admin "https://$ip:6443"
    cert kcm system:kube-controller-manager x; kubeconfig kcm "https://$ip:6443"
    cert webhook webhook x IP:127.0.0.1; kubeconfig webhook https://127.0.0.1:6444/
    start etcd "$bin/etcd" --data-dir="$cp/etcd" --listen-client-urls=http://127.0.0.1:2379 \
      --advertise-client-urls=http://127.0.0.1:2379 --listen-peer-urls=http://127.0.0.1:2380 --unsafe-no-fsync
    start apiserver "$bin/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 --advertise-address="$ip" \
      --service-cluster-ip-range=10.96.0.0/16 --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
      --authentication-token-webhook-config-file="$cp/webhook.conf" --authentication-token-webhook-version=v1 \
      --client-ca-file="$cp/ca.crt" --tls-cert-file="$cp/apiserver.crt" --tls-private-key-file="$cp/apiserver.key" \
      --service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$cp/sa.key" \
      --service-account-signing-key-file="$cp/sa.key" --kubelet-certificate-authority="$cp/ca.crt" \
      --kubelet-client-certificate="$cp/admin.crt" --kubelet-client-key="$cp/admin.key" \
      --kubelet-preferred-address-types=InternalIP
    for _ in $(seq 300); do
      "$bin/kubectl" --kubeconfig=admin.conf get --raw /readyz >/dev/null 2>&1 && break
      running apiserver || { tail -2 apiserver.log >&2; exit 1; }
      sleep 0.2
    done
    # shellcheck disable=SC2046
    kcm $(signers on)
    "$bin/kubectl" --kubeconfig=admin.conf get --raw /readyz >/dev/null ;;
  signer)
    stop kcm
    if [ "$2" = on ]; then f=$(signers on); else f=$(signers); fi
    # shellcheck disable=SC2086
    kcm $f ;;
  down) [ -z "${2:-}" ] || [ "$(cat "$cp/owner.pid" 2>/dev/null)" = "$2" ] || exit 0; down ;;
esac
