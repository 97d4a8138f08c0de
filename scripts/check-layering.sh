#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Compare what each object and source file uses with the layers of the design:
# driver (nvnic_), device shell (nvhw_), packet engines (nvpe_); and within a layer
# with the order of Kbuild, so that no files use each other in a circle.
#
# Usage: scripts/check-layering.sh      (after make; prints what breaks a rule)
#
# Example: make && scripts/check-layering.sh
#
# Copyright (C) 2026 nvnic contributors
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
case ${1:-} in
-h|--help) usage 0 ;;
esac
cd "$NVNIC_TOP"
shopt -s nullglob
found=0

complain()
{
	found=1
	sed "s|^|$1: |; s|\$| - $2|"
}

# symbols OBJECT FORBIDDEN ALLOWED ADVICE: undefined symbols that match
# FORBIDDEN but not ALLOWED.
symbols()
{
	local bad

	bad=$(nm -u "$1" | awk '{ print $2 }' | grep -E "$2" | grep -v -x -E "$3") || return 0
	complain "$1" "$4" <<<"$bad"
}

# includes FORBIDDEN ADVICE FILE...: include lines that match.
includes()
{
	local bad forbidden=$1 advice=$2

	shift 2
	[ $# -gt 0 ] || return 0
	bad=$(grep -n -H -E "^[[:space:]]*#[[:space:]]*include[[:space:]]*$forbidden" "$@") || return 0
	complain layering "$advice" <<<"$bad"
}

# What a compiler or a sanitizer adds by itself.
compiler='mem(cpy|set|move|cmp)|__(fentry|stack_chk)_*[a-z_]*|__x86_[a-z_0-9]*|__(ubsan|asan|sanitizer)_.*|__fortify_panic'

driver=(drivers/nvnic/*.o)
device=(drivers/nvhw/*.o)
engine=(drivers/nvhw/engine/*.o)
[ ${#driver[@]} -gt 0 ] || { echo "no objects under drivers/nvnic: run make first"; exit 1; }

for object in "${driver[@]}"; do
	grammar=''
	[[ $object != */nvnic_request.o ]] || grammar=nvpe_request_read
	symbols "$object" '^(nvhw|nvpe)_' "$grammar" \
		"the driver reaches the device by registers, rings and interrupts only; nvnic_request.c shares its grammar"
done
for object in "${device[@]}"; do
	symbols "$object" '^nvnic_' nvnic_bus_type \
		"the device knows no driver"
	[[ $object == */nvhw_tap.o ]] ||
		symbols "$object" '^(_*(netif|netdev|napi|skb|alloc_skb|kfree_skb|consume_skb|sk_skb|dev_queue)_?|(un)?register_netdev|free_netdev)' \
			'' "only nvhw_tap.c may know net_device and sk_buff"
done
for object in "${engine[@]}"; do
	symbols "$object" . "nvpe_.*|csum_partial|$compiler" \
		"an engine is pure: bytes in, bytes out"
done

# kbuild_objects: those of the module, in the order of Kbuild.
kbuild_objects()
{
	sed -n 's/^nvnic-y.*addprefix \(.*\), .*/\1/p; s/^\t\([a-z_]*\.o\).*/\1/p' Kbuild |
		awk '/\/$/ { dir = $0; next } { print dir $0 }'
}

# floors: who uses a symbol of a file that Kbuild lists above. A circle shows so, too:
# no order fits it.
floors()
{
	local bad list

	mapfile -t list < <(kbuild_objects)
	bad=$(nm -A "${list[@]}" | awk -F '[: ]+' -v list="${list[*]}" '
		BEGIN {
			n = split(list, file, " ")
			for (i = 1; i <= n; i++)
				floor[file[i]] = i
		}
		NF == 4 && $3 ~ /^[A-Z]$/ { at[$4] = $1 }
		$2 == "U" { user[++uses] = $1; symbol[uses] = $3 }
		END {
			for (i = 1; i <= uses; i++) {
				file_of = at[symbol[i]]
				if (file_of && floor[file_of] < floor[user[i]])
					print user[i] " uses " symbol[i] " of " file_of
			}
		}' | sort)
	[ -z "$bad" ] || complain Kbuild "listed above it: move the call, or the file in the list; where no order fits, this closes a circle" <<<"$bad"
}
floors

# The tables of floors list the same files in the same order; within a floor, any.
page=Documentation/overview.rst
bad=$(kbuild_objects | awk -v page="$page" '
	BEGIN {
		while ((getline line < page) > 0) {
			on = line == "Floors" ? 1 : line == "What is there after insmod" ? 0 : on
			if (!on || line !~ /^[`a-z]/ || line !~ /  /)
				continue
			sub(/  .*/, "", line)
			if (line ~ /^``drivers/) {
				split(line, part, /[\/_]/)
				prefix = part[3] "_"
			} else if (line !~ /^``|\(header/) {
				n = split(line, name, /, */)
				row++
				for (i = 1; i <= n; i++)
					if (name[i])
						floor[prefix name[i] ".o"] = row
			}
		}
	}
	{ sub(/.*\//, "") }
	/^nvpe_/ { next }
	!($0 in floor) { print $0 " has no floor"; next }
	floor[$0] < last { print $0 " has a floor above that of " before }
	{ last = floor[$0]; before = $0; delete floor[$0] }
	END { for (object in floor) print object " is not in Kbuild" }')
[ -z "$bad" ] || complain "$page" "the tables of floors follow the lists of Kbuild" <<<"$bad"

for file in drivers/nvnic/*.[ch]; do
	[[ $file == */nvnic_request.c ]] ||
		includes '[<"][^>"]*nvpe/' "only nvnic_request.c shares the grammar of requests" "$file"
done
includes '[<"][^>"]*(nvpe/[^r]|nvhw)' "the driver includes the ABI (nvnic/...) and the kernel, nothing of the device" \
	drivers/nvnic/*.[ch]
includes '"(.*/)?nvnic[^"]*"' "the device includes nothing of the driver; the ABI is <nvnic/...>" \
	drivers/nvhw/*.[ch] drivers/nvhw/engine/*.[ch]
for file in drivers/nvhw/*.[ch]; do
	[[ $file == */nvhw_tap.c ]] ||
		includes '<linux/(netdevice|skbuff)\.h>' "only nvhw_tap.c may know net_device and sk_buff" "$file"
done
includes '(<[^n]|<n[^v]|<nv[^p]|")' "an engine includes <nvpe/...> only" drivers/nvhw/engine/*.c
for file in drivers/nvhw/*.[ch] drivers/nvnic/*.[ch]; do
	[[ $file == */nvhw_dma.c ]] ||
		! bad=$(grep -n -E 'phys_to_virt|dma_to_phys' "$file") ||
		complain "$file" "bus addresses become memory in nvhw_dma.c only" <<<"$bad"
done
exit "$found"
