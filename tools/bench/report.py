#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Turn the rows of the engines' benchmark into tables and a chart.

Usage: report.py ROWS CHART.svg

ROWS holds one JSON object a line, as the bench program prints them. Exit status
1: a target was missed.

Copyright (C) 2026 nvnic contributors
"""
import json
import sys

# group, contender, peer, wanted ratio of speeds, in words
TARGETS = [
    ("toeplitz-ipv4", "nvpe", "rte_softrss_be", 5.0, "Toeplitz IPv4 >= 5 x rte_softrss_be"),
    ("toeplitz-ipv6", "nvpe", "rte_softrss_be", 5.0, "Toeplitz IPv6 >= 5 x rte_softrss_be"),
    ("lso-nvgre-mtu1500", "nvpe", "rte_gso", 1.0, "NVGRE LSO, MTU 1500 >= rte_gso"),
    ("lso-nvgre-mtu9000", "nvpe", "rte_gso", 1.0, "NVGRE LSO, MTU 9000 >= rte_gso"),
    *((f"copy-{where}-{size}", "nvpe", "memcpy", 0.7,
       f"copy and sum {size} ({where}) >= 70 % of memcpy")
      for size in (1460, 9000, 65536) for where in ("hot", "ring")),
    ("filter", "4096 entries", "1 entry", 1 / 1.2, "filter, 4096 entries <= 1.2 x 1"),
    ("vmq", "4096 entries", "1 entry", 1 / 1.2, "VM queue, 4096 entries <= 1.2 x 1"),
]

WIDTH, LABEL, BAR = 860, 330, 14


def load(path):
    """The rows by group and name, and those that were skipped."""
    groups, skipped = {}, []
    with open(path, encoding="utf-8") as rows:
        for row in map(json.loads, rows):
            if "skipped" in row:
                skipped.append(row)
            else:
                groups.setdefault(row["group"], {})[row["name"]] = row
    return groups, skipped


def print_groups(groups):
    """Every row, beside the first of its group."""
    print(f"{'group':20} {'contender':18} {'median':>12} {'quartiles':>25}"
          f" {'GB/s':>7} {'speed of first':>14}")
    for group, rows in groups.items():
        for row in rows.values():
            rate = f"{row['bytes'] / row['ns']:7.2f}" if row["bytes"] else " " * 7
            print(f"{group:20} {row['name']:18} {row['ns']:9.1f} ns"
                  f" {row['ns_q1']:12.1f} {row['ns_q3']:12.1f} {rate}"
                  f" {1 / row['ratio']:13.2f}x")


def print_targets(groups):
    """The closing table; True if all that could be judged was reached."""
    good = True
    print(f"\n{'target':48} {'wanted':>7} {'got':>7}")
    for group, name, peer, want, text in TARGETS:
        rows = groups.get(group, {})
        if name not in rows or peer not in rows:
            print(f"{text:48} {want:7.2f} {'-':>7} not measured")
            continue
        got = rows[peer]["ratio"] / rows[name]["ratio"]
        good &= got >= want
        print(f"{text:48} {want:7.2f} {got:7.2f} {'reached' if got >= want else 'MISSED'}")
    return good


def draw(groups, path):
    """A chart: speed of each contender, relative to the fastest of its group."""
    y, parts = 30, []
    for group, rows in groups.items():
        best = min(row["ns"] for row in rows.values())
        parts.append(f'<text x="8" y="{y + 11}" font-weight="bold">{group}</text>')
        for row in rows.values():
            share = best / row["ns"]
            color = "#2b6cb0" if row["name"] == "nvpe" else "#a0aec0"
            parts.append(f'<text x="{LABEL - 8}" y="{y + 11}" text-anchor="end">'
                         f'{row["name"]}</text>'
                         f'<rect x="{LABEL}" y="{y}" height="{BAR - 2}"'
                         f' width="{share * (WIDTH - LABEL - 130):.1f}" fill="{color}"/>'
                         f'<text x="{LABEL + share * (WIDTH - LABEL - 130) + 6:.1f}"'
                         f' y="{y + 11}">{share:.2f}  {row["ns"]:.0f} ns</text>')
            y += BAR + 2
        y += 8
    with open(path, "w", encoding="utf-8") as svg:
        svg.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}"'
                  ' font-family="sans-serif" font-size="11">\n'
                  '<rect width="100%" height="100%" fill="white"/>\n'
                  '<text x="8" y="16">Packet engines beside their peers: speed relative to'
                  ' the fastest of each group, median time</text>\n')
        svg.write("\n".join(parts) + "\n</svg>\n")


def main():
    groups, skipped = load(sys.argv[1])
    print_groups(groups)
    for row in skipped:
        print(f"{row['group']:20} {row['name']:18} skipped: {row['skipped']}")
    draw(groups, sys.argv[2])
    good = print_targets(groups)
    print(f"\nrows: {sys.argv[1]}  chart: {sys.argv[2]}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
