# SPDX-License-Identifier: GPL-2.0
"""What the kernel's tests print, as results: a list of (name, state, comment),
state being "pass", "fail" or "skip". Each family has a dialect of its own.

Copyright (C) 2026 nvnic contributors
"""

import re

_STATES = {"OK": "pass", "PASS": "pass", "FAIL": "fail", "SKIP": "skip", "XFAIL": "skip"}


def _ktap(line):
    """ok 1 NAME # SKIP why"""
    match = re.match(r"(not )?ok \d+ -? ?([^#]*?)\s*(?:# (SKIP|XFAIL|TODO)\s*(.*))?$", line)
    if not match:
        return None
    state = "skip" if match[3] else "fail" if match[1] else "pass"
    return match[2], state, match[4] or ""


def _forwarding(line):
    """TEST: NAME      [ OK ]"""
    match = re.match(r"\s*TEST: (.*?)\s*\[\s*(OK|FAIL|SKIP|XFAIL)\s*\]", line)
    return match and (match[1], _STATES[match[2]], "")


def _netdevice(line):
    """PASS: NAME"""
    match = re.match(r"(PASS|FAIL|SKIP|XFAIL): (.*)", line)
    return match and (match[2], _STATES[match[1]], match[2])


def _udpgro(lines):
    """A name in a column of its own, what the programs say, "ok" or "failed"."""
    found, family, name, said = [], "", None, []
    for line in lines:
        column = re.match(r" ?(\S.{0,38}?) {2,}(.*)$", line)
        if line.lower() in ("ipv4", "ipv6"):
            family = line
            continue
        if column:
            name, said, line = f"{family} {column[1]}", [], column[2]
        verdict = re.match(r"(ok|fail(ed|\b.*))$", line.strip())
        if name and verdict:
            state = "pass" if verdict[1] == "ok" else "fail"
            found.append((name, state, "\n".join([*said, line])))
            name = None
        said.append(line)
    return found


def _gro(lines):
    """running test ipv4 data ... failed tests: ipv4_data"""
    found, failed = [], re.findall(r"failed tests: (.*?)\.", "\n".join(lines))
    failed = failed[0].split() if failed else []
    for line in lines:
        if line.startswith("running test "):
            name = line[len("running test "):].strip()
            state = "fail" if name.replace(" ", "_") in failed else "pass"
            found.append((name, state, ""))
        elif line.startswith("Ignoring errors") and found:
            found[-1] = (found[-1][0], "skip", line)
    return found


def _steps(lines, status):
    """Scripts under "set -e" that name each step before they take it."""
    steps = [line for line in lines if re.match(r"(dgram|raw|ipv[46])\b(?!.* tx:)", line)]
    return [(name, "fail" if status and name is steps[-1] else "pass", "") for name in steps]


def parse(name, lines, status):
    """The results in the output LINES of the test NAME, that ended with STATUS."""
    if "gro.sh -i" in name:
        found = _gro(lines)
    elif re.search(r"psock_snd|udpgso\.sh", name):
        found = _steps(lines, status)
    elif "udpgro" in name:
        found = _udpgro(lines)
    else:
        dialects = (_ktap, _forwarding, _netdevice)
        found = [next(filter(None, (dialect(line) for dialect in dialects)), None)
                 for line in lines]
        found = [result for result in found if result]
    if status in (124, 137):
        found.append(("time limit", "fail", ""))
    elif status == 4 and not any(state == "skip" for _, state, _ in found):
        found.append(("the whole test", "skip", ""))
    elif status not in (0, 4) and not any(state == "fail" for _, state, _ in found):
        found.append((f"exit status {status}", "fail", ""))
    elif not found:
        found.append(("the whole test", "pass", ""))
    return found
