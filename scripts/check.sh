#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Run every test: build, style, unit tests, then the selftests in the VM.
#
# Usage: scripts/check.sh [STAGE...]
#
#   STAGE   build, style, unit, selftests (default: all four, in that order);
#           unit: tests built with gcc and clang, coverage, a short fuzz run
#
# Installs what is missing, by Debian package name. The last line is
# "N passed, N failed, N skipped". Logs: build/check/
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

stage_selftests()
{
	local rc=0

	if [ ! -e "$NVNIC_TOP/nvnic.ko" ]; then
		echo "not ok - selftests: there is no nvnic.ko"
		add 0 1 0
		return
	fi
	say "selftests in the VM (up to an hour under TCG)"
	rm -f "$logs/totals"
	"$NVNIC_TOP/scripts/vm-run.sh" --timeout "${NVNIC_CHECK_TIMEOUT:-4500}" --out "$logs" -- \
		"$NVNIC_TOP/selftests/run.sh" --slow 2 --totals /out/totals || rc=$?
	if [ -s "$logs/totals" ]; then
		local p f s
		read -r p f s <"$logs/totals"
		add "$p" "$f" "$s"
		if [ "$rc" -gt 1 ]; then
			echo "not ok - selftests: the VM ended with status $rc (124: time limit, 125: it died, 126: kernel warning)"
			add 0 1 0
		fi
	else
		echo "not ok - the selftests did not finish (exit status $rc)"
		add 0 1 0
	fi
}

case ${1:-} in
-h|--help) usage 0 ;;
esac
stages=("$@")
[ $# -gt 0 ] || stages=(build style unit selftests)

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
	selftests) stage_selftests ;;
	*) die "no stage '$stage': build, style, unit, selftests" ;;
	esac
done
echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
