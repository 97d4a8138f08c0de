# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# nvnic: what vm-run.sh and uml-run.sh share: their options, the directory of a run,
# what the guest is told, and the verdict. Source it after lib.sh, do not run it.
#
# Copyright (C) 2026 nvnic contributors
# shellcheck disable=SC2034	# who sources this reads them

interactive='' out='' kernel='' modules='' append='' verbose='' allow_splat=''
cpus=2 timeout=1800

# guest_option OPTION [VALUE]: take it if it is one of both scripts. Sets taken to
# the number of words it took, 0 if it is none.
guest_option()
{
	taken=1
	case $1 in
	-h|--help) usage 0 ;;
	-i|--interactive) interactive=1; return ;;
	-v|--verbose) verbose=1; return ;;
	--allow-splat) allow_splat=1; return ;;
	esac
	taken=2
	case $1 in
	--timeout|--out|--kernel|--cpus|--mem|--append)
		[ $# -ge 2 ] || die "$1 needs a value: see --help"
		;;&
	--timeout) timeout=$2 ;;
	--out) out=$2 ;;
	--kernel) kernel=$2 ;;
	--cpus) cpus=$2 ;;
	--mem) mem=$2 ;;
	--append) append=$2 ;;
	*) taken=0 ;;
	esac
}

# What of the options no guest could be started with.
guest_check_options()
{
	[[ $timeout =~ ^[1-9][0-9]*$ ]] || die "--timeout takes whole seconds, not '$timeout'"
	[[ $cpus =~ ^[1-9][0-9]*$ ]] || die "--cpus takes a number of CPUs, not '$cpus'"
	[ -z "$out" ] || { mkdir -p "$out" && out=$(realpath "$out"); }
}

# guest_run_directory KIND COMMAND...: make $run, where the logs of this run go,
# and put the command there.
guest_run_directory()
{
	local base=$NVNIC_CACHE/$1

	shift
	mkdir -p "$base"
	find "$base" -maxdepth 1 -name 'run.*' -mmin +180 -exec rm -rf {} +
	run=$(mktemp -d "$base/run.XXXXXX")
	ln -sfn "$run" "$base/last"
	if [ $# -gt 0 ]; then
		printf '%q ' "$@" >"$run/command"
	else
		echo "exec bash -l" >"$run/command"
	fi
}

# guest_write_env RUN: what the guest is told, in $run/vm.env.
guest_write_env()
{
	local tty=''

	[ -z "$interactive" ] || tty=$(stty -a 2>/dev/null | sed -n 's/.*rows \([0-9]*\); columns \([0-9]*\);.*/rows \1 cols \2/p')
	cat >"$run/vm.env" <<-EOF
	VM_TOP=$(printf %q "$NVNIC_TOP")
	VM_RUN=$(printf %q "$1")
	VM_PWD=$(printf %q "$PWD")
	VM_MODULES=$(printf %q "$modules")
	VM_OUT=${out:+1}
	VM_TIMEOUT=$timeout
	VM_TERM=$(printf %q "${TERM:-dumb}")
	VM_TTY=${interactive:+$(printf %q "${tty:-rows 24 cols 80}")}
	EOF
}

# What the kernel said, and whether it said anything bad. Sets log and splats.
guest_read_log()
{
	splats=0
	log=$run/dmesg.log
	[ -s "$log" ] || log=$run/console.log
	[ -s "$log" ] || return 0
	splats=$(grep -c -E -f "$NVNIC_TOP/selftests/lib/splats" "$log") || true
}

# guest_died STATUS MONITOR: say what is known of a guest that left no exit status;
# MONITOR ran it and its log is $run/MONITOR.log.
guest_died()
{
	if grep -q 'Kernel panic' "$run/console.log" 2>/dev/null; then
		say "the guest's kernel panicked (whole log: $run/console.log):"
		sed -n '/corruption\|BUG:\|kernel BUG\|Oops\|INFO: task\|INFO: rcu\|Kernel panic/,$p' \
			"$run/console.log" | head -n 100 >&2
	elif [ -n "$1" ]; then
		say "$1 (log: $run/console.log)"
	elif [ -s "$run/console.log" ]; then
		say "the guest died or hung without a word; the end of $run/console.log:"
		tail -n 20 "$run/console.log" >&2
	else
		say "$2 did not start the guest: $(tail -n 3 "$run/$2.log")"
	fi
}

# guest_verdict MONITOR: the exit status of the script, and why.
guest_verdict()
{
	local status

	status=$(cat "$run/status" 2>/dev/null) || true
	guest_read_log
	case $status in
	"exit 124")
		say "time limit of $timeout s reached; where the guest stood (whole log: $run/dmesg.log):"
		sed -n '/guest: time limit/,$p' "$run/dmesg.log" | head -n 200 >&2
		return 124
		;;
	"exit "*) ;;
	*)
		guest_died "$status" "$1"
		return 125
		;;
	esac
	status=${status#exit }
	if [ "$splats" -gt 0 ] && [ -z "$allow_splat" ]; then
		say "the guest's kernel complained (whole log: $log):"
		grep -n -E -A 30 -m 3 -f "$NVNIC_TOP/selftests/lib/splats" "$log" | head -n 90 >&2
		[ "$status" -ne 0 ] || return 126
	fi
	return "$status"
}
