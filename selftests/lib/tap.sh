# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# nvnic: counting TAP results. Source it, do not run it.
#
# Copyright (C) 2026 nvnic contributors

# tap_count FILE STATUS: print "PASSED FAILED SKIPPED" for the TAP in FILE whose
# producer ended with STATUS. A producer that died, or gave no plan, or not as
# many results as planned, has failed one more; the reasons go to stderr.
tap_count()
{
	awk -v status="$2" '
	function bad(why) { print "not ok - " why > "/dev/stderr"; failed++ }
	/^1\.\.[0-9]+/ { planned = 1; plan = substr($1, 4) + 0 }
	# A result after deeper ones only sums those up: leaves are counted.
	/^ *(not )?ok / {
		match($0, /^ */)
		leaf = RLENGTH >= last
		last = RLENGTH
		if (!last)
			seen++
		if (!leaf)
			next
		if (/# (SKIP|XFAIL|TODO)/) skipped++
		else if (/^ *ok/) passed++
		else failed++
	}
	END {
		if (status == 124 || status == 137)
			bad("time limit reached")
		else if (!planned && status == 4)
			skipped++
		else if (!planned)
			bad("no test plan, exit status " status)
		else if (plan == 0)
			skipped++
		else if (seen != plan)
			bad(plan " results planned, " seen + 0 " seen, exit status " status)
		else if (status != 0 && status != 4 && !failed)
			bad("exit status " status " although nothing failed")
		print passed + 0, failed + 0, skipped + 0
	}' "$1"
}
