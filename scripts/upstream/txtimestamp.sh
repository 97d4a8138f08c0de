#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# net/txtimestamp over our ports: net/txtimestamp.sh sends over lo only. Each
# kind of socket must get its SCHED, SND and (TCP) ACK time stamps, SND and ACK
# within a second. TAP.
#
# Copyright (C) 2026 nvnic contributors
program=$KSFT/net/txtimestamp
number=0

ip netns exec "$REMOTE_ARGS" socat TCP6-LISTEN:9000,fork,reuseaddr,ipv6only=0 /dev/null &
server=$!
trap 'kill $server' EXIT
for _ in {1..500}; do
	! ip netns exec "$REMOTE_ARGS" ss -ltn | grep -q ':9000 ' || break
	sleep 0.01
done

echo "1..30"
for v in 4 6; do
	remote=REMOTE_V$v
	for how in "" -C -n; do
		for socket in "" -u -r -R -P; do
			number=$((number + 1))
			# shellcheck disable=SC2086
			if out=$("$program" $how -v 0 -V 0 -t 1000000 -S 80000 $socket "-$v" "${!remote}" 2>&1) &&
			   grep -q ' SND: ' <<<"$out"; then
				result=ok
			else
				result="not ok"
			fi
			printf '%s\n' "$out" | sed 's/^/# /'
			echo "$result $number txtimestamp ipv$v ${socket:--tcp} $how"
		done
	done
done
