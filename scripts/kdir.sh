#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Print the directory of the 6.12 kernel headers to build nvnic.ko against.
#
# Usage: scripts/kdir.sh [--guest]
#
#   --guest   what the VM boots, whatever this machine runs
#
# Without it the running kernel's headers win when it is a 6.12; otherwise the
# newest /usr/src/linux-headers-6.12*-amd64 is taken.
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
newest=$(printf '%s\n' /usr/src/linux-headers-6.12*-amd64 |
	grep -v -e cloud -e '-rt-' -e '\*' | sort -V | tail -n 1) || true
[ -n "$newest" ] ||
	die "no kernel headers 6.12 found: apt-get install linux-headers-6.12-amd64 (or run scripts/deps.sh build)"
echo "$newest"
