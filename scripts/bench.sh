#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Measure NVGRE over nvnic beside other virtual NICs, in one run of the VM.
#
# Usage: scripts/bench.sh [--seconds N] [--repeat N]
#
#   --seconds N   length of a measurement (default 5)
#   --repeat N    measurements of each kind, interleaved (default 5)
#
# The same iperf3 runs through the same gretap (key 5000 << 8) over: nvnic with
# LSO on and off; a veth pair as it comes, and with its transmit offloads off,
# so that the kernel segments; two virtio-net NICs on a QEMU hub. Then small frames,
# beside veth: frames and interrupts a second, and latency (scripts/bench_pps.py); VM
# queues: a TCP stream beside a flood, and the cost of filters (scripts/bench_vmq.py).
# Results: build/bench/bench.json, bench.svg, bench_pps.json and bench_vmq.json
#
# Example: scripts/bench.sh --repeat 9
#
# Copyright (C) 2026 nvnic contributors
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

case ${1:-} in
-h|--help) usage 0 ;;
esac
cd "$NVNIC_TOP"
scripts/deps.sh bench
build_module
say "starting the VM (it takes some seconds); leave the machine idle meanwhile"
rc=0
scripts/vm-run.sh --timeout 3600 --hub-pair --out "$NVNIC_CACHE/bench" -- \
	sh -c 'scripts/bench_guest.py "$@" && rmmod nvnic && scripts/bench_pps.py && rmmod nvnic &&
		scripts/bench_vmq.py' bench "$@" || rc=$?
[ "$rc" -eq 0 ] || die "the benchmark failed (exit status $rc): see above, and the logs in $NVNIC_CACHE/vm/last"
say "written: $NVNIC_CACHE/bench/bench.json, bench.svg, bench_pps.json and bench_vmq.json"
