#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Does a run of the selftests go red in this kernel when something is wrong? For
# inside the VM, by scripts/check-debug.sh.
#
# Usage: selftests/lib/red.sh KERNEL      (a row of scripts/check-debug.sh)
#
# Each bug of tools/planted is committed in a run of its own, which must fail and
# say why; a run without one must pass. Prints TAP. $NVNIC_PLANTED_KO is the module.
#
# Copyright (C) 2026 nvnic contributors
set -euo pipefail
run=$(cd "$(dirname "$0")/.." && pwd)/run.sh

# After lock-order and sleep lockdep is off; what hangs stays for ever.
case ${1:-} in
kasan) bugs=(shift use-after-free out-of-bounds list dma-leak hang) ;;
kasan-7.3) bugs=(shift use-after-free out-of-bounds list dma-leak leak hang) ;;
lockdep) bugs=(leak rcu lock-order sleep hang) ;;
uml-lockdep) bugs=(list dma-leak rcu lock-order sleep hang) ;;
*) echo "red.sh: no kernel '${1:-}': kasan, kasan-7.3, lockdep or uml-lockdep" >&2; exit 2 ;;
esac

declare -A says=(
	[use-after-free]='KASAN: slab-use-after-free in planted_'
	[out-of-bounds]='KASAN: slab-out-of-bounds in planted_'
	[shift]='UBSAN: shift-out-of-bounds'
	[list]='list_del corruption'
	[dma-leak]='DMA mappings, [0-9]+ before'
	[leak]='memory leak:'
	[sleep]='BUG: (sleeping function called|scheduling while atomic)'
	[rcu]='suspicious RCU usage'
	[lock-order]='possible circular locking'
	[hang]='planted_hang'
)

declare -i number=0 failed=0

# verdict NAME STATUS: 0 is good.
verdict()
{
	number+=1
	if [ "$2" -eq 0 ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
		sed 's/^/# /' "$log"
		failed+=1
	fi
}

log=$(mktemp)
echo "1..$((${#bugs[@]} + 1))"
rc=0
"$run" devlink.py -- info >"$log" 2>&1 || rc=$?
verdict "a run without a bug is green" "$rc"
for bug in "${bugs[@]}"; do
	rc=0 limit=()
	[ "$bug" != hang ] || limit=(--timeout 10)
	"$run" --no-module "${limit[@]}" planted.py -- "$bug" >"$log" 2>&1 || rc=$?
	if [ "$rc" -eq 1 ] && grep -q -E "^# +.*(${says[$bug]})" "$log"; then
		verdict "a run is red with $bug" 0
	else
		verdict "a run is red with $bug" 1
	fi
done
[ "$failed" -eq 0 ]
