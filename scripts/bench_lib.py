# SPDX-License-Identifier: GPL-2.0
"""What the parts of "make bench" and "make bench-native" share.

Copyright (C) 2026 nvnic contributors
"""

import argparse
import collections
import json
import os
import time

OUT = os.environ.get("NVNIC_OUT", "/tmp")
# Colours of bars: nvnic at its best, another way to use it, others
OURS, OURS_TOO, GREY, OTHERS = "#1f6f8b", "#7fb3c4", "#b9b9b9", "#8c8c8c"
# text: what stands behind the bar
Bar = collections.namedtuple("Bar", "label colour value low high text")


def say(text):
    print(f">> {text}", flush=True)


def verdict(good):
    return "reached" if good else "MISSED"


def options(seconds, repeat):
    """The command line: seconds (a number like SECONDS) and repeat, with these defaults"""
    parser = argparse.ArgumentParser(description="for inside the VM: make bench")
    parser.add_argument("--seconds", type=type(seconds), default=seconds, help="of a measurement")
    parser.add_argument("--repeat", type=int, default=repeat, help="measurements of each kind")
    return parser.parse_args()


def machine():
    """What was measured on, for each result."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        tcg = "TCG" in file.read()
    return {"kernel": os.uname().release, "cpus": os.cpu_count(), "tcg": tcg,
            "date": time.strftime("%Y-%m-%d")}


def write_json(name, results):
    with open(f"{OUT}/{name}", "w", encoding="ascii") as out:
        json.dump({**machine(), **results}, out, indent=1)


def write_svg(path, panels, caption):
    """A chart. PANELS: {title: [Bar]}, each with a scale of its own, one below the
    other; the line over a bar goes from LOW to HIGH."""
    width, left, bar, step, head = 760, 300, 26, 44, 56
    height = sum(head + step * len(bars) for bars in panels.values()) + 34
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
           f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">',
           '<rect width="100%" height="100%" fill="white"/>']
    top = 0
    for title, bars in panels.items():
        out.append(f'<text x="16" y="{top + 26}" font-size="16">{title}</text>')
        top += head
        scale = (width - left - 150) / max(each.high for each in bars)
        for each in bars:
            low, value, high = (left + x * scale for x in (each.low, each.value, each.high))
            middle = top + bar / 2
            out += [f'<text x="{left - 10}" y="{middle + 4}" text-anchor="end">{each.label}</text>',
                    f'<rect x="{left}" y="{top}" width="{value - left:.1f}" height="{bar}" '
                    f'fill="{each.colour}"/>',
                    f'<line x1="{low:.1f}" y1="{middle}" x2="{high:.1f}" y2="{middle}" '
                    'stroke="black"/>',
                    f'<text x="{high + 8:.1f}" y="{middle + 4}">{each.text}</text>']
            top += step
    out += [f'<text x="16" y="{height - 12}" fill="#555" font-size="11">{caption}</text>', '</svg>']
    with open(path, "w", encoding="ascii") as svg:
        svg.write("\n".join(out) + "\n")
