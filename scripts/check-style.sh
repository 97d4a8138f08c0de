#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Check the style of the tree: one TAP line for each rule, and for each finding
# what to do about it.
#
# Usage: scripts/check-style.sh [RULE...]
#
#   checkpatch  scripts/checkpatch.pl --strict of the kernel, over all C
#   sparse      types of endianness, address spaces, missing statics
#   kerneldoc   the documentation comments of include/
#   layering    who may use whom (scripts/check-layering.sh)
#   counters    the pages' tables of counters are made from the rows in the headers
#   length      functions (90 % within 50 lines, none over 100), files (900)
#   no-if       no conditional compilation in a .c file
#   spdx        a licence line in each file
#   shell       the shell scripts
#   python      the Python files parse, and import by name what they use
#
# Example: scripts/check-style.sh checkpatch length
#
# Copyright (C) 2026 nvnic contributors
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

# What checkpatch asks for and we do not do, each with its reason.
checkpatch_ignore=(
	FILE_PATH_CHANGES	# there is no MAINTAINERS file to update
	COMPLEX_MACRO		# a row of an X-macro table cannot be parenthesized
	MACRO_ARG_REUSE		# X-macro tables and enum generators use the row's name twice
	MACRO_ARG_UNUSED	# a row has more columns than each of its users needs
	MACRO_ARG_PRECEDENCE	# the row's name is a token, not an expression
)

cd "$NVNIC_TOP"
mapfile -t tree < <(git ls-files -co --exclude-standard 2>/dev/null ||
	find . -type f -not -path './.git/*' -not -path './build/*' -not -name '.*' \
		-not -name '*.o' -not -name '*.ko' -not -name '*.mod*' -not -name '*.pyc' \
		-not -name '*.order' -not -name '*.symvers' -printf '%P\n')

# select_files REGEX: the files of the tree whose path matches, that exist.
select_files()
{
	local path

	for path in "${tree[@]}"; do
		if [[ $path =~ $1 ]] && [ -f "$path" ]; then
			printf '%s\n' "$path"
		fi
	done
}
mapfile -t c_files < <(select_files '\.[ch]$')
kdir=${KDIR:-$(scripts/kdir.sh --guest)}

# checkpatch.pl is in no package but the kernel source itself, of which only
# the three files that it consists of are unpacked.
get_checkpatch()
{
	local dir=$NVNIC_CACHE/checkpatch src

	checkpatch=$dir/checkpatch.pl
	[ ! -e "$checkpatch" ] || return 0
	src=$(kernel_source 6.12) || { echo "cannot get checkpatch.pl"; return 1; }
	mkdir -p "$dir"
	say "unpacking checkpatch.pl"
	tar -xf "$src" -C "$dir" --strip-components=2 --occurrence=1 \
		linux-source-6.12/scripts/{checkpatch.pl,const_structs.checkpatch,spelling.txt}
}

# Each rule prints its findings; none means that it holds.

