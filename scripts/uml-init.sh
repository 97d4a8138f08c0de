#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# nvnic: first program of a User Mode Linux guest, run from the host's root file
# system, which hostfs shows read-only; VM_RUN comes from the kernel's command line.
# Puts a tmpfs over it, and goes on as vm-guest.sh.
#
# Copyright (C) 2026 nvnic contributors
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# shellcheck source=/dev/null
. "$VM_RUN/vm.env"

fail()
{
	# Whatever is mounted by now, console 1 is uml-run.sh's.
	echo "uml-init: $1" >/dev/tty1
	mount -t proc proc /proc
	echo o >/proc/sysrq-trigger
	sleep 60
}

# $VM_RUN/mnt is an empty directory of the host.
mount -t tmpfs -o size=75% rw "$VM_RUN/mnt" || fail "cannot mount a tmpfs at $VM_RUN/mnt"
cd "$VM_RUN/mnt" || fail "no $VM_RUN/mnt"
mkdir lower upper work root
mount -t hostfs -o ro,/ host lower || fail "cannot mount the host's root file system"
mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work root root ||
	fail "cannot mount the overlay"
cd root || fail "no root"
mkdir -p proc sys dev run out
mount -t proc proc proc
mount -t sysfs sys sys
mount -t devtmpfs dev dev || fail "cannot mount /dev"
# shellcheck source=scripts/guest-root.sh
. "./$VM_TOP/scripts/guest-root.sh"
furnish_root
if [ "$VM_OUT" = 1 ]; then
	mount -t hostfs -o "$VM_OUT_DIR" out out || fail "cannot mount $VM_OUT_DIR"
else
	mount -t tmpfs out out
fi
place_modules
mkdir -p run/vm
mount -t hostfs -o "$VM_RUN" status run/vm || fail "cannot mount $VM_RUN"
cp "$VM_RUN/vm.env" run/vm.env
mount -n --move . / || fail "cannot move the root"
exec chroot . "$VM_TOP/scripts/vm-guest.sh"
