# SPDX-License-Identifier: GPL-2.0
"""What the parts of "make bench" share.

Copyright (C) 2026 nvnic contributors
"""

import argparse
import json
import os
import time

OUT = os.environ.get("NVNIC_OUT", "/tmp")


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
