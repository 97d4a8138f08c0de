#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Run the kernel's own network tests, unmodified, over our ports.
#
# Usage: [KERNEL=6.12] [PEER=veth] scripts/check-upstream.sh [--resume] [TEST...]
#
#   TEST       part of a name in scripts/upstream/tests-KERNEL.conf (default: all)
#   --resume   keep the results since nvnic.ko was built, run the other tests
#   KERNEL     7.3 (default): the tests of linux-source-7.3 in User Mode Linux, a
#              guest for each, with the tools of their day: 15 minutes
#              6.12: those of linux-source-6.12 in a VM: an hour and a half
#   PEER=veth  with 7.3: over veth pairs in the place of our ports, to compare
#
# Each test runs on a freshly loaded module; what the kernel complains of meanwhile
# fails it. Prints a table: test, passed, failed, skipped, and why; the last line is
# "N passed, N failed, N skipped". What does not pass and is explained by
# scripts/upstream/explained-KERNEL.conf counts as skipped, all else as failed.
# Logs: build/upstream/out-KERNEL/ (out-KERNEL-veth/)
#
# Examples:
#   scripts/check-upstream.sh drivers/net/hw/rss
#   PEER=veth scripts/check-upstream.sh --resume
#   KERNEL=6.12 scripts/check-upstream.sh drivers/net/ gre_gso
#
# Copyright (C) 2026 nvnic contributors
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

KERNEL=${KERNEL:-7.3}
PEER=${PEER:-}
resume=''
while [ $# -gt 0 ]; do
	case $1 in
	-h|--help) usage 0 ;;
	--resume) resume=1; shift ;;
	-*) die "unknown option $1: see --help" ;;
	*) break ;;
	esac
done
case $KERNEL,$PEER in
7.3,|7.3,veth|6.12,) ;;
*,"") die "no tests of Linux $KERNEL here: KERNEL is 7.3 or 6.12" ;;
*) die "PEER is veth or not set, and goes with KERNEL=7.3" ;;
esac
export KERNEL PEER

here=$NVNIC_TOP/scripts/upstream
tree=$NVNIC_CACHE/upstream/linux-$KERNEL
ksft=$tree/tools/testing/selftests
out=$NVNIC_CACHE/upstream/out-$KERNEL${PEER:+-$PEER}

# pending TEST...: those that have no result.
pending()
{
	local name

	for name in "$@"; do
		[ -e "$(result "$name")" ] || echo "$name"
	done
}

# result TEST [SUFFIX]: the file that holds its results (or its output).
result()
{
	echo "$out/$(tr -cs 'A-Za-z0-9_.\n-' _ <<<"$1").${2:-json}"
}

# died TEST STATUS: book it as failed, for it brought the kernel down.
died()
{
	say "the kernel ended with status $2 in $1"
	printf '{"name": "%s", "status": %d, "seconds": 0, "results": [["the kernel survives", "fail", "status %d"]]}\n' \
		"$1" "$2" "$2" >"$(result "$1")"
	[ -e "$(result "$1" log)" ] || : >"$(result "$1" log)"
}

# prepare: make what the tests need; set ko. run_all TEST...: run them.
case $KERNEL in
7.3)
	# shellcheck source=scripts/upstream/uml.sh
	. "$here/uml.sh"
	;;
6.12)
	# shellcheck source=scripts/upstream/vm.sh
	. "$here/vm.sh"
	;;
esac

mapfile -t todo < <("$here/run.py" --list "$@")
[ ${#todo[@]} -gt 0 ] || die "no such test: see $here/tests-$KERNEL.conf"
prepare
[ -n "$resume" ] || rm -rf "$out"
mkdir -p "$out"
# What an older module gave is no result.
[ -n "$PEER" ] || find "$out" -name '*.json' ! -newer "$ko" -delete
mapfile -t todo < <(pending "${todo[@]}")
SECONDS=0
[ ${#todo[@]} -eq 0 ] || run_all "${todo[@]}"
echo
if [ -n "$PEER" ]; then
	"$here/report.py" --beside "$out" "${out%-"$PEER"}"
else
	"$here/report.py" "$out" || rc=$?
fi
say "took $((SECONDS / 60)) minutes; logs: $out"
exit "${rc:-0}"
