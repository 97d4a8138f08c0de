#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Build a debug kernel from Debian's linux-source-6.12, and nvnic.ko for it.
#
# Usage: scripts/build-kernel.sh [--config] kasan|lockdep
#
#   --config   only write the configuration and say where
#
# Prints the directory that holds vmlinux, nvnic.ko and, for a kernel with KUnit,
# nvpe_kunit.ko: the engines' unit tests. All else goes to stderr. The kernel's configuration is scripts/kernel/base.config
# and NAME.config over allnoconfig. The kernel is built once (5 to 7 minutes on
# two cores) for each configuration, source and compiler, and stays under
# build/kernel-debug/ (or $NVNIC_CACHE/kernel-debug/). nvnic.ko is built there from
# a copy of the sources: the one that is there for the normal kernel stays.
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

config_only=
if [ "${1:-}" = --config ]; then
	config_only=1
	shift
fi
case ${1:-} in
-h|--help) usage 0 ;;
kasan|lockdep) name=$1 ;;
*) usage 2 >&2 ;;
esac
root=$NVNIC_CACHE/kernel-debug
fragments=("$NVNIC_TOP/scripts/kernel/base.config" "$NVNIC_TOP/scripts/kernel/$name.config")

# Of the source, what an x86 kernel cannot be built from stays packed.
unpack_source()
{
	local tarball sum

	tarball=$(kernel_source) || exit 1
	sum=$(sha256sum <"$tarball" | cut -c 1-12)
	src=$root/linux-$sum
	[ ! -e "$src/.complete" ] || return 0
	say "unpacking the kernel's source"
	rm -rf "$src" && mkdir -p "$src"
	tar -xf "$tarball" -C "$src" --strip-components=1 --exclude='*/drivers/gpu/drm/amd/include/*' \
		--exclude='*/tools/testing/*' --exclude='*/Documentation/*/*' --exclude='*/sound/*/*.c' ||
		die "cannot unpack $tarball"
	: >"$src/.complete"
}

kmake()
{
	make -C "$src" O="$dir/build" ARCH=x86_64 "$@"
}

# The fragments without what only readers need.
merged()
{
	cat "${fragments[@]}" | grep -E '^(# )?CONFIG_'
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

	say "building the $name kernel (5 to 7 minutes on two cores)"
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
	ln -f "$dir/build/vmlinux" "$dir/vmlinux"
}

# The copy keeps its time stamps and its objects, so that only what changed is
# built.
build_nvnic()
{
	local log=$dir/nvnic.log tests=drivers/nvhw/engine/tests

	mkdir -p "$dir/nvnic"
	( cd "$NVNIC_TOP" &&
		find Kbuild drivers include tools/planted \( -name '*.[ch]' -o -name Kbuild \) -not -name '*.mod.c' |
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

mkdir -p "$root"
unpack_source
hash=$({ merged; basename "$src"; gcc --version | head -n 1; } | sha256sum | cut -c 1-12)
dir=$root/$name-$hash
mkdir -p "$dir/build"
if [ ! -e "$dir/vmlinux" ]; then
	configure
	[ -z "$config_only" ] || { echo "$dir/build/.config"; exit; }
	build_kernel
fi
[ -z "$config_only" ] || { echo "$dir/build/.config"; exit; }
build_nvnic
echo "$dir"
