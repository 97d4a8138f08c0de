#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Make a small root file system with the tools that the tests of Linux 7.3 want.
#
# Usage: scripts/upstream/root.sh
#
# Prints its directory. It is made once, in two minutes, of Debian 13's packages
# from the mirror of this machine, and made anew when this script has changed. What
# talks to the kernel comes from the suite that is as young as the kernel, where it
# can be had from there. Nothing is installed on this machine.
#
# Copyright (C) 2026 nvnic contributors
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../lib.sh"

suite=trixie
young=(sid forky)
packages=(python3-yaml python3-jsonschema iproute2 ethtool bpftool iperf3 socat tcpdump netsniff-ng
	  jq nftables iptables iputils-ping procps kmod bc netcat-openbsd
	  gcc make clang libc6-dev libmnl-dev libcap-dev libelf-dev liburing-dev pkg-config)
# Debian 13's liburing knows no zero-copy receive, its ethtool and iproute2 not
# all that Linux 7.3 has.
young_packages=(liburing2 liburing-dev ethtool iproute2)

case ${1:-} in
-h|--help) usage 0 ;;
?*) usage 2 >&2 ;;
esac
root=$NVNIC_CACHE/upstream/root-$(sha256sum <"$0" | cut -c 1-12)
[ ! -e "$root/.complete" ] || { echo "$root"; exit; }

log=$NVNIC_CACHE/upstream/root.log
part=$root.part
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)

# apart COMMAND...: as root, with mounts that end with COMMAND.
apart()
{
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C \
		unshare --mount --propagation private "$@" >>"$log" 2>&1
}

failed()
{
	tail -n 15 "$log" >&2
	die "$1: the whole output is in $log"
}

# apt-get in the new root
apt_inside()
{
	apart chroot "$part" apt-get -q -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-unsafe-io \
		-o APT::Sandbox::User=root --no-install-recommends -y "$@"
}

# A frozen mirror's young suites have expired; they are signed all the same.
write_sources()
{
	local name

	"${as_root[@]}" rm -f "$part/etc/apt/sources.list"
	for name in "$suite" "${young[@]}"; do
		printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nCheck-Valid-Until: %s\n' \
			"$mirror" "$name" "$([ "$name" = "$suite" ] && echo yes || echo no)"
		printf 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n'
	done | "${as_root[@]}" tee "$part/etc/apt/sources.list.d/debian.sources" >/dev/null
	for name in "${young[@]}"; do
		printf 'Package: *\nPin: release n=%s\nPin-Priority: 50\n\n' "$name"
	done | "${as_root[@]}" tee "$part/etc/apt/preferences.d/young" >/dev/null
}

install_young()
{
	local name

	for name in "${young[@]}"; do
		! apt_inside install "${young_packages[@]/%//$name}" || return 0
	done
	say "neither ${young[*]} gives ${young_packages[*]}: Debian 13's own are used, and some tests will be skipped"
}

mirror=$(debian_mirror) || exit 1
mkdir -p "$NVNIC_CACHE/upstream"
: >"$log"
say "making a root file system of Debian 13 for the tests (two minutes)"
! grep -q " $part/" /proc/self/mountinfo || die "something is mounted below $part: unmount it"
"${as_root[@]}" rm -rf --one-file-system "$part"
apart debootstrap --variant=minbase "$suite" "$part" "$mirror" ||
	failed "debootstrap cannot make $part"
write_sources
# Without the young suites Debian 13's own packages will have to do.
apt_inside update || say "not all suites of $mirror could be read: see $log"
apt_inside install "${packages[@]}" || failed "cannot install what the tests want"
install_young
apart chroot "$part" apt-get clean
"${as_root[@]}" mkdir "$part/linux"
"${as_root[@]}" touch "$part/.complete"
"${as_root[@]}" mv "$part" "$root"
echo "$root"
