#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Run every test: build, style, unit tests, then the selftests: all of them on
# Linux 7.3 at the speed of this machine, and in the VM what only 6.12 shows.
#
# Usage: scripts/check.sh [--all] [STAGE...]
#
#   --all   every selftest on both kernels, and the debug kernels (make check-all)
#   STAGE   build, style, unit, native, vm (default: all five, in that order);
#           unit: tests built with gcc and clang, coverage, a short fuzz run;
#           native: every selftest in User Mode Linux (scripts/check-native.sh);
#           vm: selftests in the VM, under QEMU
#
# Installs what is missing, by Debian package name. Where the source of Linux 7.3
# cannot be fetched, that is said, and every selftest runs in the VM. The last line
# is "N passed, N failed, N skipped". Logs: build/check/
#
# Example: scripts/check.sh build unit
#
# Copyright (C) 2026 nvnic contributors
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/lib/tap.sh
. "$NVNIC_TOP/selftests/lib/tap.sh"

fuzz_seconds=12		# of which each target gets its share

# What the native lane cannot show: two CPUs, an interrupt controller and another
# kernel. Then a pass over the offloads: what of them the wire, tshark, the receiver's
# hash and VM queues see.
vm_tests=(irq.py affinity.py napi.py moderation.py tx_csum.py forward.py flowid.py rss.py
	  tshark_verdict.py vmq_isolation.py)

declare -i passed=0 failed=0 skipped=0

add()
{
	passed+=$1 failed+=$2 skipped+=$3
}

# run_tap NAME COMMAND...: run a producer of TAP, show it, count it.
run_tap()
{
	local log=$logs/$1.tap p f s
	local -i status=0

	shift
	"$@" 2>&1 </dev/null | tee "$log" || status=${PIPESTATUS[0]}
	read -r p f s < <(tap_count "$log" "$status")
	add "$p" "$f" "$s"
}

stage_build()
{
	local log=$logs/build.log

	say "building nvnic.ko with W=1, warnings are errors"
	echo "1..1"
	# modpost only warns, so what it and the compiler say is searched as well;
	# that this is not the compiler of the kernel is no fault of ours.
	if make -C "$NVNIC_TOP" -j "$(nproc)" W=1e modules >"$log" 2>&1 &&
	   ! grep -i 'warning:' "$log" | grep -q -v 'the compiler differs'; then
		echo "ok 1 build"
	else
		grep -i -A 6 -E 'warning:|error' "$log" | head -n 60 | sed 's/^/# /'
		echo "not ok 1 build ($log)"
		return 1
	fi
}

# Without its closing line: there is one for all stages at the end.
unit_with()
{
	say "unit tests of the packet engines, built with $1, under the sanitizers"
	if ! command -v "$1" >/dev/null; then
		echo "1..0 # SKIP no $1"
		return 4
	fi
	make -s -C "$NVNIC_TOP/tools" unit CC="$1" 2>&1 | sed -E '/^[0-9]+ passed, [0-9]+ failed/d'
}

unit_coverage()
{
	say "coverage of the packet engines by their unit tests"
	make -s -C "$NVNIC_TOP/tools" coverage
}

unit_fuzz()
{
	say "fuzzing the packet engines, for $fuzz_seconds s"
	if ! command -v clang >/dev/null; then
		echo "1..0 # SKIP no clang"
		return 4
	fi
	make -s -C "$NVNIC_TOP/tools" fuzz SECONDS="$fuzz_seconds"
}

# add_totals NAME STATUS: count what a run of selftests has left in NAME.totals.
add_totals()
{
	local p f s

	if [ ! -s "$logs/$1.totals" ]; then
		echo "not ok - $1: the selftests did not finish (exit status $2)"
		add 0 1 0
		return
	fi
	read -r p f s <"$logs/$1.totals"
	add "$p" "$f" "$s"
	if [ "$2" -gt 1 ] || { [ "$2" -ne 0 ] && [ "$f" -eq 0 ]; }; then
		echo "not ok - $1: a guest ended with status $2 (124: time limit, 125: it died, 126: kernel warning)"
		add 0 1 0
	fi
}

native_available()
{
	[ -n "$native" ] || {
		native=no
		! "$NVNIC_TOP/scripts/build-kernel.sh" --available uml || native=yes
	}
	[ "$native" = yes ]
}

stage_native()
{
	local rc=0

	if ! native_available; then
		say "Linux 7.3 (linux-source-7.3, suite trixie-backports) cannot be fetched: every selftest runs in the VM instead"
		echo "ok - native # SKIP the source of Linux 7.3 cannot be fetched"
		add 0 0 1
		return
	fi
	say "selftests on Linux 7.3, in User Mode Linux (6 minutes, and 8 for the kernel the first time)"
	"$NVNIC_TOP/scripts/check-native.sh" --totals "$logs/native.totals" || rc=$?
	add_totals native "$rc"
}

stage_vm()
{
	local rc=0
	local -a tests=()

	if [ ! -e "$NVNIC_TOP/nvnic.ko" ]; then
		echo "not ok - vm: there is no nvnic.ko"
		add 0 1 0
		return
	fi
	if [ -z "$all" ] && native_available; then
		tests=("${vm_tests[@]}")
		say "selftests on Linux 6.12, in the VM (some minutes): ${tests[*]}"
	else
		say "selftests on Linux 6.12, in the VM (up to an hour under TCG)"
	fi
	"$NVNIC_TOP/scripts/vm-run.sh" --timeout "${NVNIC_CHECK_TIMEOUT:-4500}" --out "$logs" -- \
		"$NVNIC_TOP/selftests/run.sh" --slow 2 --totals /out/vm.totals "${tests[@]}" || rc=$?
	add_totals vm "$rc"
}

stage_debug()
{
	local log=$logs/debug.log p f s sum='^([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$'

	"$NVNIC_TOP/scripts/check-debug.sh" 2>&1 </dev/null | tee "$log" | sed -u -E "s/$sum/# debug: &/" || true
	if [[ $(tail -n 1 "$log") =~ $sum ]]; then
		add "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "${BASH_REMATCH[3]}"
	else
		echo "not ok - debug: no closing line"
		add 0 1 0
	fi
}

all='' native=''
case ${1:-} in
-h|--help) usage 0 ;;
--all) all=1; shift ;;
-*) die "unknown option $1: see --help" ;;
esac
stages=("$@")
if [ $# -eq 0 ]; then
	stages=(build style unit native vm)
	[ -z "$all" ] || stages+=(debug)
fi

"$NVNIC_TOP/scripts/deps.sh" check
logs=$NVNIC_CACHE/check
rm -rf "$logs" && mkdir -p "$logs"
KDIR=$("$NVNIC_TOP/scripts/kdir.sh" --guest)
export KDIR
for stage in "${stages[@]}"; do
	case $stage in
	build) run_tap build stage_build ;;
	unit)
		run_tap unit-gcc unit_with gcc
		run_tap unit-clang unit_with clang
		run_tap coverage unit_coverage
		run_tap fuzz unit_fuzz
		;;
	style) run_tap style "$NVNIC_TOP/scripts/check-style.sh" ;;
	native) stage_native ;;
	vm) stage_vm ;;
	debug) stage_debug ;;
	*) die "no stage '$stage': build, style, unit, native, vm, debug" ;;
	esac
done
echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
