#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Boot the guest kernel under QEMU and run one command in it as root.
#
# Usage: scripts/vm-run.sh [options] [--] COMMAND [ARG...]
#        scripts/vm-run.sh [options] -i              (a shell)
#
#   -i, --interactive    a terminal in the guest; without COMMAND a shell
#   --timeout SECONDS    end the guest after that long (default 1800)
#   --out DIR            DIR appears, writable, as /out in the guest
#   --hub-pair           two virtio-net NICs on a QEMU hub
#   --kernel FILE        another kernel image ...
#   --modules-dir DIR    ... and its lib/modules/RELEASE ("none": all built in)
#   --cpus N, --mem SIZE (default 2, 3G)
#   --cpu MODEL          QEMU's -cpu
#   --accel kvm|tcg      do not try KVM first (also $NVNIC_ACCEL)
#   --icount             the guest's clock counts its instructions (4 ns each), so that
#                        rates do not depend on what else this machine does (TCG only)
#   --append WORDS       more words for the kernel command line
#   --allow-splat        kernel warnings do not fail the run
#   -v, --verbose        say what is booted, and how long it took
#
# The guest sees this machine's whole root file system, the working directory
# included; what it writes there is forgotten (but for /out). COMMAND's output
# is printed as it comes and its exit status is the script's, but for:
#   124  time limit    125  guest not started, or died without a status
#   126  the command ended with 0, but the kernel log holds a warning
# Logs: build/vm/last/{console,dmesg,qemu}.log
#
# Examples:
#   scripts/vm-run.sh -- uname -a
#   scripts/vm-run.sh --timeout 300 --out /tmp/o -- sh -c 'insmod nvnic.ko && dmesg > /out/log'
#   scripts/vm-run.sh -i
#
# Copyright (C) 2026 nvnic contributors
# shellcheck disable=SC2054	# QEMU's options have commas
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/guest.sh
. "$NVNIC_TOP/scripts/guest.sh"

hub='' icount='' cpu='' mem=3G accel=${NVNIC_ACCEL:-} tcg_threads=multi

# TCG runs "rep movsb" byte by byte, so the guest must not believe that it is
# fast (ERMS, FSRM): without them iperf3 over gretap runs 4 times as fast. The
# others cost TCG work for nothing: stac and clac end a translation block each
# (SMAP), a page walk of five levels (LA57), and the larger context of XSAVE.
# Of cmpxchg16b TCG now and then leaves flags that were no flags, and the kernel
# traps on them in its slab allocator: without CX16 it does not use it.
tcg_cpu=max,-erms,-fsrm,-smap,-la57,-xsave,-avx,-avx2,-cx16

while [ $# -gt 0 ]; do
	guest_option "$@"
	shift "$taken"
	[ "$taken" -eq 0 ] || continue
	case $1 in
	--hub-pair) hub=1; shift; continue ;;
	--icount) icount=1; shift; continue ;;
	--) shift; break ;;
	--*) [ $# -ge 2 ] || die "$1 needs a value: see --help" ;;
	-*) die "unknown option $1: see --help" ;;
	*) break ;;
	esac
	case $1 in
	--modules-dir) modules=$2 ;;
	--cpu) cpu=$2 ;;
	--accel) accel=$2 ;;
	*) die "unknown option $1: see --help" ;;
	esac
	shift 2
