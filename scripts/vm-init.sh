#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# nvnic: first program of the guest, run from the initramfs. Makes the host's
# root file system the guest's: read-only over 9p, with a tmpfs on top.
#
# Copyright (C) 2026 nvnic contributors
# shellcheck shell=dash disable=SC3043
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
# shellcheck source=/dev/null
. /vm.env

# The port that vm-run.sh reads the exit status from.
vm_port()
{
	local p

	for p in /sys/class/virtio-ports/*; do
		[ "$(cat "$p/name")" = "$1" ] && echo "/dev/${p##*/}"
	done
}

fail()
{
	echo "init: $1" >"$(vm_port vm.status)"
	reboot -f
}

if [ "$VM_RUN" = probe ]; then
	echo "exit 0" >"$(vm_port vm.status)"
	reboot -f
fi

while read -r mod; do
	insmod "/mod/$mod" || fail "cannot load $mod"
done </mod/order

mkdir -p /lower /rw /newroot
mount -t 9p -o ro,trans=virtio,version=9p2000.L,cache=loose,msize=512000 root /lower ||
	fail "cannot mount the host's root file system over 9p"
mount -t tmpfs -o size=75% rw /rw
mkdir /rw/upper /rw/work
mount -t overlay -o lowerdir=/lower,upperdir=/rw/upper,workdir=/rw/work root /newroot ||
	fail "cannot mount the overlay"

cd /newroot || fail "no /newroot"
mkdir -p proc sys dev run out
mount --move /proc proc
mount --move /sys sys
mount --move /dev dev
# shellcheck source=scripts/guest-root.sh
. "./$VM_TOP/scripts/guest-root.sh"
furnish_root
if [ "$VM_OUT" = 1 ]; then
	mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 out out ||
		fail "cannot mount the output directory over 9p"
else
	mount -t tmpfs out out
fi
place_modules
cp /vm.env run/vm.env
exec switch_root /newroot "$VM_TOP/scripts/vm-guest.sh"
