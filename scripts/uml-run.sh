#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Start a User Mode Linux guest, a kernel that is a process of this machine, and run
# one command in it as root.
#
# Usage: scripts/uml-run.sh [options] [--] COMMAND [ARG...]
#        scripts/uml-run.sh [options] -i              (a shell)
#
#   -i, --interactive    a terminal in the guest; without COMMAND a shell
#   --timeout SECONDS    end the guest after that long (default 1800)
#   --out DIR            DIR appears, writable, as /out in the guest
#   --kernel FILE        another kernel of scripts/build-kernel.sh; its modules, if
#                        any, are in lib/modules beside it
#   --cpus N, --mem SIZE (default 2, 1500M)
#   --append WORDS       more words for the kernel command line
#   --allow-splat        kernel warnings do not fail the run
#   -v, --verbose        say what is booted, and how long it took
#
# The guest sees this machine's whole root file system, the working directory
# included; what it writes there is forgotten (but for /out). It has no network of
# the host, and the host's kernel notices nothing. COMMAND's output is printed as it
# comes and its exit status is the script's, but for:
#   124  time limit    125  guest not started, or died without a status
#   126  the command ended with 0, but the kernel log holds a warning
# Logs: build/uml/last/{console,dmesg,linux}.log
#
# Examples:
#   scripts/uml-run.sh -- uname -a
#   dir=$(scripts/build-kernel.sh uml)
#   scripts/uml-run.sh --cpus 1 -- env NVNIC_KO=$dir/nvnic.ko selftests/run.sh rss.py
#   scripts/uml-run.sh -i
#
# Copyright (C) 2026 nvnic contributors
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/guest.sh
. "$NVNIC_TOP/scripts/guest.sh"

mem=1500M
while [ $# -gt 0 ]; do
	guest_option "$@"
	shift "$taken"
	[ "$taken" -eq 0 ] || continue
	case $1 in
	--) shift; break ;;
	-*) die "unknown option $1: see --help" ;;
	*) break ;;
	esac
done
[ -n "$interactive" ] || [ $# -gt 0 ] || usage 2 >&2

find_kernel()
{
	local dir

	[ -n "$kernel" ] || kernel=$("$NVNIC_TOP/scripts/build-kernel.sh" --kernel uml)/vmlinux
	[ -x "$kernel" ] || die "no kernel at $kernel"
	kernel=$(realpath "$kernel")
	for dir in "$(dirname "$kernel")"/lib/modules/*; do
		[ ! -d "$dir" ] || modules=$dir
	done
}

# UML's memory is a file that it has unlinked: in /dev/shm, unless that is smaller
# than the guest may grow.
memory_directory()
{
	local want=$mem have

	have=$(df --output=avail -B 1 /dev/shm 2>/dev/null | tail -n 1) || have=0
	want=$(numfmt --from=iec "${want^^}") || die "--mem takes a size such as 1500M, not '$mem'"
	if [ "$have" -ge "$want" ] && [ -w /dev/shm ]; then
		echo /dev/shm
	else
		echo "$run"
	fi
}

uml_args()
{
	uml=("$kernel" "mem=$mem" "ncpus=$cpus" seccomp=on "uml_dir=$sockets" umid=guest
		rootfstype=hostfs root=/dev/root ro "init=$NVNIC_TOP/scripts/uml-init.sh"
		con=null console=tty0 loglevel=5 oops=panic log_buf_len=8M
		net.ifnames=0 random.trust_cpu=on "VM_RUN=$run")
	# Whoever deletes a namespace or reads a counter waits for grace periods.
	uml+=(rcupdate.rcu_expedited=1 rcupdate.rcu_cpu_stall_timeout=90)
	if [ -n "$interactive" ]; then
		uml+=("con0=null,fd:3" "con1=fd:0,fd:1")
	else
		uml+=("con0=null,fd:3" "con1=null,fd:4")
	fi
	# shellcheck disable=SC2206	# words
	uml+=($append)
}

# A guest that hangs still answers to its management console, unless no CPU of it
# takes interrupts any more. Then its kernel panics where it is, by a signal that it
# does not know.
show_stacks()
{
	say "the guest did not end at its time limit; its tasks follow in $run/console.log"
	"$NVNIC_TOP/scripts/uml-console.py" "$sockets/guest/mconsole" "sysrq 9" "sysrq l" "sysrq w" ||
		{ say "its management console does not answer"; kill -FPE "$uml_pid"; sleep 5; }
	grep -a -A 40 'sysrq: ' "$run/console.log" | head -n 120 >&2 || true
}

# The guest ends itself at the time limit, unless it hangs.
guard()
{
	sleep "$1" &
	trap 'kill $!' TERM
	wait $! || return 0
	show_stacks
	kill -KILL -- "-$uml_pid"
}

boot()
{
	ulimit -c 0
	: >"$run/console.log"
	if [ -n "$interactive" ]; then
		"${uml[@]}" 2>"$run/linux.log" 3>>"$run/console.log" || true
		return
	fi
	# UML makes what it writes to non-blocking; a pipe of its own keeps that
	# from whoever shares our stdout.
	mkfifo "$run/pipe"
	cat "$run/pipe" &
	reader_pid=$!
	# A session of its own, for a guest is a process for each CPU and for each
	# address space.
	setsid "${uml[@]}" </dev/null >"$run/linux.log" 2>&1 \
		3>>"$run/console.log" 4>"$run/pipe" &
	uml_pid=$!
	guard "$((timeout + 30))" &
	guard_pid=$!
	wait "$uml_pid" 2>/dev/null || true
	kill -KILL -- "-$uml_pid" 2>/dev/null || true
	uml_pid=
	kill "$guard_pid" 2>/dev/null || true
	wait "$guard_pid" 2>/dev/null || true
	wait "$reader_pid" || true
}

uml_pid='' reader_pid='' guard_pid='' sockets=''
# shellcheck disable=SC2317
cleanup()
{
	[ -z "$uml_pid" ] || kill -KILL -- "-$uml_pid" 2>/dev/null || true
	[ -z "$guard_pid" ] || kill "$guard_pid" 2>/dev/null || true
	[ -z "$sockets" ] || rm -rf "$sockets"
	rm -f "$run/pipe"
	rmdir "$run/mnt" 2>/dev/null || true
}

guest_check_options
find_kernel
guest_run_directory uml "$@"
mkdir "$run/mnt"
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# The name of a socket has but 108 bytes.
sockets=$(mktemp -d /tmp/nvnic-uml.XXXXXX)
guest_write_env "$run"
cat >>"$run/vm.env" <<-EOF
VM_UML=1
VM_OUT_DIR=$(printf %q "$out")
EOF
uml_args
TMPDIR=$(memory_directory)
export TMPDIR
[ -z "$verbose" ] || say "starting $kernel, $cpus CPUs, $mem"
SECONDS=0
boot
[ -z "$verbose" ] || say "guest ended after $SECONDS s"
# Its own terminal settings it gives back only when it ends well.
[ -z "$interactive" ] || stty sane 2>/dev/null || true
rc=0
guest_verdict linux || rc=$?
exit "$rc"
