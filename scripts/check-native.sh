#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Run every selftest on Linux 7.3 at the speed of this machine: each in a User Mode
# Linux guest of its own, with a freshly loaded module.
#
# Usage: scripts/check-native.sh [options]
#
#   --only TESTS    these selftests, by file name, separated by commas
#   --cpus N        CPUs of each guest (default: what a line "# cpus: N" in the
#                   head of a test says, or 1)
#   --guests N      so many at the same time (default 2, or 1 on one core)
#   --kernel NAME   another kernel of scripts/kernel/kernels (default uml)
#   --totals FILE   write "PASSED FAILED SKIPPED" there instead of a closing line
#
# Builds the kernel if it is not there (scripts/build-kernel.sh), and nvnic.ko for it.
# What a test prints appears when it has ended; those that take long come first, by
# a line "# seconds: N" in their heads. The last line is "N passed, N failed, N
# skipped". Logs: build/check-native/TEST/
#
# Example: scripts/check-native.sh --only rss.py,link.py --cpus 2
#
# Copyright (C) 2026 nvnic contributors
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

only='' cpus='' guests=2 kernel=uml totals=''
[ "$(nproc)" -gt 1 ] || guests=1
while [ $# -gt 0 ]; do
	case $1 in
	-h|--help) usage 0 ;;
	--only|--cpus|--guests|--kernel|--totals) [ $# -ge 2 ] || die "$1 needs a value: see --help" ;;&
	--only) only=$2 ;;
	--cpus) cpus=$2 ;;
	--guests) guests=$2 ;;
	--kernel) kernel=$2 ;;
	--totals) totals=$2 ;;
	*) die "unknown option $1: see --help" ;;
	esac
	shift 2
done
[[ $guests =~ ^[1-9][0-9]*$ ]] || die "--guests takes a number of guests, not '$guests'"
[[ $cpus =~ ^([1-9][0-9]*)?$ ]] || die "--cpus takes a number of CPUs, not '$cpus'"
logs=$NVNIC_CACHE/check-native

# hint TEST WORD DEFAULT: the number on the line "# WORD: N" of its head.
hint()
{
	local value

	value=$(sed -n "s/^# $2: \([0-9]*\)\$/\1/p" "$NVNIC_TOP/selftests/$1" | head -n 1)
	echo "${value:-$3}"
}

# The names, those that take longest first.
queue()
{
	local test names

	if [ -n "$only" ]; then
		names=${only//,/ }
	else
		names=$("$NVNIC_TOP/selftests/run.sh" -l)
	fi
	for test in $names; do
		[ -x "$NVNIC_TOP/selftests/$test" ] || die "no selftest $test"
		echo "$(hint "$test" seconds 5) $test"
	done | sort -k 1,1nr -s | cut -d ' ' -f 2
}

# run_guest TEST: all it prints into its log.
run_guest()
{
	local test=$1 limit

	# Time to boot, and for run.sh to look what was left behind.
	limit=$(($(hint "$test" timeout 600) * slow + 120))
	exec "$NVNIC_TOP/scripts/uml-run.sh" --timeout "$limit" --kernel "$dir/vmlinux" \
		--cpus "${cpus:-$(hint "$test" cpus 1)}" --out "$logs/$test" -- \
		env NVNIC_KO="$dir/nvnic.ko" NVNIC_PLANTED_KO="$dir/nvnic_planted.ko" \
		"$NVNIC_TOP/selftests/run.sh" --slow "$slow" --totals /out/totals "$test" \
		>"$logs/$test/log" 2>&1 </dev/null
}

declare -i passed=0 failed=0 skipped=0 ended=0
declare -A running=()
bad=() slow=2

start()
{
	mkdir -p "$logs/$1"
	run_guest "$1" &
	running[$!]=$1
}

# reap PID STATUS: print and count the test that has ended.
reap()
{
	local test=${running[$1]} p=0 f=0 s=0

	unset "running[$1]"
	ended+=1
	cat "$logs/$test/log"
	if [ -s "$logs/$test/totals" ]; then
		read -r p f s <"$logs/$test/totals"
	fi
	if [ "$2" -gt 1 ] || { [ "$2" -ne 0 ] && [ "$f" -eq 0 ]; } || [ "$p$f$s" = 000 ]; then
		echo "not ok - $test: the guest ended with status $2 (124: time limit, 125: it died, 126: kernel warning)"
		f=$((f + 1))
	fi
	passed+=$p failed+=$f skipped+=$s
	[ "$f" -eq 0 ] || bad+=("$test")
	say "$ended of ${#tests[@]} test files after $SECONDS s: $passed passed, $failed failed, $skipped skipped${running[*]:+; running: ${running[*]}}"
}

# shellcheck disable=SC2317
stop_all()
{
	[ ${#running[@]} -eq 0 ] || kill "${!running[@]}" 2>/dev/null || true
}

"$NVNIC_TOP/scripts/deps.sh" native
mapfile -t tests < <(queue)
[ ${#tests[@]} -gt 0 ] || die "no selftest to run"
dir=$("$NVNIC_TOP/scripts/build-kernel.sh" "$kernel")
rm -rf "$logs" && mkdir -p "$logs"
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
say "${#tests[@]} test files in the $kernel kernel, $guests at a time"
SECONDS=0
for test in "${tests[@]}" ""; do
	# The empty one at the end waits for all that still run.
	while [ ${#running[@]} -ge "$guests" ] || { [ -z "$test" ] && [ ${#running[@]} -gt 0 ]; }; do
		status=0
		wait -n -p pid "${!running[@]}" || status=$?
		reap "$pid" "$status"
	done
	[ -z "$test" ] || start "$test"
done
echo
[ ${#bad[@]} -eq 0 ] || printf '# failed: %s\n' "${bad[*]}"
if [ -n "$totals" ]; then
	echo "$passed $failed $skipped" >"$totals"
else
	echo "$passed passed, $failed failed, $skipped skipped"
fi
[ "$failed" -eq 0 ]
