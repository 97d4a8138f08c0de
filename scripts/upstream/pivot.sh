#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Run a test of Linux 7.3 in a User Mode Linux guest, in the root file system with the
# tools of its day. Started by guests.py, by way of scripts/uml-run.sh, in a mount
# namespace of its own.
#
# Usage: scripts/upstream/pivot.sh ROOT TREE KERNEL TEST
#
# Copyright (C) 2026 nvnic contributors
set -euo pipefail
root=$1 tree=$2 kernel=$3 test=$4
top=$(cd "$(dirname "$0")/../.." && pwd)

# Nothing of this reaches the host, whose files are below an overlay here.
place()
{
	mkdir -p "$root$2"
	mount --rbind "$1" "$root$2"
}

# Not chroot: "ip netns exec" wants a root that is a mount, and who has another root
# than his namespace may make no user namespace.
mount --make-rprivate /
mount --bind "$root" "$root"
cd "$root"
for dir in /proc /sys /dev /run /out; do
	place "$dir" "$dir"
done
place "$tree" /linux
place "$top" /nvnic
place "$kernel" /kernel
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
for fs in bpf:/sys/fs/bpf configfs:/sys/kernel/config; do
	mount -t "${fs%%:*}" "${fs%%:*}" "$root${fs#*:}"
done
# The tests would load what is built in.
ln -sf /bin/true "$root/usr/sbin/modprobe"
mkdir -p old
pivot_root . old
umount -l /old
# shellcheck disable=SC2153	# KERNEL is of the environment
exec env -C /tmp HOME=/root NVNIC_VM=1 NVNIC_KO=/kernel/nvnic.ko \
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	KERNEL="$KERNEL" PEER="$PEER" PYTHONDONTWRITEBYTECODE=1 \
	/nvnic/scripts/upstream/run.py /linux/tools/testing/selftests /out "$test"
