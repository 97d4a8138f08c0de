#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Write the tables of counters in Documentation/ from the rows in the C headers.

Usage: scripts/stats-page.py [--check]

  --check   write nothing; name each page whose tables are not as they would be written

On a page, a comment ".. counters LIST [PATTERN]..." stands in front of each table. The
table has the rows of that list of the headers that match a pattern of a shell (without
any: all) and are in no table before, pattern by pattern. Size classes share one line. The
status is 1 if --check finds something, a pattern matches no row, or a row is in no table.

Example: scripts/stats-page.py --check
"""
# Copyright (C) 2026 nvnic contributors

import argparse
import fnmatch
import itertools
import os
import re
import subprocess
import sys
import textwrap

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HEADERS = ("include/nvnic/counters.h", "drivers/nvnic/nvnic_stats.h", "drivers/nvnic/nvnic_vmq.h")
LISTS = ("NVNIC_PORT_COUNTERS", "NVNIC_TXQ_COUNTERS", "NVNIC_RXQ_COUNTERS", "NVNIC_VMQ_COUNTERS",
         "NVNIC_TX_STATS", "NVNIC_RX_STATS", "NVNIC_VMQ_QUEUE_STATS")
PAGES = ("Documentation/statistics.rst", "Documentation/vm-queues.rst")
# A comment, and the table behind it if there is one
TABLE = re.compile(r"^(\.\. counters (.*\n(?:   .*\n)*))\n(?:=+  =+\n(?:.+\n)*\n)?", re.M)
NAME, SENTENCE = 25, 69


def read(path):
    """Text of a file of the tree."""
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()


def read_rows():
    """{list: {name: sentence}}, as the preprocessor makes them of the macros in the headers"""
    macros = re.findall(r"^#define (?:.*\\\n)*.*\n", "".join(map(read, HEADERS)), re.M)
    uses = [f"<{name}>{name}(ROW)\n" for name in LISTS]
    text = "".join(macros + ["#define ROW(_name, _str, _doc) [_str|_doc]\n"] + uses)
    out = subprocess.run(["cc", "-E", "-P", "-x", "c", "-"], input=text, text=True, check=True,
                         stdout=subprocess.PIPE).stdout
    rows = {name: {} for name in LISTS}
    for name, body in re.findall(r"<\s*(\w+)\s*>([^<]*)", out):
        for row in re.findall(r'\[([^|]*)\|([^|]*?)\]', body):
            title, sentence = ("".join(re.findall(r'"([^"]*)"', part)) for part in row)
            rows[name][title] = sentence
    return rows


def same_line(row):
    """What rows that share a line have in common: of size classes, the sentence."""
    name, sentence = row
    return sentence if re.search(r"_\d+_\d+$", name) else name


def table(rows):
    """The table of some [(name, sentence)]."""
    border = "=" * NAME + "  " + "=" * 53 + "\n"
    text = border
    for _, group in itertools.groupby(rows, same_line):
        (name, sentence), *more = group
        name += " ..." if more else ""
        first, *rest = textwrap.wrap(sentence, SENTENCE)
        text += f"{name:{NAME}}  {first}\n"
        text += "".join(" " * (NAME + 2) + line + "\n" for line in rest)
    return text + border


def fill(page, left, wrong):
    """Text of a page with its tables written anew; takes their rows out of LEFT."""
    def one(match):
        name, *patterns = match[2].split()
        if name not in left:
            wrong.append(f"{page}: there is no list {name}: {', '.join(LISTS)}")
            return match[0]
        rows = []
        for pattern in patterns or "*":
            chosen = fnmatch.filter(left[name], pattern)
            if not chosen:
                wrong.append(f"{page}: {name}: no row is left that matches {pattern}")
            rows += [(row, left[name].pop(row)) for row in chosen]
        return f"{match[1]}\n{table(rows)}\n"
    return TABLE.sub(one, read(page))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--check", action="store_true", help="write nothing, say what is old")
    check = parser.parse_args().check
    left, wrong = read_rows(), []
    for page in PAGES:
        text = fill(page, left, wrong)
        if text == read(page):
            continue
        if check:
            wrong.append(f"{page}: its tables are not made from the rows of the headers: "
                         "run scripts/stats-page.py")
        else:
            with open(os.path.join(TOP, page), "w", encoding="utf-8") as file:
                file.write(text)
    wrong += [f"{name}: row {row} is in no table of {', '.join(PAGES)}"
              for name, rows in left.items() for row in rows]
    print("".join(f"{line}\n" for line in wrong), end="")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