# Where checkpatch is mistaken: a cache line group is no declaration, and the
# kernel's attribute macros are not there in user space, and libFuzzer names its
# entry itself, as IEEE 802.3 does its counters and the stack its struct Qdisc.
checkpatch_wrong()
{
	local file line rest

	while IFS=: read -r file line rest; do
		case $rest in
		*:LINE_SPACING:*)
			! sed -n "$((line - 1)),${line}p" "$file" | grep -q __cacheline_group || continue
			;;
		*:PREFER_DEFINED_ATTRIBUTE_MACRO:*)
			[[ $file != tools/* ]] || continue
			;;
		*'<LLVMFuzzerTestOneInput>'*)
			continue
			;;
		*:CAMELCASE:*)
			[[ ! $rest =~ \<(Qdisc|Frame|Octets|Multicast|Broadcast|MACControl|[A-Z][A-Za-z]+(Errors|Frames|Field|Collisions)\>) ]] || continue
			;;
		esac
		echo "$file:$line:$rest"
	done
}

rule_checkpatch()
{
	local types

	get_checkpatch || return 0
	types=$(IFS=,; echo "${checkpatch_ignore[*]}")
	printf '%s\0' "${c_files[@]}" | xargs -0 -n 8 -P "$(nproc)" \
		perl "$checkpatch" --no-tree --root=. --strict --terse --show-types --no-summary --quiet \
		--max-line-length=100 --ignore "$types" -f | checkpatch_wrong || true
	rm -f .checkpatch-camelcase.*
}

rule_sparse()
{
	local log=$NVNIC_CACHE/sparse.log

	command -v sparse >/dev/null || { echo "sparse is not installed: run scripts/deps.sh check"; return; }
	# What it says of the kernel's own headers is not ours to mend.
	make -C "$kdir" M="$NVNIC_TOP" C=2 CF=-D__CHECK_ENDIAN__ modules >"$log" 2>&1 ||
		{ grep -E 'error:|ERROR:' "$log" | head -n 20; echo "the build failed: $log"; }
	grep -E "^($NVNIC_TOP/)?(drivers|include)/[^:]*:.*(warning|error):" "$log" |
		grep -v -e '^include/linux/' -e '^include/net/' | sort -u || true
}

rule_kerneldoc()
{
	local headers

	mapfile -t headers < <(select_files '^include/(nvnic|nvpe)/.*\.h$')
	[ ${#headers[@]} -gt 0 ] || return 0
	perl "$kdir/scripts/kernel-doc" -none "${headers[@]}" 2>&1 | grep -i -e warning -e error || true
}

rule_layering()
{
	scripts/check-layering.sh || true
}

rule_counters()
{
	scripts/stats-page.py --check || true
}

rule_length()
{
	local sources

	mapfile -t sources < <(select_files '^drivers/.*\.[ch]$')
	[ ${#sources[@]} -gt 0 ] || return 0
	awk '
	FNR == 1 { if (lines > 900) print last ": " lines " lines: split it, a file holds 900 at most"; start = 0 }
	{ lines = FNR; last = FILENAME }
	/^{/ { start = FNR }
	/^}/ && start {
		n = FNR - start + 1; count++; start = 0
		if (n > 50) { over++; list = list sprintf("%s:%d: a function of %d lines\n", FILENAME, FNR - n + 1, n) }
		if (n > 100) print FILENAME ":" FNR - n + 1 ": a function of " n " lines: split it, 100 at most"
	}
	END {
		if (lines > 900) print last ": " lines " lines: split it, a file holds 900 at most"
		if (count && over * 10 > count)
			printf "%d of %d functions are over 50 lines, 1 in 10 may be: split some of\n%s", over, count, list
	}' "${sources[@]}"
	select_files '\.(py|sh)$' | while read -r path; do
		awk -v f="$path" 'END { if (NR > 900) print f ": " NR " lines: split it, a file holds 900 at most" }' "$path"
	done
}

rule_no-if()
{
	local sources

	mapfile -t sources < <(select_files '^drivers/.*\.c$')
	[ ${#sources[@]} -gt 0 ] || return 0
	grep -n -E '^[[:space:]]*#[[:space:]]*(if|elif|ifdef|ifndef)' "${sources[@]}" |
		sed 's/$/ : move the choice into a header/' || true
}

rule_spdx()
{
	local path

	for path in "${tree[@]}"; do
		case $path in
		*.svg|*.json|*.pcap|*.png|COPYING|LICENSES/*) continue ;;
		esac
		[ -f "$path" ] || continue
		head -n 3 "$path" | grep -q 'SPDX-License-Identifier: GPL-2.0' ||
			echo "$path: no SPDX-License-Identifier: GPL-2.0 within its first three lines: add it"
	done
}

rule_shell()
{
	local -a scripts=()
	local path

	command -v shellcheck >/dev/null || { echo "shellcheck is not installed: run scripts/deps.sh check"; return; }
	for path in "${tree[@]}"; do
		if [ -f "$path" ] && { [[ $path == *.sh ]] || head -n 1 "$path" | grep -q '^#!.*\bsh\b\|^#!.*bash'; }; then
			scripts+=("$path")
		fi
	done
	shellcheck -x -f gcc "${scripts[@]}" || true
}

rule_python()
{
	local sources

	mapfile -t sources < <(select_files '\.py$')
	[ ${#sources[@]} -gt 0 ] || return 0
	scripts/check-python.py "${sources[@]}" || true
}

all=(checkpatch sparse kerneldoc layering counters length no-if spdx shell python)
rules=("$@")
case ${1:-} in
-h|--help) usage 0 ;;
"") rules=("${all[@]}") ;;
esac
mkdir -p "$NVNIC_CACHE"
say "style: ${rules[*]}"
echo "1..${#rules[@]}"
number=0 failed=0
for rule in "${rules[@]}"; do
	[[ " ${all[*]} " == *" $rule "* ]] || die "no rule '$rule': ${all[*]}"
	number=$((number + 1))
	findings=$("rule_$rule") || findings+=" (the check itself failed)"
	if [ -z "$findings" ]; then
		echo "ok $number style.$rule"
	else
		failed=$((failed + 1))
		printf '# %s\n' "${findings//$'\n'/$'\n'# }"
		echo "not ok $number style.$rule: $(grep -c . <<<"$findings") findings"
	fi
done
[ "$failed" -eq 0 ]
