# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# nvnic: the tests of Linux 6.12, in a VM. Sourced by scripts/check-upstream.sh,
# which sets here, tree, ksft and out.
#
# Copyright (C) 2026 nvnic contributors

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

prepare()
{
	"$NVNIC_TOP/scripts/deps.sh" upstream-vm
	build_module
	unpack_tree
	build_programs
	# shellcheck disable=SC2034	# for check-upstream.sh
	ko=$NVNIC_TOP/nvnic.ko
}

# A test that brings the kernel down, or leaves the module behind, ends the VM
# and is booked as failed; the others go on in a new one.
run_all()
{
	local rc
	local -a todo=("$@")

	while [ ${#todo[@]} -gt 0 ]; do
		rc=0
		"$NVNIC_TOP/scripts/vm-run.sh" --timeout 7200 --allow-splat --out "$out" -- \
			env KERNEL="$KERNEL" "$here/run.py" "$ksft" /out "${todo[@]}" || rc=$?
		mapfile -t todo < <(pending "${todo[@]}")
		[ "$rc" -ne 0 ] || return 0
		if [ "$rc" -eq 3 ] || [ ${#todo[@]} -eq 0 ]; then
			continue
		fi
		died "${todo[0]}" "$rc"
		todo=("${todo[@]:1}")
	done
}
