#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Run everything again in two kernels that watch: unit tests by KUnit, every
# selftest, and a stress of their own. Before that, bugs on purpose
# (tools/planted) show that a run in that kernel would fail.
#
# Usage: scripts/check-debug.sh [options] [kasan|lockdep]...
#
#   --seconds N     length of the stress (default 300)
#   --seed N        what the stress does (default: at random, and printed)
#   --only TESTS    these selftests, by file name, separated by commas;
#                   planted.py: the bugs on purpose
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
# shellcheck source=selftests/lib/tap.sh
. "$NVNIC_TOP/selftests/lib/tap.sh"

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

if [ -n "$only" ]; then
	IFS=, read -r -a tests <<<"$only"
else
	mapfile -t tests < <("$NVNIC_TOP/selftests/run.sh" -l)
	tests=(planted.py kunit.py "${tests[@]}" stress.py)
fi

# run_red NAME DIR: does that kernel fail a run when something is wrong?
run_red()
{
	local log=$logs/$1/red.tap status=0

	"$NVNIC_TOP/scripts/vm-run.sh" --timeout 600 --kernel "$2/vmlinux" --modules-dir none \
		--allow-splat --append kasan_multi_shot -- \
		env "NVNIC_KO=$2/nvnic.ko" "NVNIC_PLANTED_KO=$2/nvnic_planted.ko" \
		"$NVNIC_TOP/selftests/lib/red.sh" "$1" 2>&1 | tee "$log" || status=${PIPESTATUS[0]}
	tap_count "$log" "$status" >"$logs/$1/red"
}

# run_tests NAME DIR: the selftests in that kernel; KUnit is in one only.
run_tests()
{
	local env=() test list=()

	for test in "${tests[@]}"; do
		case $test in
		planted.py) ;;
		kunit.py) [ ! -e "$2/nvpe_kunit.ko" ] || list+=("$test") ;;
		*) list+=("$test") ;;
		esac
	done
	[ ${#list[@]} -gt 0 ] || { echo 0 0 0 >"$logs/$1/totals"; return 0; }
	env=("NVNIC_KO=$2/nvnic.ko" "NVNIC_CYCLES=$cycles" "NVNIC_STRESS_SECONDS=$seconds"
		"NVNIC_STRESS_SEED=$seed")
	[ ! -e "$2/nvpe_kunit.ko" ] || env+=("NVNIC_KUNIT_KO=$2/nvpe_kunit.ko")
	"$NVNIC_TOP/scripts/vm-run.sh" --timeout "$((10800 + seconds))" --kernel "$2/vmlinux" \
		--modules-dir none --out "$logs/$1" -- \
		env "${env[@]}" "$NVNIC_TOP/selftests/run.sh" --slow 3 --totals /out/totals "${list[@]}"
}

run_kernel()
{
	[[ " ${tests[*]} " != *" planted.py "* ]] || run_red "$@"
	run_tests "$@"
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
	local file p=0 f=0 s=0 a b c

	for file in "$logs/$1/red" "$logs/$1/totals"; do
		[ -s "$file" ] || continue
		read -r a b c <"$file"
		p=$((p + a)) f=$((f + b)) s=$((s + c))
	done
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
