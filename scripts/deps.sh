#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Install what a step needs and is missing, by Debian package name.
#
# Usage: scripts/deps.sh [build|vm|native|check|debug|upstream|upstream-vm|bench|fuzz|bench-engine]
#
#   build   headers and compiler for nvnic.ko
#   vm      build, QEMU, the guest kernel and the tools that run in it
#   native  what building a kernel takes, and the tools that run in a guest
#   check   vm, and what the style checks and unit tests use
#   debug   what building a kernel takes, QEMU and the tools
#   upstream  native, and what makes the root file system for the tests of Linux 7.3
#   upstream-vm  vm, and what the tests of Linux 6.12 are built with and use
#   bench   the same as vm
#   fuzz    what fuzzing the packet engines takes
#   bench-engine   what the engines are measured beside
#
# Neither the kernel's headers nor its image are installed on this machine, for
# that would change what it boots: where they are missing their packages are
# unpacked under build/kernel/ (or $NVNIC_CACHE/kernel/).
#
# Example: scripts/deps.sh vm
#
# Copyright (C) 2026 nvnic contributors
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

# pahole and the libraries are what the kernel's build tools call and are linked with.
build_pkgs=(gcc gcc-12 make pahole libelf1 libssl3)
vm_pkgs=(qemu-system-x86 busybox-static)
tool_pkgs=(cpio kmod xz-utils zstd util-linux iproute2 ethtool iperf3 tshark tcpdump socat
	   iputils-ping procps python3)
check_pkgs=(sparse shellcheck perl python3-yaml)
fuzz_pkgs=(gcc make clang libclang-rt-dev llvm)
bench_engine_pkgs=(gcc make pkg-config python3 libdpdk-dev)
kernel_pkgs=(flex bison bc libelf-dev xz-utils perl)
upstream_pkgs=(debootstrap debian-archive-keyring util-linux python3 xz-utils)
# mausezahn is in netsniff-ng
upstream_vm_pkgs=(clang libelf-dev zlib1g-dev python3-yaml jq netsniff-ng netcat-openbsd
	       iptables bc)

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

# fetch PACKAGE...: unpack them under build/kernel/RELEASE, beside what is there.
fetch()
{
	local dir=$NVNIC_CACHE/kernel/$rel deb

	say "fetching $* (unpacked under $dir, not installed)"
	mkdir -p "$dir/deb"
	# apt drops to its own user for downloads, which may not reach the cache.
	( cd "$dir/deb" && apt_retry -o APT::Sandbox::User=root download "$@" ) ||
		die "cannot fetch $*: the package lists know them no more; run apt-get install linux-headers-6.12-amd64 for the current kernel"
	for deb in "$dir/deb"/*.deb; do
		dpkg-deb -x "$deb" "$dir"
	done
	rm -rf "$dir/deb"
}

# The headers that are there, or else the newest, unpacked: to install them
# would install a kernel too, for Debian's headers depend on its image.
fetch_headers()
{
	local kdir

	if kdir=$("$NVNIC_TOP/scripts/kdir.sh" --guest 2>/dev/null); then
		rel=$(kernel_release "$kdir")
		return
	fi
	newest_release || { say "refreshing the package lists"; apt update; newest_release; } ||
		die "no package linux-headers-6.12-amd64: enable the bookworm-security suite of Debian 12"
	fetch "linux-headers-$rel" "linux-headers-${rel%-amd64}-common" "linux-kbuild-${rel%-amd64}"
	sed -i "s|/usr/src/|$NVNIC_CACHE/kernel/$rel/usr/src/|" \
		"$NVNIC_CACHE/kernel/$rel/usr/src/linux-headers-$rel/Makefile"
}

newest_release()
{
	rel=$(apt-cache depends linux-headers-6.12-amd64 2>/dev/null |
		sed -n 's/.*Depends: linux-headers-//p' | head -n 1)
	[ -n "$rel" ]
}

fetch_image()
{
	guest_kernel "$rel" && return
	fetch "linux-image-$rel"
	PATH=$PATH:/usr/sbin:/sbin depmod -b "$NVNIC_CACHE/kernel/$rel" "$rel"
}

[ $# -le 1 ] || usage 2 >&2
case ${1:-check} in
-h|--help) usage 0 ;;
build|vm|native|check|debug|upstream|upstream-vm|bench|fuzz|bench-engine) ;;
*) usage 2 >&2 ;;
esac
command -v apt-get >/dev/null ||
	die "this needs apt-get: use Debian 12, or install by hand: ${build_pkgs[*]} ${vm_pkgs[*]} ${tool_pkgs[*]} ${check_pkgs[*]}"
case ${1:-check} in
build)
	install_missing "${build_pkgs[@]}"
	fetch_headers
	;;
vm|bench)
	install_missing "${build_pkgs[@]}" "${vm_pkgs[@]}" "${tool_pkgs[@]}"
	fetch_headers
	fetch_image
	;;
native)
	install_missing "${build_pkgs[@]}" "${tool_pkgs[@]}" "${kernel_pkgs[@]}"
	;;
debug)
	install_missing "${build_pkgs[@]}" "${vm_pkgs[@]}" "${tool_pkgs[@]}" "${kernel_pkgs[@]}"
	;;
upstream)
	install_missing "${build_pkgs[@]}" "${tool_pkgs[@]}" "${kernel_pkgs[@]}" "${upstream_pkgs[@]}"
	;;
upstream-vm)
	install_missing "${build_pkgs[@]}" "${vm_pkgs[@]}" "${tool_pkgs[@]}" \
		"${upstream_vm_pkgs[@]}"
	fetch_headers
	fetch_image
	;;
check)
	install_missing "${build_pkgs[@]}" "${vm_pkgs[@]}" "${tool_pkgs[@]}" "${check_pkgs[@]}" "${fuzz_pkgs[@]}"
	fetch_headers
	fetch_image
	;;
fuzz)
	install_missing "${fuzz_pkgs[@]}"
	;;
bench-engine)
	install_missing "${bench_engine_pkgs[@]}"
	;;
esac
