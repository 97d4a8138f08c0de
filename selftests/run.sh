#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Run the selftests. For inside the VM: it loads and unloads nvnic.ko.
#
# Usage: selftests/run.sh [options] [TEST...]
#
#   TEST              a file of selftests/ (default: all of its .py and .sh
#                     but those for the demo and the debug kernels)
#   --timeout SEC     limit for a test (default 600; a test may hold a line
#                     "# timeout: SEC" of its own)
#   --slow N          multiply these limits
#   --no-module       do not load nvnic.ko (for trying tests on stand-ins)
#   --totals FILE     write "PASSED FAILED SKIPPED" there instead of a closing line
#   -l, --list        name the tests
#
# Each test is a program that prints TAP or KTAP and exits with 0, 1 or 4 (all
# skipped). It finds a freshly loaded module and must leave nothing behind; what
# it leaves, and what the kernel complains about meanwhile, fails it. Where a task
# outlives SIGKILL at the time limit, its stack is shown and the run ends.
# Arguments after a "--" go to each test: cases to run, by part of their name.
#
# Examples (on the host):
#   make check
#   scripts/vm-run.sh -- selftests/run.sh
#   scripts/vm-run.sh -- selftests/run.sh seg_equiv.py -- gretap
#
# Copyright (C) 2026 nvnic contributors
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=selftests/lib/tap.sh
. "$here/lib/tap.sh"

limit=600 slow=1 module=1 totals='' list='' tests=() args=()
while [ $# -gt 0 ]; do
	case $1 in
	-h|--help) sed -n '3,/^# Copyright/{/^# Copyright/d;s/^# \{0,1\}//;p}' "$0"; exit ;;
	--timeout) limit=$2; shift ;;
	--slow) slow=$2; shift ;;
	--totals) totals=$2; shift ;;
	--no-module) module='' ;;
	-l|--list) list=1 ;;
	--) shift; args=("$@"); break ;;
	-*) echo "run.sh: unknown option $1: see --help" >&2; exit 2 ;;
	*) tests+=("$(basename "$1")") ;;
	esac
	shift
done

if [ ${#tests[@]} -eq 0 ]; then
	# demo.py is for make demo, the other three are for make check-debug.
	for path in "$here"/*.py "$here"/*.sh; do
		case ${path##*/} in
		'*.py'|'*.sh'|run.sh|demo.py|kunit.py|planted.py|stress.py) ;;
		*) tests+=("${path##*/}") ;;
		esac
	done
fi
if [ -n "$list" ]; then
	printf '%s\n' "${tests[@]}"
	exit
fi

[ -n "${NVNIC_VM:-}" ] || {
	echo "run.sh: this loads a kernel module: run it in the VM, with scripts/vm-run.sh -- selftests/run.sh" >&2
	exit 2
}
export NVNIC_KO=${NVNIC_KO:-$(dirname "$here")/nvnic.ko}
if [ -n "$module" ] && [ ! -r "$NVNIC_KO" ]; then
	echo "run.sh: no $NVNIC_KO: run make first" >&2
	exit 2
fi

logs=${NVNIC_OUT:-/tmp}/logs
mkdir -p "$logs"
# Tunnel modules would put gre0 and friends into every new namespace.
sysctl -qw net.core.fb_tunnels_only_for_init_net=2

state()
{
	ip -o link | awk -F': ' '{ sub(/@.*/, "", $2); print "interface " $2 }' |
		grep -v -e ' nvn[0-9]*$' -e ' nvnwire[0-9]*$'
	ip netns list | awk '{ print "namespace " $1 }'
}

unload()
{
	[ -n "$module" ] && [ -d /sys/module/nvnic ] || return 0
	# A dead network namespace gives its interfaces back a little later.
	timeout 60 rmmod nvnic
}

# What a test left behind fails it, but must not fail the next one.
clean_up()
{
	local kind name

	while read -r kind name; do
		echo "left behind: $kind $name"
		case $kind in
		namespace) ip netns del "$name" ;;
		interface) ip link del "$name" ;;
		esac
	done < <(comm -13 <(sort <<<"$before") <(state | sort)) 2>&1
}

# How many DMA mappings there are, in a kernel that keeps a record. That a driver
# left some when it was unbound it tells of the buses it was built with, only.
dma_mappings()
{
	local dir=/sys/kernel/debug/dma-api

	[ -d "$dir" ] || return 0
	echo $(($(cat "$dir/nr_total_entries") - $(cat "$dir/num_free_entries")))
}

# What nobody points to any more. Of an unloaded module the backtraces have but
# addresses; whatever of code is up there was a module's.
leaks()
{
	local file=/sys/kernel/debug/kmemleak

	[ -e "$file" ] || return 0
	echo scan >"$file"
	awk '/^unreferenced/ { show(); text = ""; ours = 0 }
		{ text = text "  " $0 "\n" }
		/\[(nvnic|nvpe_kunit)\]|0xffffffff[a-f]/ { ours = 1 }
		function show() { if (ours) printf "memory leak:\n%s", text }
		END { show() }' "$file"
	echo clear >"$file"
}

