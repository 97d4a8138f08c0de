#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Prints line and branch coverage of each engine; fails below the limits.
#
# Copyright (C) 2026 nvnic contributors
#
# Usage: coverage.sh OBJECT-DIRECTORY ENGINE.c...

set -eu

LINE_MIN=95
BRANCH_MIN=90

dir=$1
shift

printf '%-20s %7s %9s %9s %9s\n' engine lines line branches branch
failed=0
for source in "$@"; do
	name=$(basename "$source" .c)
	# "Lines executed:97.50% of 80", "Branches executed", "Taken at least once"
	gcov -b -n -o "$dir" "$source" 2>/dev/null |
	awk -v name="$name" -v lmin=$LINE_MIN -v bmin=$BRANCH_MIN '
		/^File / { ours = index($0, "/" name ".c") }
		ours && /^Lines executed/ { split($0, l, /[:% ]+/) }
		ours && /^Taken at least once/ { split($0, b, /[:% ]+/) }
		END {
			line = l[3]; branch = b[5]
			if (b[5] == "") { branch = 100; b[7] = 0 }
			low = line < lmin || branch < bmin
			printf "%-20s %7d %8.1f%% %9d %8.1f%%%s\n", name,
			       l[5], line, b[7], branch, low ? "  too low" : ""
			exit low
		}' || failed=1
done
exit $failed
