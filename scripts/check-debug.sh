#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Run everything again in two kernels that watch: unit tests by KUnit, every
# selftest, and a stress of their own.
#
# Usage: scripts/check-debug.sh [options] [kasan|lockdep]...
#
#   --seconds N     length of the stress (default 300)
#   --seed N        what the stress does (default: at random, and printed)
#   --only TESTS    these selftests, by file name, separated by commas
#
# kasan watches memory, DMA mappings and undefined behaviour, lockdep locks, RCU,
# sleeping, leaks, and lets allocations fail. Both are built if they are not there
# (scripts/build-kernel.sh) and boot at the same time, in a VM each. The last line
# is "N passed, N failed, N skipped". Logs: build/check-debug/KERNEL/
#
# Example: scripts/check-debug.sh --seed 7 --seconds 60 --only stress.py lockdep
#
# Copyright (C) 2026 nvnic contributors
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

seconds=300 seed=$((RANDOM << 15 | RANDOM)) only='' kernels=()
while [ $# -gt 0 ]; do
	case $1 in
	-h|--help) usage 0 ;;
	--seconds|--seed|--only) [ $# -ge 2 ] || die "$1 needs a value: see --help" ;;&
	--seconds) seconds=$2; shift ;;
	--seed) seed=$2; shift ;;
	--only) only=$2; shift ;;
	kasan|lockdep) kernels+=("$1") ;;
	*) die "no kernel or option '$1': see --help" ;;
	esac
	shift
done
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "--seconds takes whole seconds, not '$seconds'"
[[ $seed =~ ^[0-9]+$ ]] || die "--seed takes a number, not '$seed'"
[ ${#kernels[@]} -gt 0 ] || kernels=(kasan lockdep)

# The 200 cycles are for make check: in these kernels each finds what it finds in
# its first rounds.
cycles=${NVNIC_CYCLES:-20}
logs=$NVNIC_CACHE/check-debug

# run_kernel NAME DIR: everything in that kernel.
run_kernel()
{
	local out=$logs/$1 ko=$2/nvnic.ko tests=() env=()

	env=("NVNIC_KO=$ko" "NVNIC_CYCLES=$cycles" "NVNIC_STRESS_SECONDS=$seconds"
		"NVNIC_STRESS_SEED=$seed")
	[ ! -e "$2/nvpe_kunit.ko" ] || env+=("NVNIC_KUNIT_KO=$2/nvpe_kunit.ko")
	if [ -n "$only" ]; then
		IFS=, read -r -a tests <<<"$only"
		[ -e "$2/nvpe_kunit.ko" ] || mapfile -t tests < <(printf '%s\n' "${tests[@]}" | grep -vx kunit.py)
	else
		[ ! -e "$2/nvpe_kunit.ko" ] || tests=(kunit.py)
		mapfile -t -O ${#tests[@]} tests < <("$NVNIC_TOP/selftests/run.sh" -l)
		tests+=(stress.py)
	fi
	"$NVNIC_TOP/scripts/vm-run.sh" --timeout "$((3600 + seconds))" --kernel "$2/vmlinux" \
		--modules-dir none --out "$out" -- \
		env "${env[@]}" "$NVNIC_TOP/selftests/run.sh" --slow 3 --totals /out/totals "${tests[@]}"
}

# What of the output is news: all of it is in the log.
news()
{
	grep --line-buffered -v -E '^ *ok |^ *1\.\.|KTAP version|^$' | sed -u "s/^/$1: /"
}

declare -i passed=0 failed=0 skipped=0

# count NAME STATUS: add up what a kernel's run gave.
count()
{
	local p=0 f=0 s=0

	if [ -s "$logs/$1/totals" ]; then
		read -r p f s <"$logs/$1/totals"
	fi
	if [ "$2" -gt 1 ] || { [ "$2" -ne 0 ] && [ "$f" -eq 0 ]; } || [ "$p$f$s" = 000 ]; then
		echo "not ok - $1: the VM ended with status $2 (124: time limit, 125: it died, 126: kernel warning)"
		f=$((f + 1))
	fi
	passed+=$p failed+=$f skipped+=$s
	echo "# $1: $p passed, $f failed, $s skipped; stress: $seconds s, seed $seed"
}

"$NVNIC_TOP/scripts/deps.sh" debug
rm -rf "$logs"
declare -A dirs=() pids=()
for kernel in "${kernels[@]}"; do
	mkdir -p "$logs/$kernel"
	dirs[$kernel]=$("$NVNIC_TOP/scripts/build-kernel.sh" "$kernel") || dirs[$kernel]=''
done
say "${kernels[*]}: boot; stress of $seconds s, seed $seed"
for kernel in "${kernels[@]}"; do
	if [ -n "${dirs[$kernel]}" ]; then
		{ run_kernel "$kernel" "${dirs[$kernel]}" 2>&1 | tee "$logs/$kernel/log" |
			news "$kernel" || exit "${PIPESTATUS[0]}"; } </dev/null &
		pids[$kernel]=$!
	fi
done
for kernel in "${kernels[@]}"; do
	if [ -z "${pids[$kernel]:-}" ]; then
		echo "not ok - $kernel: it does not build"
		failed+=1
		continue
	fi
	status=0
	wait "${pids[$kernel]}" || status=$?
	count "$kernel" "$status"
done
echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
