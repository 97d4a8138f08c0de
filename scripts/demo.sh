#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Show nvnic at work, in a VM: TCP over NVGRE with the segmentation done by the
# device, and by the kernel; what is on the wire; a file through the tunnel.
#
# Usage: scripts/demo.sh [--seconds N]
#
#   --seconds N   length of each measurement (default 4)
#
# Installs what is missing by Debian package name and builds the module first.
# The captured frames are left in build/demo/.
#
# Example: scripts/demo.sh --seconds 10
#
# Copyright (C) 2026 nvnic contributors
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

case ${1:-} in
-h|--help) usage 0 ;;
esac
cd "$NVNIC_TOP"
scripts/deps.sh vm
build_module
say "starting the VM (it takes some seconds)"
rc=0
scripts/vm-run.sh --timeout 1200 --out "$NVNIC_CACHE/demo" -- selftests/demo.py "$@" || rc=$?
[ "$rc" -eq 0 ] || die "the demo failed (exit status $rc): see above, and the logs in $NVNIC_CACHE/vm/last"
