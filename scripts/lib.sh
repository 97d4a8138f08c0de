# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# nvnic: what the host-side scripts share. Source it, do not run it.
#
# Copyright (C) 2026 nvnic contributors

NVNIC_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
NVNIC_CACHE=$(realpath -m "${NVNIC_CACHE:-$NVNIC_TOP/build}")
export NVNIC_TOP NVNIC_CACHE

say()
{
	printf '>> %s\n' "$*" >&2
}

die()
{
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	exit 1
}

# The header comment of a script is its help text: from the line after the
# licence to the copyright line.
usage()
{
	sed -n '3,/^# Copyright/{/^# Copyright/d;s/^# \{0,1\}//;p}' "$0"
	exit "$1"
}

kernel_release()
{
	cat "$1/include/config/kernel.release" 2>/dev/null ||
		die "$1 holds no prepared kernel headers: run scripts/deps.sh build"
}

# guest_kernel RELEASE: set GUEST_KERNEL and GUEST_MODULES, or return 1.
guest_kernel()
{
	local rel=$1 root

	for root in "" "$NVNIC_CACHE/kernel/$rel"; do
		GUEST_KERNEL=$root/boot/vmlinuz-$rel
		GUEST_MODULES=$root/lib/modules/$rel
		if [ -r "$GUEST_KERNEL" ] && [ -r "$GUEST_MODULES/modules.dep" ]; then
			export GUEST_KERNEL GUEST_MODULES
			return 0
		fi
	done
	return 1
}

# debian_mirror: print the mirror of Debian's main archive that this system's apt uses.
debian_mirror()
{
	local codename mirror

	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	# shellcheck disable=SC2016	# apt's own variables
	mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 2>/dev/null |
		awk -v main="$codename main" '$2 " " $3 == main { print $1; exit }')
	[ -n "$mirror" ] || { say "apt knows no Debian mirror to fetch from"; return 1; }
	echo "$mirror"
}

# apt-get for the suite that has Linux 7.3, by a configuration and lists of its own:
# the system's stay as they are. The mirror is the one of this system.
backports_apt()
{
	local dir=$NVNIC_CACHE/apt

	apt-get -qq -o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::State::lists="$dir/lists" -o Dir::Cache="$dir" -o Acquire::Languages=none \
		-o APT::Update::Error-Mode=any -o APT::Sandbox::User=root "$@"
}

backports_update()
{
	local dir=$NVNIC_CACHE/apt key=/usr/share/keyrings/debian-archive-keyring.gpg mirror

	mirror=$(debian_mirror) || return 1
	mkdir -p "$dir/lists/partial" "$dir/archives/partial"
	echo "deb [arch=amd64 signed-by=$key] $mirror trixie-backports main" >"$dir/sources.list"
	backports_apt update >&2 || { say "the suite trixie-backports cannot be reached at $mirror"; return 1; }
}

# kernel_source_path VERSION: where its source lies, be it fetched or not.
kernel_source_path()
{
	local name=linux-source-$1.tar.xz

	[ ! -r "/usr/src/$name" ] || { echo "/usr/src/$name"; return; }
	echo "$NVNIC_CACHE/kernel-source/$name"
}

# kernel_source_available VERSION: can kernel_source print it? Says why not.
kernel_source_available()
{
	[ ! -e "$(kernel_source_path "$1")" ] || return 0
	case $1 in
	6.12) ;;
	*)
		backports_update || return 1
		backports_apt --print-uris download "linux-source-$1" >/dev/null 2>&1 ||
			{ say "the suite trixie-backports has no linux-source-$1 any more"; return 1; }
		;;
	esac
}

# kernel_source VERSION: print the path of the kernel's source as Debian packs it.
# It is in no other package that is to be had without installing 150 MB.
kernel_source()
{
	local version=$1 dir=$NVNIC_CACHE/kernel-source src pkg deb fetch=(apt-get -qq)

	src=$(kernel_source_path "$version")
	pkg=linux-source-$version
	if [ ! -e "$src" ]; then
		kernel_source_available "$version" || exit 1
		[ "$version" = 6.12 ] || fetch=(backports_apt)
		say "fetching the kernel's source (package $pkg, 150 MB, not installed)"
		mkdir -p "$dir"
		( cd "$dir" && "${fetch[@]}" -o APT::Sandbox::User=root download "$pkg" >&2 ) ||
			die "cannot fetch $pkg: put $pkg.tar.xz into $dir or /usr/src by hand"
		deb=$(echo "$dir/$pkg"_*.deb)
		dpkg-deb --fsys-tarfile "$deb" |
			tar -xO --occurrence=1 "./usr/src/$pkg.tar.xz" >"$src.part"
		mv "$src.part" "$src"
		rm -f "$deb"
	fi
	echo "$src"
}

# Build nvnic.ko for the guest; say little unless it fails.
build_module()
{
	local log=$NVNIC_CACHE/build.log

	# A veth pair in its place needs no module.
	[ -z "${NVNIC_STANDIN:-}" ] || return 0
	mkdir -p "$NVNIC_CACHE"
	say "building nvnic.ko"
	KDIR=$("$NVNIC_TOP/scripts/kdir.sh" --guest) || exit 1
	make -C "$NVNIC_TOP" -j "$(nproc)" KDIR="$KDIR" modules >"$log" 2>&1 || {
		grep -E -A 4 'error|Error' "$log" | head -n 40 >&2
		die "nvnic.ko does not build: the whole output is in $log"
	}
}
