# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# nvnic: the tests of Linux 7.3, in User Mode Linux. Sourced by scripts/check-upstream.sh,
# which sets here, tree, ksft and out.
#
# Copyright (C) 2026 nvnic contributors

# Without MAINTAINERS the generator of netlink code never ends.
unpack_tree()
{
	local source

	[ ! -e "$tree/Makefile" ] || return 0
	source=$(kernel_source 7.3) || exit 1
	say "unpacking the kernel's tests"
	rm -rf "$tree.part"
	mkdir -p "$tree.part"
	tar -xf "$source" -C "$tree.part" --strip-components=1 --exclude='*/tools/perf/*' \
		linux-source-7.3/{Makefile,Kbuild,Kconfig,MAINTAINERS,scripts,include,usr,lib/Kconfig.debug} \
		linux-source-7.3/{arch/x86/include,arch/x86/Makefile,arch/x86/entry/syscalls} \
		linux-source-7.3/{tools,Documentation/netlink} ||
		die "cannot unpack $source"
	mv "$tree.part" "$tree"
}

# in_root SCRIPT: run it in the root file system, with the tree at /linux. The mounts
# end with it.
in_root()
{
	local as_root=()

	[ "$(id -u)" -eq 0 ] || as_root=(sudo)
	# shellcheck disable=SC2016	# the inner shell's arguments
	"${as_root[@]}" unshare --mount --propagation private sh -c '
		mount --bind "$2" "$1/linux" && mount -t proc proc "$1/proc" &&
		exec chroot "$1" sh -c "$3"' sh "$root" "$tree" "$1"
}

build_programs()
{
	local log=$NVNIC_CACHE/upstream/build-7.3.log built

	built=$tree/.built-$(basename "$root")
	[ ! -e "$built" ] || return 0
	say "building the tests' programs (a minute)"
	# The Makefile asks for liburing in a way that dash does not understand.
	# shellcheck disable=SC2016
	in_root 'set -e
		cd /linux
		make ARCH=x86 headers
		! grep -qs io_uring_register_ifq /usr/include/liburing.h || zcrx=HAS_IOURING_ZCRX=y
		for dir in net/lib drivers/net drivers/net/hw; do
			make -C "tools/testing/selftests/$dir" -j "$(nproc)" $zcrx \
				KHDR_INCLUDES="-isystem /linux/usr/include"
		done' >"$log" 2>&1 || {
		tail -n 15 "$log" >&2
		die "the tests' programs do not build: the whole output is in $log"
	}
	touch "$built"
}

prepare()
{
	"$NVNIC_TOP/scripts/deps.sh" upstream
	kernel=$("$NVNIC_TOP/scripts/build-kernel.sh" uml) || exit 1
	root=$("$here/root.sh") || exit 1
	unpack_tree
	build_programs
	# The copy of it beside the kernel is new after each build.
	# shellcheck disable=SC2034	# for check-upstream.sh
	ko=$kernel/nvnic/nvnic.ko
}

run_all()
{
	"$here/guests.py" --kernel "$kernel" --root "$root" --tree "$tree" --out "$out" "$@"
}