done
[ -n "$interactive" ] || [ $# -gt 0 ] || usage 2 >&2

if [ -n "$icount" ]; then
	[ "$accel" != kvm ] || die "--icount counts instructions, which only --accel tcg can"
	# QEMU counts for one thread, which all of the guest's CPUs take turns on.
	accel=tcg tcg_threads=single
fi

# TCG takes two seconds to unpack a kernel, the host a moment.
unpacked()
{
	local image=$1 elf=$NVNIC_CACHE/vm/vmlinux-$2 at

	if [ ! -e "$elf" ] || [ "$image" -nt "$elf" ]; then
		mkdir -p "$NVNIC_CACHE/vm"
		at=$(LC_ALL=C grep -abo -P '\x28\xb5\x2f\xfd' "$image" | head -n 1 | cut -d: -f1) || true
		tail -c +$((${at:-0} + 1)) "$image" | zstd -qdc >"$elf.$$" 2>/dev/null || true
		if [ "$(head -c 4 "$elf.$$")" != $'\177ELF' ]; then
			rm -f "$elf.$$"
			echo "$image"
			return
		fi
		mv "$elf.$$" "$elf"
	fi
	echo "$elf"
}

find_kernel()
{
	local rel

	if [ -n "$kernel" ]; then
		[ -r "$kernel" ] || die "no kernel image at $kernel"
		[ -n "$modules" ] || die "--kernel needs --modules-dir (its lib/modules/RELEASE, or none)"
	else
		rel=$(kernel_release "$("$NVNIC_TOP/scripts/kdir.sh" --guest)")
		guest_kernel "$rel" ||
			die "no kernel image for $rel, the headers' release: run scripts/deps.sh vm"
		kernel=$(unpacked "$GUEST_KERNEL" "$rel")
		[ -n "$modules" ] || modules=$GUEST_MODULES
	fi
	[ "$modules" != none ] || { modules=''; return; }
	modules=$(realpath "$modules")
	[ -r "$modules/modules.dep" ] || die "no modules.dep in $modules: run depmod"
}

# The modules that the root file system needs, in the order to load them, by
# path. modprobe wants the tree two levels up.
root_modules()
{
	[ -n "$modules" ] || return 0
	PATH=$PATH:/usr/sbin:/sbin modprobe --show-depends -a \
		-d "$(realpath "$modules/../../..")" -S "$(basename "$modules")" \
		virtio_pci 9pnet_virtio 9p overlay |
		awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

make_initramfs()
{
	local root=$run/initramfs path name

	mkdir -p "$root"/{bin,proc,sys,dev,mod}
	cp "$(command -v busybox)" "$root/bin/busybox"
	cp "$NVNIC_TOP/scripts/vm-init.sh" "$root/init"
	: >"$root/mod/order"
	while read -r path; do
		name=$(basename "$path")
		case $name in
		*.xz) name=${name%.xz}; xz -dc "$path" >"$root/mod/$name" ;;
		*.zst) name=${name%.zst}; zstd -qdc "$path" >"$root/mod/$name" ;;
		*.gz) name=${name%.gz}; gzip -dc "$path" >"$root/mod/$name" ;;
		*) cp "$path" "$root/mod/$name" ;;
		esac
		echo "$name" >>"$root/mod/order"
	done < <(root_modules)
	cp "$run/vm.env" "$root/vm.env"
	( cd "$root" && find . | cpio -o -H newc --quiet ) >"$1"
	rm -rf "$root"
}

# q PATH: QEMU's options double a comma.
q()
{
	printf %s "${1//,/,,}"
}

qemu_args()
{
	qemu=(qemu-system-x86_64 -nodefaults -no-user-config -no-reboot
		-display none -smp "$cpus" -m "$mem" -kernel "$kernel"
		-serial "file:$(q "$run/console.log")"
		-device virtio-serial-pci
		-chardev "file,id=status,path=$(q "$run/status")"
		-device virtserialport,chardev=status,name=vm.status)
	case $1 in
	kvm) qemu+=(-machine q35,hpet=off -accel kvm -cpu "${cpu:-host}") ;;
	tcg) qemu+=(-machine q35,hpet=off -accel "tcg,thread=$tcg_threads" -cpu "${cpu:-$tcg_cpu}") ;;
	esac
	# loglevel: a warning must be in the console's log should the guest die.
	cmdline="console=ttyS0 loglevel=5 panic=-1 oops=panic reboot=t mitigations=off tsc=reliable no_timer_check"
	cmdline+=" unknown_nmi_panic"
	cmdline+=" random.trust_cpu=on log_buf_len=8M net.ifnames=0"
	# The kernel's own limits are for CPUs that are there all the time.
	cmdline+=" rcupdate.rcu_cpu_stall_timeout=90 watchdog_thresh=45"
	# Whoever deletes a namespace or reads a counter waits for grace periods.
	cmdline+=" rcupdate.rcu_expedited=1"
	if [ -n "$icount" ]; then
		# sleep=off: a guest that has nothing to do is at its next timer at once,
		# so that a wait for a file of the host may take minutes of its time.
		qemu+=(-icount shift=2,sleep=off)
		cmdline+=" sysctl.kernel.hung_task_timeout_secs=0"
	fi
	cmdline+=" $append"
}

# Many a /dev/kvm exists and cannot run a guest; only a boot tells. The answer
# holds until this machine restarts.
kvm_works()
{
	local mark pid

	[ -r /dev/kvm ] && [ -w /dev/kvm ] || return 1
	mark=$NVNIC_CACHE/vm/kvm-$(cat /proc/sys/kernel/random/boot_id)
	if [ ! -e "$mark" ]; then
		echo no >"$mark"
		guest_write_env probe
		make_initramfs "$run/probe.cpio"
		qemu_args kvm
		: >"$run/probe.log"
		"${qemu[@]}" -initrd "$run/probe.cpio" -append "$cmdline" </dev/null >"$run/probe.log" 2>&1 &
		pid=$!
		# Not a job: bash would report how it died.
		disown "$pid"
		for _ in {1..100}; do
			! grep -q 'KVM internal error' "$run/probe.log" || break
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.1
		done
		kill "$pid" 2>/dev/null || true
		! grep -qx 'exit 0' "$run/status" 2>/dev/null || echo yes >"$mark"
		rm -f "$run/status"
	fi
	grep -qx yes "$mark"
}

