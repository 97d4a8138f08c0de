#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs each fuzz target for a while and prints a TAP line for it.
#
# Copyright (C) 2026 nvnic contributors
#
# Usage: fuzz.sh DIRECTORY SECONDS TARGET...
#
# DIRECTORY holds the programs fuzz_TARGET and seeds. What a target found is kept
# there as TARGET-crash-*, what it learnt in corpus-TARGET.

set -eu

dir=$1
seconds=$2
shift 2

"$dir/seeds" "$dir"
echo "1..$#"
failed=0
number=0
for target in "$@"; do
	number=$((number + 1))
	log=$dir/$target.log
	seed=$dir/seed-$target
	[ -d "$seed" ] || seed=$dir/seed-frame
	mkdir -p "$dir/corpus-$target"
	if "$dir/fuzz_$target" "-max_total_time=$seconds" -max_len=700 \
		-print_final_stats=1 "-artifact_prefix=$dir/$target-" \
		"$dir/corpus-$target" "$seed" > "$log" 2>&1; then
		runs=$(sed -n 's/.*number_of_executed_units: *//p' "$log")
		echo "ok $number fuzz.$target # $runs inputs in $seconds s"
	else
		tail -n 20 "$log" | sed 's/^/# /'
		echo "not ok $number fuzz.$target: see $log"
		failed=1
	fi
done
exit $failed