# What must hold after a test; prints what does not.
check_after()
{
	local name=$1 mappings

	clean_up
	unload || echo "the module cannot be unloaded (use count $(cat /sys/module/nvnic/refcnt 2>/dev/null))"
	leaks
	mappings=$(dma_mappings)
	[ "$mappings" = "$mapped" ] || echo "$mappings DMA mappings, $mapped before"
	dmesg | awk -v mark="nvnic-selftest: $name" 'index($0, mark) { n = 0 } { l[n++] = $0 }
		END { for (i = 0; i < n; i++) print l[i] }' >"$logs/$name.dmesg"
	if grep -q -E -f "$here/lib/splats" "$logs/$name.dmesg"; then
		echo "the kernel complained:"
		grep -E -A 25 -m 1 -f "$here/lib/splats" "$logs/$name.dmesg" | sed 's/^/  /'
	fi
}

# watch_test SECONDS: when a test's time is up, the kernel says where tasks wait.
# What still holds the test's output half a minute after they were killed waits for
# ever, and mostly with a lock that everybody needs.
watch_test()
{
	trap 'kill $!; exit' TERM
	sleep "$1" & wait $!
	echo w >/proc/sysrq-trigger
	sleep "$((30 * slow))" & wait $!
	: >"$logs/hangs"
	kill -KILL "$(<"$logs/test.pid")" "$(<"$logs/tee.pid")"
}

# What the kernel said last of tasks that wait.
waiting_tasks()
{
	dmesg | awk '/sysrq: Show Blocked State/ { n = 0 } { l[n++] = $0 }
		END { for (i = 0; i < n && i < 150; i++) print l[i] }'
}

run_one()
{
	local name=$1 path=$here/$1 log=$logs/$1.tap own p f s after watcher
	local -i status=0 started=$SECONDS seconds

	[ -x "$path" ] || {
		printf '# %s: not there, or not executable\n' "$path"
		failed+=1
		return
	}
	own=$(sed -n 's/^# timeout: \([0-9]*\)$/\1/p' "$path" | head -n 1)
	printf '\n# === %s\n' "$name"
	echo "nvnic-selftest: $name" >/dev/kmsg
	before=$(state)
	mapped=$(dma_mappings)
	if [ -n "$module" ] && ! insmod "$NVNIC_KO"; then
		printf 'not ok - %s: cannot load %s\n' "$name" "$NVNIC_KO"
		failed+=1
		return
	fi
	seconds=$((${own:-$limit} * slow))
	watch_test "$seconds" 2>/dev/null &
	watcher=$!
	( echo "$BASHPID" >"$logs/test.pid"
	  cd "$here" && exec timeout -k 10 "$((seconds + 1))" "$path" "${args[@]}" ) 2>&1 </dev/null |
		( echo "$BASHPID" >"$logs/tee.pid"; exec tee "$log" ) || status=${PIPESTATUS[0]}
	kill "$watcher" 2>/dev/null || true
	wait "$watcher" || true
	read -r p f s < <(tap_count "$log" "$status" 2>"$log.why")
	cat "$log.why"
	if [ -e "$logs/hangs" ]; then
		printf 'not ok - %s hangs: it cannot be killed, and nothing can run after it\n' "$name"
		waiting_tasks | sed 's/^/# /'
		passed+=p failed+=f+1 skipped+=s
		bad+=("$name")
		return
	fi
	after=$(check_after "$name")
	if [ -n "$after" ]; then
		printf 'not ok - %s leaves nothing behind\n' "$name"
		printf '# %s\n' "${after//$'\n'/$'\n'# }"
		f=$((f + 1))
	fi
	passed+=p failed+=f skipped+=s
	printf '# --- %s: %d ok, %d not ok, %d skip, %d s\n' "$name" "$p" "$f" "$s" \
		$((SECONDS - started))
	[ "$f" -eq 0 ] || bad+=("$name")
}

# What a kernel that watches has to say after the last test; nothing is good.
check_watchers()
{
	# An object is not missed before it is 5 seconds old, nor by the first scan.
	if [ -e /sys/kernel/debug/kmemleak ]; then
		sleep 6
		leaks
		leaks
	fi
	[ ! -e /proc/lockdep_stats ] || grep -q 'debug_locks: *1' /proc/lockdep_stats ||
		echo "lockdep has turned itself off"
}

declare -i passed=0 failed=0 skipped=0
bad=()
rm -f "$logs/hangs"
[ ! -e /sys/kernel/debug/dma-api ] || echo 1 >/sys/kernel/debug/dma-api/all_errors
unload
for name in "${tests[@]}"; do
	run_one "$name"
	# After each: should a later one bring the kernel down, these still count.
	[ -z "$totals" ] || echo "$passed $failed $skipped" >"$totals"
	[ ! -e "$logs/hangs" ] || break
done
after=''
[ -e "$logs/hangs" ] || after=$(check_watchers)
if [ -n "$after" ]; then
	printf 'not ok - silence of the kernel\n# %s\n' "${after//$'\n'/$'\n'# }"
	failed+=1
	[ -z "$totals" ] || echo "$passed $failed $skipped" >"$totals"
fi
echo
[ ${#bad[@]} -eq 0 ] || printf '# failed: %s\n' "${bad[*]}"
if [ -z "$totals" ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
fi
[ "$failed" -eq 0 ]