choose_accel()
{
	case $accel in
	kvm|tcg) return ;;
	"") ;;
	*) die "no accelerator '$accel': kvm or tcg" ;;
	esac
	accel=tcg
	if kvm_works; then
		accel=kvm
	elif [ ! -e "$NVNIC_CACHE/vm/said-tcg" ]; then
		say "/dev/kvm is absent or cannot run a guest: using QEMU's TCG, which is slower"
		: >"$NVNIC_CACHE/vm/said-tcg"
	fi
}

add_devices()
{
	local i

	qemu+=(-fsdev "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap"
		-device virtio-9p-pci,fsdev=root,mount_tag=root)
	if [ -n "$out" ]; then
		qemu+=(-fsdev "local,id=out,path=$(q "$out"),security_model=none"
			-device virtio-9p-pci,fsdev=out,mount_tag=out)
	fi
	qemu+=(-chardev "file,id=dmesg,path=$(q "$run/dmesg.log")"
		-device virtserialport,chardev=dmesg,name=vm.dmesg)
	if [ -n "$interactive" ]; then
		qemu+=(-chardev stdio,id=tty,signal=off -device virtconsole,chardev=tty)
	else
		qemu+=(-chardev "file,id=out,path=$(q "$run/pipe")"
			-device virtserialport,chardev=out,name=vm.out
			-chardev "pipe,id=monitor,path=$(q "$run/monitor")" -mon chardev=monitor)
	fi
	[ -z "$hub" ] || for i in 0 1; do
		qemu+=(-netdev "hubport,id=hub$i,hubid=1"
			-device "virtio-net-pci,netdev=hub$i,mac=52:54:00:6e:76:0$i,romfile=")
	done
}

# An NMI reaches a CPU that takes no interrupts; the kernel says where it was, and
# panics.
end_hung()
{
	echo nmi >"$run/monitor.in"
	sleep 5
	kill "$qemu_pid"
}

boot()
{
	local limit=$((timeout + 60))

	if [ -n "$interactive" ]; then
		"${qemu[@]}" -initrd "$run/initramfs.cpio" -append "$cmdline" 2>"$run/qemu.log" || true
		return
	fi
	# QEMU makes what it writes to non-blocking; a pipe of its own keeps that
	# from whoever shares our stdout.
	mkfifo "$run"/{pipe,monitor.in,monitor.out}
	cat "$run/pipe" &
	reader_pid=$!
	"${qemu[@]}" -initrd "$run/initramfs.cpio" -append "$cmdline" \
		</dev/null >"$run/qemu.log" 2>&1 &
	qemu_pid=$!
	# The guest ends itself at the time limit, unless it hangs.
	( sleep "$limit" & trap 'kill $!; exit' TERM; wait $!; end_hung ) 2>/dev/null &
	guard_pid=$!
	wait "$qemu_pid" || true
	qemu_pid=
	kill "$guard_pid" 2>/dev/null || true
	wait "$guard_pid" 2>/dev/null || true
	wait "$reader_pid" || true
}

qemu_pid='' reader_pid='' guard_pid=''
# shellcheck disable=SC2317
cleanup()
{
	[ -z "$qemu_pid" ] || kill "$qemu_pid" 2>/dev/null || true
	[ -z "$guard_pid" ] || kill "$guard_pid" 2>/dev/null || true
	rm -rf "$run/initramfs.cpio" "$run/probe.cpio" "$run"/{pipe,monitor.in,monitor.out} "$run/initramfs"
}

for tool in qemu-system-x86_64 busybox cpio; do
	command -v "$tool" >/dev/null || die "$tool is not installed: run scripts/deps.sh vm"
done
find_kernel
guest_check_options
guest_run_directory vm "$@"
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

choose_accel
guest_write_env "$run"
echo "VM_ICOUNT=$icount" >>"$run/vm.env"
make_initramfs "$run/initramfs.cpio"
qemu_args "$accel"
add_devices
[ -z "$verbose" ] || say "booting $kernel with $accel, $cpus CPUs, $mem"
SECONDS=0
boot
[ -z "$verbose" ] || say "guest ended after $SECONDS s"
rc=0
guest_verdict qemu || rc=$?
exit "$rc"
