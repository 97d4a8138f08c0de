#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Run everything again in kernels that watch: unit tests by KUnit, every selftest,
# and a stress of their own. Before that, bugs on purpose (tools/planted) show that
# a run in that kernel would fail.
#
# Usage: scripts/check-debug.sh [options] [KERNEL]...
#
#   KERNEL          uml-lockdep (Linux 7.3, natively, one CPU), kasan, lockdep (6.12
#                   under QEMU, two CPUs), kasan-7.3 (7.3 there); default: all of them
#   --seconds N     length of the stress (default 300)
#   --seed N        what the stress does (default: at random, and printed)
#   --only TESTS    these selftests, by file name, separated by commas;
#                   planted.py: the bugs on purpose
#
# kasan and kasan-7.3 watch memory, DMA mappings and undefined behaviour, both others
# locks, RCU and sleeping, and let allocations fail; lockdep and kasan-7.3 watch for
# leaks, uml-lockdep watches DMA mappings. They are built if they are not there (scripts/build-kernel.sh) and boot
# two at a time, in a guest each. A guest that hangs is ended and its stacks are
# shown. The last line is "N passed, N failed, N skipped". Logs:
# build/check-debug/KERNEL/
#
# Example: scripts/check-debug.sh --seed 7 --seconds 60 --only stress.py lockdep
#
# Copyright (C) 2026 nvnic contributors
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/lib/tap.sh
. "$NVNIC_TOP/selftests/lib/tap.sh"

# What runs a kernel
declare -A runners=([uml-lockdep]=uml-run.sh [kasan]=vm-run.sh [lockdep]=vm-run.sh
	[kasan-7.3]=vm-run.sh)
seconds=300 seed=$((RANDOM << 15 | RANDOM)) only='' kernels=()
while [ $# -gt 0 ]; do
	case $1 in
	-h|--help) usage 0 ;;
	--seconds|--seed|--only) [ $# -ge 2 ] || die "$1 needs a value: see --help" ;;&
	--seconds) seconds=$2; shift ;;
	--seed) seed=$2; shift ;;
	--only) only=$2; shift ;;
	*)
		[ -n "${runners[$1]:-}" ] || die "no kernel or option '$1': see --help"
		kernels+=("$1")
		;;
	esac
	shift
done
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "--seconds takes whole seconds, not '$seconds'"
[[ $seed =~ ^[0-9]+$ ]] || die "--seed takes a number, not '$seed'"
[ ${#kernels[@]} -gt 0 ] || kernels=(uml-lockdep kasan lockdep kasan-7.3)

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

# guest NAME DIR OPTION...
guest()
{
	local only_there=(--cpus 1)

	[ "${runners[$1]}" = uml-run.sh ] || only_there=(--modules-dir none)
	"$NVNIC_TOP/scripts/${runners[$1]}" --kernel "$2/vmlinux" "${only_there[@]}" "${@:3}"
}

# A task that has waited for two minutes holds what all the others want. Stacks are
# of level 6.
watchful="hung_task_panic=1 softlockup_panic=1 loglevel=7"

# run_red NAME DIR: does that kernel fail a run when something is wrong?
run_red()
{
	local log=$logs/$1/red.tap status=0

	guest "$@" --timeout 600 --allow-splat --append "kasan_multi_shot" -- \
		env "NVNIC_KO=$2/nvnic.ko" "NVNIC_PLANTED_KO=$2/nvnic_planted.ko" \
		"$NVNIC_TOP/selftests/lib/red.sh" "$1" 2>&1 | tee "$log" || status=${PIPESTATUS[0]}
	tap_count "$log" "$status" >"$logs/$1/red"
}

# run_dead NAME DIR: is a guest ended that does nothing any more, and its stack shown?
run_dead()
{
	local log=$logs/$1/dead.log status=0 what="a guest that hangs is ended and its stack shown"

	# With two CPUs the NMI may find the one that has nothing to do.
	guest "$@" --cpus 1 --timeout 10 --append loglevel=7 -- \
		insmod "$2/nvnic_planted.ko" bug=spin >"$log" 2>&1 || status=$?
	if [[ $status =~ ^12[45]$ ]] && grep -q planted_spin "$log"; then
		echo 1 0 0 >"$logs/$1/dead"
		echo "ok 1 - $what"
	else
		echo 0 1 0 >"$logs/$1/dead"
		echo "not ok 1 - $what"
		sed 's/^/# /' "$log"
	fi
}

# run_tests NAME DIR: the selftests in that kernel; KUnit is not in all. Where
# allocations fail on request, DMA debugging would give up by its own: it is there for
# the bugs on purpose.
run_tests()
{
	local env=() test list=() words=$watchful

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
	[ "$1" != uml-lockdep ] || words+=" dma_debug=off"
	guest "$@" --timeout "$((10800 + seconds))" --out "$logs/$1" --append "$words" -- \
		env "${env[@]}" "$NVNIC_TOP/selftests/run.sh" --slow 3 --totals /out/totals "${list[@]}"
}

run_kernel()
{
	if [[ " ${tests[*]} " == *" planted.py "* ]]; then
		run_red "$@"
		run_dead "$@"
	fi
	run_tests "$@"
}

# What of the output is news: all of it is in the log.
news()
{
	grep --line-buffered -v -E '^ *ok |^ *1\.\.|KTAP version|^$' | sed -u "s/^/$1: /"
}

# logged NAME DIR: run it; its status is what stands in the file.
logged()
{
	local status=0

	run_kernel "$@" 2>&1 | tee "$logs/$1/log" | news "$1" || status=${PIPESTATUS[0]}
	echo "$status" >"$logs/$1/status"
}

declare -i passed=0 failed=0 skipped=0 guests=0

# count NAME STATUS: add up what a kernel's run gave.
count()
{
	local file p=0 f=0 s=0 a b c

	for file in "$logs/$1"/{red,dead,totals}; do
		[ -s "$file" ] || continue
		read -r a b c <"$file"
		p=$((p + a)) f=$((f + b)) s=$((s + c))
	done
	if [ "$2" -gt 1 ] || { [ "$2" -ne 0 ] && [ "$f" -eq 0 ]; } || [ "$p$f$s" = 000 ]; then
		echo "not ok - $1: the guest ended with status $2 (124: time limit, 125: it died, 126: kernel warning)"
		f=$((f + 1))
	fi
	passed+=$p failed+=$f skipped+=$s
	echo "# $1: $p passed, $f failed, $s skipped; stress: $seconds s, seed $seed"
}

"$NVNIC_TOP/scripts/deps.sh" debug
rm -rf "$logs"
declare -A dirs=()
for kernel in "${kernels[@]}"; do
	mkdir -p "$logs/$kernel"
	dirs[$kernel]=$("$NVNIC_TOP/scripts/build-kernel.sh" "$kernel") || dirs[$kernel]=''
done
say "${kernels[*]}: boot; stress of $seconds s, seed $seed"
for kernel in "${kernels[@]}"; do
	[ -n "${dirs[$kernel]}" ] || continue
	# A third guest would only make the others late.
	if [ "$guests" -eq 2 ]; then
		wait -n
		guests+=-1
	fi
	logged "$kernel" "${dirs[$kernel]}" </dev/null &
	guests+=1
done
wait
for kernel in "${kernels[@]}"; do
	if [ -z "${dirs[$kernel]}" ]; then
		echo "not ok - $kernel: it does not build"
		failed+=1
		continue
	fi
	count "$kernel" "$(<"$logs/$kernel/status")"
done
echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
