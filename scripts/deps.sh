#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Install what a step needs and is missing, by Debian package name.
#
# Usage: scripts/deps.sh [build|vm|check|bench]
#
#   build   headers and compiler for nvnic.ko
#   vm      build, QEMU, the guest kernel and the tools that run in it
#   check   vm, and what the style checks and unit tests use
#   bench   the same as vm
#
# The guest kernel is never installed on this machine: its package is unpacked
# under build/kernel/ (or $NVNIC_CACHE/kernel/).
#
# Example: scripts/deps.sh vm
#
# Copyright (C) 2026 nvnic contributors
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

build_pkgs=(gcc make linux-headers-6.12-amd64)
vm_pkgs=(qemu-system-x86 busybox-static cpio kmod xz-utils zstd util-linux iproute2
	 ethtool iperf3 tshark tcpdump socat iputils-ping procps python3)
check_pkgs=(sparse shellcheck perl python3-yaml)

as_root=()
root_or_die()
{
	[ "$(id -u)" -eq 0 ] && return
	command -v sudo >/dev/null ||
		die "missing packages ($*): run this as root, or install them with: apt-get install $*"
	as_root=(sudo)
}

apt()
{
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq \
		-o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@"
}

# The lists may be absent or too old to fetch by; that shows only on trying.
apt_retry()
{
	apt "$@" 2>/dev/null && return
	say "refreshing the package lists"
	apt update
	apt "$@"
}

install_missing()
{
	local pkg
	local -a missing=()

	for pkg in "$@"; do
		dpkg-query -W -f '${db:Status-Status}\n' "$pkg" 2>/dev/null |
			grep -qx installed || missing+=("$pkg")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	root_or_die "${missing[@]}"
	say "installing ${missing[*]}"
	apt_retry install -y --no-install-recommends "${missing[@]}" >/dev/null ||
		die "cannot install ${missing[*]}: check the package sources of this Debian 12 and try: apt-get install ${missing[*]}"
}

fetch_guest_kernel()
{
	local rel dir deb

	rel=$(kernel_release "$("$NVNIC_TOP/scripts/kdir.sh" --guest)")
	guest_kernel "$rel" && return
	dir=$NVNIC_CACHE/kernel/$rel
	say "fetching the guest kernel linux-image-$rel (unpacked under $dir, not installed)"
	rm -rf "$dir.new" && mkdir -p "$dir.new"
	# apt drops to its own user for downloads, which may not reach the cache.
	( cd "$dir.new" && apt_retry -o APT::Sandbox::User=root download "linux-image-$rel" ) ||
		die "no package linux-image-$rel to match the installed headers: run apt-get install linux-headers-6.12-amd64 for the current ones"
	deb=$(echo "$dir.new"/*.deb)
	dpkg-deb -x "$deb" "$dir.new" && rm -f "$deb"
	PATH=$PATH:/usr/sbin:/sbin depmod -b "$dir.new" "$rel"
	rm -rf "$dir" && mv "$dir.new" "$dir"
}

[ $# -le 1 ] || usage 2 >&2
case ${1:-check} in
-h|--help) usage 0 ;;
build|vm|check|bench) ;;
*) usage 2 >&2 ;;
esac
command -v apt-get >/dev/null ||
	die "this needs apt-get: use Debian 12, or install by hand: ${build_pkgs[*]} ${vm_pkgs[*]} ${check_pkgs[*]}"
case ${1:-check} in
build)
	install_missing "${build_pkgs[@]}"
	;;
vm|bench)
	install_missing "${build_pkgs[@]}" "${vm_pkgs[@]}"
	fetch_guest_kernel
	;;
check)
	install_missing "${build_pkgs[@]}" "${vm_pkgs[@]}" "${check_pkgs[@]}"
	fetch_guest_kernel
	;;
esac
