# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# nvnic: what both guests do to their root file system once it is there: an overlay
# of a tmpfs on the host's. Sourced in the guest, by vm-init.sh and uml-init.sh.
#
# Copyright (C) 2026 nvnic contributors

# The working directory is the new root; proc, sys and dev are mounted.
furnish_root()
{
	mkdir -p dev/pts dev/shm
	mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts dev/pts
	mount -t tmpfs -o mode=1777 shm dev/shm
	ln -sfn /proc/self/fd dev/fd
	ln -sfn /proc/self/fd/0 dev/stdin
	ln -sfn /proc/self/fd/1 dev/stdout
	ln -sfn /proc/self/fd/2 dev/stderr
	for fs in debugfs:sys/kernel/debug tracefs:sys/kernel/tracing cgroup2:sys/fs/cgroup; do
		[ ! -d "${fs#*:}" ] || mount -t "${fs%%:*}" "${fs%%:*}" "${fs#*:}"
	done
	# The host's pid files and sockets mean nothing here.
	case $VM_TOP:$VM_RUN in
	/run/*|*:/run/*) ;;
	*) mount -t tmpfs -o mode=755 run run ;;
	esac
	mkdir -p run/netns run/lock
	hostname nvnic
	ip link set lo up
}

# The modules of a kernel that is not the host's, where modprobe looks for them.
place_modules()
{
	[ -n "$VM_MODULES" ] && [ "$VM_MODULES" != "/lib/modules/$(uname -r)" ] || return 0
	mkdir -p "lib/modules/$(uname -r)"
	mount --bind ".$VM_MODULES" "lib/modules/$(uname -r)" || fail "cannot find $VM_MODULES in the guest"
}
