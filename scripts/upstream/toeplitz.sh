#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# net/toeplitz, called as toeplitz.sh would, but with a sender that does not
# start a program for each frame: under TCG nc makes too few for the second that
# toeplitz.sh waits. The frames come by the wire, not by loopback. TAP.
#
# Copyright (C) 2026 nvnic contributors
program=$KSFT/net/toeplitz
key=$(</proc/sys/net/core/netdev_rss_key)
number=0

# The CPU of each queue, as toeplitz.sh reads it.
cpus=$(grep -l "^$NETIF-TxRx-" /sys/kernel/irq/*/actions | sort -V | cut -d/ -f5 |
	while read -r irq; do cat "/proc/irq/$irq/smp_affinity_list"; done | paste -sd,)

send='
import itertools, socket, sys, time
first = True
while True:
    for to, kind in itertools.product(sys.argv[1:], (socket.SOCK_DGRAM, socket.SOCK_STREAM)):
        with socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET, kind) as s:
            s.setblocking(False)
            s.connect_ex((to, 8000))
            if kind == socket.SOCK_DGRAM:
                s.send(b"x")
    if first:
        print("begun", flush=True)
        first = False
    time.sleep(0.02)
'
exec 3< <(exec ip netns exec "$REMOTE_ARGS" python3 -c "$send" "$LOCAL_V4" "$LOCAL_V6")
sender=$!
trap 'kill $sender' EXIT
read -r _ <&3

# run NAME ARGS
run()
{
	local name=$1 result=ok
	shift

	number=$((number + 1))
	"$program" -d 8000 -i "$NETIF" -k "$key" -T 5000 -s -v "$@" 2>&1 | sed 's/^/# /'
	[ "${PIPESTATUS[0]}" -eq 0 ] || result="not ok"
	echo "$result $number toeplitz.$name"
}

echo "1..8"
for v in 4 6; do
	run "ipv${v}_udp" -u "-$v"
	run "ipv${v}_tcp" -t "-$v"
	run "ipv${v}_udp_rss" -u "-$v" -C "$cpus"
	run "ipv${v}_tcp_rss" -t "-$v" -C "$cpus"
done
