#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Print the table of what run.py has found, judged by explained.conf.

Usage: scripts/upstream/report.py DIR

  DIR   with a .json and a .log file for each test

Ends with 1 when anything failed that explained.conf does not explain.

Copyright (C) 2026 nvnic contributors
"""

import fnmatch
import glob
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
NAME = 58


def rows(name, fields):
    with open(os.path.join(HERE, name), encoding="utf-8") as conf:
        for line in conf:
            if line.strip() and not line.startswith("#"):
                yield [field.strip() for field in re.split(r" *(?<!\\)\| *", line, fields - 1)]


EXPLAINED = list(rows("explained.conf", 5))


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


def main():
    directory = sys.argv[1]
    order = [" ".join(row[0].split()) for row in rows("tests.conf", 3)]
    found = {}
    for path in glob.glob(os.path.join(directory, "*.json")):
        with open(path, encoding="utf-8") as file:
            result = json.load(file)
        with open(path[:-4] + "log", encoding="utf-8", errors="replace") as file:
            found[result["name"]] = (result, file.read())
    totals = [0, 0, 0]
    print(f"{'test':{NAME}} passed failed skipped seconds")
    for name in order:
        if name not in found:
            continue
        result, output = found[name]
        passed, failed, skipped = judge(result, output)
        counts = [passed, len(failed), sum(map(len, skipped.values()))]
        totals = [total + count for total, count in zip(totals, counts)]
        print(f"{name:{NAME}} {counts[0]:6} {counts[1]:6} {counts[2]:7} {result['seconds']:7}")
        for case, comment in failed:
            print(f"    FAILED  {case}" + (f" ({comment.splitlines()[0]})" if comment else ""))
        for why, cases in skipped.items():
            print(f"    skipped {len(cases):3}  {why}")
    print(f"\n{totals[0]} passed, {totals[1]} failed, {totals[2]} skipped")
    sys.exit(totals[1] > 0)


if __name__ == "__main__":
    main()
