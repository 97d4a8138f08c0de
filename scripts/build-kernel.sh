#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Build a kernel for the tests from Debian's source of it, and nvnic.ko for it.
#
# Usage: scripts/build-kernel.sh [--config|--kernel] NAME
#        scripts/build-kernel.sh --list | --available NAME
#
#   NAME         a row of scripts/kernel/kernels: kasan, lockdep, uml ...
#   --config     only write the configuration and say where
#   --kernel     only the kernel, not nvnic.ko
#   --list       name the kernels
#   --available  only ask whether its source can be had; status 1 if not
#
# Prints the directory that holds vmlinux, nvnic.ko, nvnic_planted.ko and, for a
# kernel with KUnit, nvpe_kunit.ko: the engines' unit tests. All else goes to
# stderr. The kernel is built once for each configuration, source and compiler (on
# two cores the one for User Mode Linux takes 4 minutes, the others 5 to 7), and
# stays under build/kernels/ (or $NVNIC_CACHE/kernels/). nvnic.ko is built there
# from a copy of the sources: the one that is there for the normal kernel stays.
#
# Example:
#   dir=$(scripts/build-kernel.sh kasan)
#   scripts/vm-run.sh --kernel $dir/vmlinux --modules-dir none -- \
#           env NVNIC_KO=$dir/nvnic.ko selftests/run.sh seg_equiv.py
#
# Copyright (C) 2026 nvnic contributors
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

table=$NVNIC_TOP/scripts/kernel/kernels
action=build
case ${1:-} in
-h|--help) usage 0 ;;
--list)
	sed -n 's/^\([a-z][^ ]*\) .*/\1/p' "$table"
	exit
	;;
