# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# nvnic: what the host-side scripts share. Source it, do not run it.
#
# Copyright (C) 2026 nvnic contributors

NVNIC_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
NVNIC_CACHE=$(realpath -m "${NVNIC_CACHE:-$NVNIC_TOP/build}")
export NVNIC_TOP NVNIC_CACHE

say()
{
	printf '>> %s\n' "$*" >&2
}

die()
{
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	exit 1
}

# The header comment of a script is its help text: from the line after the
# licence to the copyright line.
usage()
{
	sed -n '3,/^# Copyright/{/^# Copyright/d;s/^# \{0,1\}//;p}' "$0"
	exit "$1"
}

kernel_release()
{
	cat "$1/include/config/kernel.release" 2>/dev/null ||
		die "$1 holds no prepared kernel headers: run scripts/deps.sh build"
}

# guest_kernel RELEASE: set GUEST_KERNEL and GUEST_MODULES, or return 1.
guest_kernel()
{
	local rel=$1 root

	for root in "" "$NVNIC_CACHE/kernel/$rel"; do
		GUEST_KERNEL=$root/boot/vmlinuz-$rel
		GUEST_MODULES=$root/lib/modules/$rel
		if [ -r "$GUEST_KERNEL" ] && [ -r "$GUEST_MODULES/modules.dep" ]; then
			export GUEST_KERNEL GUEST_MODULES
			return 0
		fi
	done
	return 1
}

# Print the path of the kernel's source as Debian packs it. It is in no other
# package that is to be had without installing 150 MB.
kernel_source()
{
	local dir=$NVNIC_CACHE/kernel-source deb src=/usr/src/linux-source-6.12.tar.xz

	[ ! -r "$src" ] || { echo "$src"; return; }
	src=$dir/linux-source-6.12.tar.xz
	if [ ! -e "$src" ]; then
		say "fetching the kernel's source (package linux-source-6.12, 150 MB, not installed)"
		mkdir -p "$dir"
		( cd "$dir" && apt-get -qq -o APT::Sandbox::User=root download linux-source-6.12 >&2 ) ||
			die "cannot fetch linux-source-6.12: run apt-get install linux-source-6.12"
		deb=$(echo "$dir"/linux-source-6.12_*.deb)
		dpkg-deb --fsys-tarfile "$deb" |
			tar -xO --occurrence=1 ./usr/src/linux-source-6.12.tar.xz >"$src.part"
		mv "$src.part" "$src"
		rm -f "$deb"
	fi
	echo "$src"
}

# Build nvnic.ko for the guest; say little unless it fails.
build_module()
{
	local log=$NVNIC_CACHE/build.log

	# A veth pair in its place needs no module.
	[ -z "${NVNIC_STANDIN:-}" ] || return 0
	mkdir -p "$NVNIC_CACHE"
	say "building nvnic.ko"
	KDIR=$("$NVNIC_TOP/scripts/kdir.sh" --guest) || exit 1
	make -C "$NVNIC_TOP" -j "$(nproc)" KDIR="$KDIR" modules >"$log" 2>&1 || {
		grep -E -A 4 'error|Error' "$log" | head -n 40 >&2
		die "nvnic.ko does not build: the whole output is in $log"
	}
}
