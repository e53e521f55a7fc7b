#!/usr/bin/env bash
# A node's network: a namespace with a veth to the host, where stand-ins of AWS and the control plane listen.
# usage: netns.sh up NAME N | down NAME       host is 10.99.N.1, node is 10.99.N.2. `up` fails when N is taken: try the next one.
# What the node sends to IMDS, 169.254.169.254:80, arrives at port 8169 of the host's side: so the stand-in can live in the test's own process.
set -euo pipefail
cmd=$1 name=$2 n=${3:-0}
case $cmd in
  up)
    : "${RIG:?}"
    ip netns add "$name"
    trap 'ip netns del "$name"' ERR
    # 02:29:… is the MAC that test/fakes/example.ts gives to the primary interface.
    ip link add "bw$n" type veth peer name eth0 address 02:29:15:c0:c3:d1 netns "$name" # the kernel's refusal of a second bw$n is the lock on N
    ip addr add "10.99.$n.1/24" dev "bw$n"
    ip link set "bw$n" up
    ip -n "$name" link set lo up
    ip -n "$name" addr add "10.99.$n.2/24" dev eth0
    ip -n "$name" link set eth0 up
    ip -n "$name" route add default via "10.99.$n.1"   # the kubelet wants a default route to choose its address
    ip netns exec "$name" chroot "$RIG/rootfs" iptables -t nat -A OUTPUT -d 169.254.169.254 -p tcp --dport 80 \
      -j DNAT --to-destination "10.99.$n.1:8169"
    ;;
  down) ip netns del "$name" ;;   # deletes the veth pair with it
esac