--config|--kernel|--available) action=${1#--}; shift ;;
esac
[ $# -eq 1 ] || usage 2 >&2
name=$1
read -r version arch fragments < <(awk -v name="$name" '$1 == name { $1 = ""; print }' "$table") ||
	die "no kernel '$name' in $table: $("$0" --list | paste -s -d ' ')"
root=$NVNIC_CACHE/kernels
# The Kconfig of UML has no pointer value that is none. Without it page pools keep no
# record of their DMA mappings, and a page that comes back when driver and device are
# gone brings the kernel down.
flags=()
[ "$arch" != um ] || flags=(KCPPFLAGS=-DCONFIG_ILLEGAL_POINTER_VALUE=0xdead000000000000)

# Of the source, what no x86 or UML kernel is built from stays packed.
unpack_source()
{
	local tarball sum

	tarball=$(kernel_source "$version") || exit 1
	sum=$(sha256sum <"$tarball" | cut -c 1-12)
	src=$root/linux-$sum
	[ ! -e "$src/.complete" ] || return 0
	say "unpacking the source of Linux $version"
	rm -rf "$src" && mkdir -p "$src"
	tar -xf "$tarball" -C "$src" --strip-components=1 --exclude='*/drivers/gpu/drm/amd/include/*' \
		--exclude='*/tools/testing/*' --exclude='*/Documentation/*/*' --exclude='*/sound/*/*.c' ||
		die "cannot unpack $tarball"
	: >"$src/.complete"
}

kmake()
{
	make -C "$src" O="$dir/build" ARCH="$arch" "${flags[@]}" "$@"
}

# The fragments without what only readers need, each symbol once.
merged()
{
	local fragment

	for fragment in $fragments; do
		cat "$NVNIC_TOP/scripts/kernel/$fragment.config" || exit 1
	done | awk '/^(# )?CONFIG_/ {
			symbol = $0
			gsub(/^# |[= ].*/, "", symbol)
			if (!(symbol in line))
				order[n++] = symbol
			line[symbol] = $0
		}
		END { for (i = 0; i < n; i++) print line[order[i]] }'
}

# allnoconfig drops in silence what it cannot give.
configure()
{
	local line symbol

	merged >"$dir/fragments"
	kmake -s KCONFIG_ALLCONFIG="$dir/fragments" allnoconfig >"$dir/config.log" 2>&1 ||
		{ cat "$dir/config.log" >&2; die "cannot configure the $name kernel"; }
	while read -r line; do
		case $line in
		"# "*" is not set")
			symbol=${line#"# "}
			! grep -q "^${symbol%% *}=" "$dir/build/.config" || echo "$line"
			;;
		CONFIG_*) grep -qxF "$line" "$dir/build/.config" || echo "$line" ;;
		esac
	done <"$dir/fragments" >"$dir/refused"
	[ ! -s "$dir/refused" ] || {
		cat "$dir/refused" >&2
		die "the kernel's Kconfig takes the lines above of scripts/kernel/ not: mend their dependencies"
	}
}

# A line every half a minute, so that nobody takes it for dead.
progress()
{
	local -i objects started=$SECONDS

	while sleep 30; do
		objects=$(grep -c '^  \(CC\|AS\) ' "$dir/build.log" || true)
		say "$name kernel: $objects objects after $((SECONDS - started)) s"
	done
}

build_kernel()
{
	local rc=0

	say "building the $name kernel, Linux $version (4 to 7 minutes on two cores)"
	SECONDS=0
	: >"$dir/build.log"
	progress >&2 &
	ticker=$!
	# Not a job: bash would report how it ended.
	disown
	trap 'kill "$ticker" 2>/dev/null || true' EXIT
	kmake -j "$(nproc)" vmlinux modules >"$dir/build.log" 2>&1 || rc=$?
	kill "$ticker" 2>/dev/null || true
	[ "$rc" -eq 0 ] || {
		grep -E -B 2 -A 6 'error|Error|undefined' "$dir/build.log" | head -n 40 >&2
		die "the $name kernel does not build: the whole output is in $dir/build.log"
	}
	say "the $name kernel took $SECONDS s"
	place_modules
	ln -f "$dir/build/vmlinux" "$dir/vmlinux"
}

# What modprobe has to know of a kernel that has all built in.
place_modules()
{
	local rel

	rel=$(cat "$dir/build/include/config/kernel.release")
	mkdir -p "$dir/lib/modules/$rel"
	cp "$dir"/build/modules.{builtin,builtin.modinfo,order} "$dir/lib/modules/$rel/"
	PATH=$PATH:/usr/sbin:/sbin depmod -b "$dir" "$rel"
}

# The copy keeps its time stamps and its objects, so that only what changed is
# built.
build_nvnic()
{
	local log=$dir/nvnic.log tests=drivers/nvhw/engine/tests

	mkdir -p "$dir/nvnic"
	( cd "$NVNIC_TOP" &&
		find Kbuild drivers include tools/planted scripts \
			\( -name '*.[ch]' -o -name Kbuild -o -name 'probe*' \) -not -name '*.mod.c' |
		cpio -pdmu --quiet "$dir/nvnic" )
	: >"$log"
	kmake -j "$(nproc)" M="$dir/nvnic" modules >>"$log" 2>&1 || module_failed nvnic.ko
	cp "$dir/nvnic/nvnic.ko" "$dir/nvnic.ko"
	kmake M="$dir/nvnic/tools/planted" modules >>"$log" 2>&1 || module_failed nvnic_planted.ko
	cp "$dir/nvnic/tools/planted/nvnic_planted.ko" "$dir/nvnic_planted.ko"
	grep -qx CONFIG_KUNIT=y "$dir/build/.config" || return 0
	kmake -j "$(nproc)" M="$dir/nvnic/$tests" modules >>"$log" 2>&1 || module_failed nvpe_kunit.ko
	cp "$dir/nvnic/$tests/nvpe_kunit.ko" "$dir/nvpe_kunit.ko"
}

module_failed()
{
	grep -E -A 4 'error|Error|ERROR' "$dir/nvnic.log" | head -n 40 >&2
	die "$1 does not build for the $name kernel: the whole output is in $dir/nvnic.log"
}

if [ "$action" = available ]; then
	kernel_source_available "$version" || exit 1
	exit
fi
mkdir -p "$root"
# Who wants the same kernel meanwhile waits for it.
exec {lock}>"$root/$name.lock"
flock "$lock"
unpack_source
hash=$({ merged; [ "$arch" != um ] || echo "${flags[@]}"; basename "$src"; gcc --version | head -n 1; } | sha256sum | cut -c 1-12)
dir=$root/$name-$hash
mkdir -p "$dir/build"
if [ ! -e "$dir/vmlinux" ]; then
	configure
	[ "$action" = config ] || build_kernel
fi
if [ "$action" = config ]; then
	echo "$dir/build/.config"
	exit
fi
[ "$action" = kernel ] || build_nvnic
echo "$dir"
