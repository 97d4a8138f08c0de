#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Run the kernel's own network tests, unmodified, over our ports, in the VM.
#
# Usage: scripts/check-upstream.sh [--resume] [TEST...]
#
#   TEST       part of a name in scripts/upstream/tests.conf (default: all of them)
#   --resume   keep the results since nvnic.ko was built, run the other tests: all
#              of them take an hour and a half
#
# The tests are those of the package linux-source-6.12. Each runs on a freshly
# loaded module; what the kernel complains of meanwhile fails it. Prints a table:
# test, passed, failed, skipped, and why; the last line is
# "N passed, N failed, N skipped". What does not pass and is explained by
# scripts/upstream/explained.conf counts as skipped, all else as failed.
# Logs: build/upstream/
#
# Examples:
#   scripts/check-upstream.sh drivers/net/ gre_gso
#   scripts/check-upstream.sh --resume
#
# Copyright (C) 2026 nvnic contributors
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

resume=''
case ${1:-} in
-h|--help) usage 0 ;;
--resume) resume=1; shift ;;
-*) die "unknown option $1: see --help" ;;
esac

here=$NVNIC_TOP/scripts/upstream
tree=$NVNIC_CACHE/upstream/linux
ksft=$tree/tools/testing/selftests
out=$NVNIC_CACHE/upstream/out

# What the tests need of the kernel: themselves, their Python library and the
# specifications it reads, and the headers that their programs are built with.
unpack_tree()
{
	local source

	[ ! -e "$tree/Makefile" ] || return 0
	source=$(kernel_source 6.12)
	say "unpacking the kernel's tests"
	rm -rf "$tree.part"
	mkdir -p "$tree.part"
	tar -xf "$source" -C "$tree.part" --strip-components=1 \
		linux-source-6.12/{Makefile,Kbuild,Kconfig,scripts,include,arch/Kconfig,arch/x86,tools,Documentation/netlink}
	mv "$tree.part" "$tree"
}

build_programs()
{
	local log=$NVNIC_CACHE/upstream/build.log program
	local -a net=()

	for program in gro toeplitz psock_snd udpgso udpgso_bench_tx udpgso_bench_rx \
		       msg_zerocopy txtimestamp xdp_dummy.bpf.o nat6to4.bpf.o; do
		net+=("$ksft/net/$program")
	done
	[ -e "$tree/usr/include/linux/ethtool.h" ] ||
		say "exporting the kernel's headers, building the tests' programs"
	{
		[ -e "$tree/usr/include/linux/ethtool.h" ] || make -C "$tree" headers
		make -C "$ksft/net" "${net[@]}"
		make -C "$ksft/net/lib" "$ksft/net/lib/csum"
	} >"$log" 2>&1 || die "the tests' programs do not build: the whole output is in $log"
}

# pending TEST...: those that have no result.
pending()
{
	local name

	for name in "$@"; do
		[ -e "$(result "$name")" ] || echo "$name"
	done
}

# A test that brings the kernel down, or leaves the module behind, ends the VM
# and is booked as failed; the others go on in a new one.
run_all()
{
	local rc name
	local -a todo

	mapfile -t todo < <("$here/run.py" --list "$@")
	[ ${#todo[@]} -gt 0 ] || die "no such test: see $here/tests.conf"
	mapfile -t todo < <(pending "${todo[@]}")
	while [ ${#todo[@]} -gt 0 ]; do
		rc=0
		"$NVNIC_TOP/scripts/vm-run.sh" --timeout 7200 --allow-splat --out "$out" -- \
			"$here/run.py" "$ksft" /out "${todo[@]}" || rc=$?
		mapfile -t todo < <(pending "${todo[@]}")
		[ "$rc" -ne 0 ] || return 0
		if [ "$rc" -eq 3 ] || [ ${#todo[@]} -eq 0 ]; then
			continue
		fi
		name=${todo[0]}
		say "the VM ended with status $rc in $name"
		printf '{"name": "%s", "status": %d, "seconds": 0, "results": [["the VM survives", "fail", "status %d"]]}\n' \
			"$name" "$rc" "$rc" >"$(result "$name")"
		touch "$(result "$name" log)"
		todo=("${todo[@]:1}")
	done
}

# result TEST [SUFFIX]: the file that holds its results (or its output).
result()
{
	echo "$out/$(tr -cs 'A-Za-z0-9_.\n-' _ <<<"$1").${2:-json}"
}

"$NVNIC_TOP/scripts/deps.sh" upstream
build_module
unpack_tree
build_programs
[ -n "$resume" ] || rm -rf "$out"
mkdir -p "$out"
# What an older module gave is no result.
find "$out" -name '*.json' ! -newer "$NVNIC_TOP/nvnic.ko" -delete
SECONDS=0
run_all "$@"
echo
"$here/report.py" "$out" || rc=$?
say "took $((SECONDS / 60)) minutes; logs: $out"
exit "${rc:-0}"
