#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# net/lib/csum, called as drivers/net/hw/csum.py would call it, were it not for
# the name cfg.remote_ifname, which its library does not have. The receiver waits
# longer (-L): one or two seconds is too short under TCG. TAP.
#
# Copyright (C) 2026 nvnic contributors
csum=$KSFT/net/lib/csum
# Used by name.
# shellcheck disable=SC2034
peer=(ip netns exec "$REMOTE_ARGS")
# shellcheck disable=SC2034
here=(env)
number=0

# run NAME RX-SIDE TX-SIDE RX-INTERFACE TX-INTERFACE ARGS
run()
{
	local name=$1 out rc
	local -n rx=$2 tx=$3
	shift 3
	local rx_if=$1 tx_if=$2
	shift 2

	out=$(mktemp)
	number=$((number + 1))
	"${rx[@]}" "$csum" -i "$rx_if" -n 100 "$@" -R >"$out" 2>&1 &
	# as wait_port_listen() does: the receiver's UDP socket, 34000 or 34001
	for _ in {1..50}; do
		! "${rx[@]}" grep -qs ':84D[01] ' /proc/net/udp /proc/net/udp6 || break
		sleep 0.05
	done
	"${tx[@]}" "$csum" -i "$tx_if" -n 100 "$@" -T >>"$out" 2>&1
	rc=$?
	wait $! || rc=1
	sed 's/^/# /' "$out"
	if [ "$rc" -eq 0 ]; then
		echo "ok $number csum.$name"
	else
		echo "not ok $number csum.$name"
	fi
	rm -f "$out"
}

echo "1..14"
for v in 4 6; do
	local_addr=LOCAL_V$v remote_addr=REMOTE_V$v
	recv=("-$v" -S "${!remote_addr}" -D "${!local_addr}" -L 5 -r 1)
	send=("-$v" -S "${!local_addr}" -D "${!remote_addr}" -L 5)

	run "ipv${v}_rx_tcp" here peer "$NETIF" "$PEERIF" "${recv[@]}" -t
	run "ipv${v}_rx_tcp_invalid" here peer "$NETIF" "$PEERIF" "${recv[@]}" -t -E
	run "ipv${v}_rx_udp" here peer "$NETIF" "$PEERIF" "${recv[@]}"
	run "ipv${v}_rx_udp_invalid" here peer "$NETIF" "$PEERIF" "${recv[@]}" -E
	run "ipv${v}_tx_udp_csum_offload" peer here "$PEERIF" "$NETIF" "${send[@]}" -r 1 -U
	run "ipv${v}_tx_udp_zero_checksum" peer here "$PEERIF" "$NETIF" "${send[@]}" -U -Z
	# Not in csum.py: checksum by offset alone, behind a header nobody knows.
	mac_here=$(cat "/sys/class/net/$NETIF/address")
	mac_peer=$("${peer[@]}" cat "/sys/class/net/$PEERIF/address")
	run "ipv${v}_tx_encap" peer here "$PEERIF" "$NETIF" "${send[@]}" -r 1 -t -e -P \
		-s "$mac_here" -d "$mac_peer"
done
