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
