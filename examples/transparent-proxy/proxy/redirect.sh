#!/bin/sh
# redirect.sh PORT UID: all TCP that enters or leaves the pod goes to the proxy on PORT, but for what the proxy itself (UID) sends.
# Rules are appended and nothing is flushed: on some engines the pod's DNS has rules of its own in the same table.
set -eu
port=$1 uid=$2
add() { iptables -w -t nat "$@"; }
add -N MESH
add -A MESH -p tcp -j REDIRECT --to-ports "$port"
add -A PREROUTING -p tcp -j MESH
# the pod's own: the proxy's traffic passes (else it would meet itself), localhost stays localhost
add -A OUTPUT -p tcp -m owner --uid-owner "$uid" -j RETURN
add -A OUTPUT -p tcp -d 127.0.0.0/8 -j RETURN
add -A OUTPUT -p tcp -j MESH
iptables -t nat -S MESH
