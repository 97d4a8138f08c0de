#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Print the directory of the 6.12 kernel headers to build nvnic.ko against.
#
# Usage: scripts/kdir.sh [--guest]
#
#   --guest   what the VM boots, whatever this machine runs
#
# Without it the running kernel's headers win when it is a 6.12; otherwise the
# newest linux-headers-6.12*-amd64 is taken that is installed, or that
# scripts/deps.sh has unpacked under build/kernel/.
#
# Example: make KDIR="$(scripts/kdir.sh --guest)"
#
# Copyright (C) 2026 nvnic contributors
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

guest=
case ${1:-} in
"") ;;
--guest) guest=1 ;;
-h|--help) usage 0 ;;
*) usage 2 >&2 ;;
esac

running=/lib/modules/$(uname -r)/build
if [ -z "$guest" ] && [[ $(uname -r) == 6.12* ]] && [ -e "$running/include/config/kernel.release" ]; then
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
