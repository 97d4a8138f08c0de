#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Print the table of what run.py has found, judged by explained-KERNEL.conf.

Usage: scripts/upstream/report.py DIR
       scripts/upstream/report.py --beside VETH DIR

  DIR     with a .json and a .log file for each test
  VETH    the same, of a run with PEER=veth: print what passes in both

Environment: KERNEL (6.12 or 7.3). Ends with 1 when anything failed that is not
explained.

Copyright (C) 2026 nvnic contributors
"""

import collections
import fnmatch
import glob
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
KERNEL = os.environ.get("KERNEL", "7.3")
NAME = 58


def rows(name, fields):
    with open(os.path.join(HERE, name), encoding="utf-8") as conf:
        for line in conf:
            if line.strip() and not line.startswith("#"):
                yield [field.strip() for field in re.split(r" *(?<!\\)\| *", line, fields - 1)]


EXPLAINED = list(rows(f"explained-{KERNEL}.conf", 5))


def explain(test, case, output):
    """"KIND: WHY" of the result CASE of TEST, or None."""
    for name, pattern, evidence, kind, why in EXPLAINED:
        if fnmatch.fnmatch(test, name) and fnmatch.fnmatch(case, pattern) and \
                re.search(evidence, output):
            return f"{kind}: {why}"
    return None


def judge(result, output):
    """(passed, [(case, comment) failed], {why: [case] skipped})"""
    passed, failed, skipped = 0, [], {}
    for case, state, comment in result["results"]:
        if state == "pass":
            passed += 1
            continue
        # What is known to belong to a failure must show its cause.
        shown = comment if state == "fail" and comment else output
        why = explain(result["name"], case, shown)
        if why:
            skipped.setdefault(why, []).append(case)
        else:
            failed.append((case, comment if state == "fail" else f"skipped: {comment}"))
    return passed, failed, skipped


def read(directory):
    """{test: (result, output)} of DIRECTORY"""
    found = {}
    for path in glob.glob(os.path.join(directory, "*.json")):
        with open(path, encoding="utf-8") as file:
            result = json.load(file)
        with open(path[:-4] + "log", encoding="utf-8", errors="replace") as file:
            found[result["name"]] = (result, file.read())
    return found


def order():
    return [" ".join(row[0].split()) for row in rows(f"tests-{KERNEL}.conf", 3)]


def passes(result):
    return sum(state == "pass" for _, state, _ in result["results"])


def compare(veth, ours):
    """Print, of the tests that ran over both, what passes."""
    totals = [0, 0]
    print(f"{'test':{NAME}}   veth  nvnic")
    for name in order():
        if name in veth and name in ours:
            counts = [passes(found[name][0]) for found in (veth, ours)]
            totals = [total + count for total, count in zip(totals, counts)]
            print(f"{name:{NAME}} {counts[0]:6} {counts[1]:6}")
    print(f"\nveth passes {totals[0]}, nvnic {totals[1]}")


def print_test(name, result, verdict):
    passed, failed, skipped = verdict
    print(f"{name:{NAME}} {passed:6} {len(failed):6} {sum(map(len, skipped.values())):7} "
          f"{result['seconds']:7}")
    for case, comment in failed:
        print(f"    FAILED  {case}" + (f" ({comment.splitlines()[0]})" if comment else ""))
    for why, cases in skipped.items():
        print(f"    skipped {len(cases):3}  {why}")


def main():
    if sys.argv[1] == "--beside":
        compare(*map(read, sys.argv[2:4]))
        return
    found = read(sys.argv[1])
    totals = [0, 0, 0]
    reasons = collections.Counter()
    print(f"{'test':{NAME}} passed failed skipped seconds")
    for name in order():
        if name in found:
            verdict = judge(*found[name])
            passed, failed, skipped = verdict
            print_test(name, found[name][0], verdict)
            reasons.update({why: len(cases) for why, cases in skipped.items()})
            totals = [total + count for total, count in
                      zip(totals, (passed, len(failed), sum(map(len, skipped.values()))))]
    print("\nWhy skipped:")
    for why, count in sorted(reasons.items(), key=lambda item: (item[0].split(":")[0], -item[1])):
        print(f"{count:6}  {why}")
    print(f"\n{totals[0]} passed, {totals[1]} failed, {totals[2]} skipped")
    sys.exit(totals[1] > 0)


if __name__ == "__main__":
    main()
