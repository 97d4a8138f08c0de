#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Prints line and branch coverage of each engine, a TAP line each; fails below
# the limits.
#
# Copyright (C) 2026 nvnic contributors
#
# Usage: coverage.sh OBJECT-DIRECTORY ENGINE.c...

set -eu

LINE_MIN=95
BRANCH_MIN=90

dir=$1
shift

echo "1..$#"
failed=0
number=0
for source in "$@"; do
	number=$((number + 1))
	name=$(basename "$source" .c)
	# "Lines executed:97.50% of 80", "Taken at least once:90.00% of 40"
	gcov -b -n -o "$dir" "$source" 2>/dev/null |
	awk -v name="$name" -v lmin=$LINE_MIN -v bmin=$BRANCH_MIN -v number=$number '
		/^File / { ours = index($0, "/" name ".c") }
		ours && /^Lines executed/ { split($0, l, /[:% ]+/) }
		ours && /^Taken at least once/ { split($0, b, /[:% ]+/) }
		END {
			line = l[3] + 0
			branch = b[5] == "" ? 100 : b[5]
			low = line < lmin || branch < bmin
			printf "%s %d coverage.%s: %.1f%% of %d lines", low ? "not ok" : "ok",
			       number, name, line, l[5]
			printf ", %.1f%% of %d branches", branch, b[7]
			if (low)
				printf "; wanted %d%% and %d%%: add cases", lmin, bmin
			print ""
			exit low
		}' || failed=1
done
exit $failed
