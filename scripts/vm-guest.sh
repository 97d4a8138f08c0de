#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# nvnic: process 1 of the guest once the root file system is there. Runs the
# command of vm-run.sh or uml-run.sh, reports its exit status and the kernel log,
# resets.
#
# Copyright (C) 2026 nvnic contributors
# shellcheck source=/dev/null
. /run/vm.env

# vm_port NAME: what the host reads it from: in QEMU a port, in UML a file of the
# run's directory, but for the output, which is to come at once.
vm_port()
{
	local p name

	if [ -n "${VM_UML:-}" ]; then
		[ "$1" != vm.out ] || { echo /dev/tty1; return; }
		[ "$1" != vm.dmesg ] || { echo /run/vm/dmesg.log; return; }
		echo "/run/vm/${1#vm.}"
		return
	fi
	for p in /sys/class/virtio-ports/*; do
		read -r name <"$p/name"
		[ "$name" != "$1" ] || echo "/dev/${p##*/}"
	done
}

set_environment()
{
	export HOME=/root USER=root LOGNAME=root SHELL=/bin/bash LANG=C.UTF-8 LC_ALL=C.UTF-8
	export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	export PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 NVNIC_VM=1 NVNIC_OUT=/out
	export TERM=$VM_TERM
	cd "$VM_PWD" || cd /
}

# With --icount the guest's clock runs apart from the host's, which is in the RTC.
sleep_in_host_time()
{
	local rtc=/sys/class/rtc/rtc0/since_epoch start now

	read -r start <"$rtc"
	while read -r now <"$rtc" && [ $((now - start)) -lt "$1" ]; do
		sleep 10
	done
}

# vm-run.sh kills a guest that says nothing at all; this one comes first and
# leaves a trace of where everybody was.
watch_time()
{
	if [ -n "${VM_ICOUNT:-}" ]; then
		sleep_in_host_time "$VM_TIMEOUT"
	else
		sleep "$VM_TIMEOUT"
	fi
	echo "guest: time limit of $VM_TIMEOUT s reached, tasks follow" >/dev/kmsg
	echo w >/proc/sysrq-trigger
	echo l >/proc/sysrq-trigger
	finish 124
}

finish()
{
	dmesg >"$(vm_port vm.dmesg)"
	umount /out
	echo "exit $1" >"$(vm_port vm.status)"
	if [ -n "${VM_UML:-}" ]; then
		# hostfs keeps back what is written; a reset of UML starts it again.
		sync -f /run/vm/status
		echo o >/proc/sysrq-trigger
	else
		echo b >/proc/sysrq-trigger
	fi
	sleep 60
}

run_command()
{
	local rc reader

	# Through a pipe, for a virtio port cannot be opened twice by way of
	# /dev/stdout.
	mkfifo /run/vm.out
	cat /run/vm.out >"$(vm_port vm.out)" &
	reader=$!
	setsid -w bash "$VM_RUN/command" </dev/null >/run/vm.out 2>&1
	rc=$?
	# A background child of the command may hold the pipe open for ever.
	{ sleep 3 && kill "$reader"; } 2>/dev/null &
	wait "$reader"
	return "$rc"
}

# A terminal passes bytes on as they are.
make_raw()
{
	[ -z "${VM_UML:-}" ] || stty raw -echo </dev/tty1
}

set_environment
# A kernel without modules is one of ours, which patches nothing; nor does UML's.
[ -z "$VM_MODULES" ] || [ -n "${VM_UML:-}" ] || unshare -n "$VM_TOP/scripts/vm-warm.py" </dev/null
if [ -n "$VM_TTY" ]; then
	terminal=/dev/hvc0
	[ -z "${VM_UML:-}" ] || terminal=/dev/tty1
	# shellcheck disable=SC2086
	stty $VM_TTY <"$terminal"
	setsid -c -w bash "$VM_RUN/command" 0<>"$terminal" >&0 2>&1
else
	make_raw
	watch_time &
	run_command
fi
finish $?
