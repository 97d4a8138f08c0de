#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Measure nvnic beside veth at this machine's own speed, in User Mode Linux 7.3.
#
# Usage: scripts/bench-native.sh [options]
#
#   --rounds N      rounds for each number of CPUs (default 7)
#   --boots N       guests that share these rounds (default 3)
#   --seconds S     length of a measurement (default 0.3)
#   --cpus LIST     numbers of CPUs (default 1,2)
#   --only LIST     parts of GROUP/KIND, with commas: nvgre,frames/veth
#
# Groups: nvgre (TCP over gretap with a key), tcp, frames (64-byte UDP, by the number of
# frames a doorbell), latency. All contenders of a group are measured in each round, one
# after the other; medians and quartiles, and ratios of what was measured in the same
# round, by CPU-seconds and by wall clock. The kernel for one CPU is built without SMP,
# which costs system calls in User Mode Linux that no hardware has. The first time two
# kernels are built. Leave the machine alone meanwhile: it says whether it was quiet.
#
# Results: build/bench-native/rows.json and chart.svg
#
# Examples:
#   scripts/bench-native.sh
#   scripts/bench-native.sh --only nvgre --cpus 1 --rounds 21
#
# Copyright (C) 2026 nvnic contributors
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

case ${1:-} in
-h|--help) usage 0 ;;
esac
cd "$NVNIC_TOP"
export NVNIC_OUT=$NVNIC_CACHE/bench-native
mkdir -p "$NVNIC_OUT"
scripts/deps.sh native
one=$(scripts/build-kernel.sh uml-bench)
several=$(scripts/build-kernel.sh uml)
scripts/bench_native.py --kernel-one "$one" --kernel "$several" "$@"
say "written: $NVNIC_OUT/rows.json and chart.svg"
