#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Print the directory of the kernel headers to build nvnic.ko against.
#
# Usage: scripts/kdir.sh [--guest | --check DIR]
#
#   --guest       those of the 6.12 kernel that the VM boots, whatever this
#                 machine runs
#   --check DIR   DIR, if it holds headers of Linux 6.12 or newer
#
# Without an option the running kernel's headers win when it is 6.12 or newer;
# otherwise the newest linux-headers-6.12*-amd64 is taken that is installed, or
# that scripts/deps.sh has unpacked under build/kernel/.
#
# Example: make KDIR="$(scripts/kdir.sh --guest)"
#
# Copyright (C) 2026 nvnic contributors
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

# new_enough RELEASE
new_enough()
{
	[ "$(printf '%s\n' "$1" 6.12 | sort -V | head -n 1)" = 6.12 ]
}

check_dir()
{
	local rel

	[ -n "$1" ] || die "no kernel headers to build against"

	rel=$(cat "$1/include/config/kernel.release" 2>/dev/null) ||
		die "KDIR=$1: no kernel headers there (include/config/kernel.release)"
	new_enough "$rel" || die "KDIR=$1: nvnic needs Linux 6.12 or newer, these are headers of $rel"
	echo "$1"
}

guest=
case ${1:-} in
"") ;;
--guest) guest=1 ;;
--check) check_dir "${2:-}"; exit ;;
-h|--help) usage 0 ;;
*) usage 2 >&2 ;;
esac

running=/lib/modules/$(uname -r)/build
if [ -z "$guest" ] && new_enough "$(uname -r)" && [ -e "$running/include/config/kernel.release" ]; then
	echo "$running"
	exit 0
fi

# The cloud flavour has no 9p and no gretap, and cannot be the guest.
shopt -s nullglob
newest=
for dir in "$NVNIC_CACHE"/kernel/*/usr/src/linux-headers-6.12*-amd64 /usr/src/linux-headers-6.12*-amd64; do
	[[ $dir != *-cloud-amd64 && $dir != *-rt-amd64 ]] || continue
	[ -e "$dir/include/config/kernel.release" ] || continue
	if [ -z "$newest" ] ||
	   ! printf '%s\n' "${newest##*/}" "${dir##*/}" | sort -V -C -r ||
	   [ "${newest##*/}" = "${dir##*/}" ]; then
		newest=$dir
	fi
done
[ -n "$newest" ] ||
	die "no kernel headers 6.12 found: apt-get install linux-headers-6.12-amd64, or run scripts/deps.sh build"
echo "$newest"
