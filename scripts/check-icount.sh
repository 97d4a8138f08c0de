#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Show that vm-run.sh --icount gives the same figures on an idle and on a busy host.
#
# Usage: scripts/check-icount.sh [vm-run.sh's options]
#
# A guest measures the rate of a tbf on nvn0 and the round trips of a datagram in a
# second of its time; then again beside two busy loops a CPU of this machine. Each
# figure must be within 1 % of the one before, and the rate within 1 % of 10 Mbit/s.
# Prints TAP. Most of the time it boots.
#
# Example: scripts/check-icount.sh --cpus 1
#
# Copyright (C) 2026 nvnic contributors
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

case ${1:-} in
-h|--help) usage 0 ;;
esac
clock=(--icount)
# To see the test fail: the same guest by the host's clock.
[ -z "${NVNIC_NO_ICOUNT:-}" ] || clock=(--accel tcg)
cd "$NVNIC_TOP"
scripts/deps.sh vm
build_module
out=$NVNIC_CACHE/icount
rm -rf "$out" && mkdir -p "$out"

loops=()
end_loops()
{
	[ ${#loops[@]} -eq 0 ] || kill "${loops[@]}" 2>/dev/null || true
	loops=()
	rm -f "$out/figures"
}
trap end_loops EXIT

keep_busy()
{
	local i

	for ((i = 0; i < 2 * $(nproc); i++)); do
		while :; do :; done &
		loops+=("$!")
	done
	: >"$out/busy"
}

say "booting a guest whose clock counts its instructions"
mkfifo "$out/figures"
scripts/vm-run.sh --timeout 600 --out "$out" "${clock[@]}" "$@" -- scripts/icount_guest.py \
	>"$out/figures" &
guest=$!
exec 3<"$out/figures"
idle='' busy=''
if read -r idle <&3; then
	say "idle: $idle"
	keep_busy
	read -r busy <&3 || true
	say "busy: $busy"
fi
end_loops
wait "$guest" || die "the guest failed (exit status $?): see above, and the logs in $NVNIC_CACHE/vm/last"

python3 - "$idle" "$busy" <<'EOF'
import json
import sys

idle, busy = (json.loads(text) for text in sys.argv[1:])
wanted = [(name, busy[name], value, "on an idle host") for name, value in idle.items()]
wanted.append(("tbf Mbit/s", idle["tbf Mbit/s"], 10, "asked for"))
good = True
print(f"1..{len(wanted)}")
for number, (name, got, value, what) in enumerate(wanted, 1):
    near = abs(got / value - 1) <= 0.01
    good &= near
    print(f"{'' if near else 'not '}ok {number} {name}: {got:.2f}, {value:.2f} {what}")
sys.exit(not good)
EOF
