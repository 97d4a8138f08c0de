# SPDX-License-Identifier: GPL-2.0
"""What the parts of "make bench" share.

Copyright (C) 2026 nvnic contributors
"""

import json
import os
import time

OUT = os.environ.get("NVNIC_OUT", "/tmp")


def say(text):
    print(f">> {text}", flush=True)


def machine():
    """What was measured on, for each result."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        tcg = "TCG" in file.read()
    return {"kernel": os.uname().release, "cpus": os.cpu_count(), "tcg": tcg,
            "date": time.strftime("%Y-%m-%d")}


def write_json(name, results):
    with open(f"{OUT}/{name}", "w", encoding="ascii") as out:
        json.dump({**machine(), **results}, out, indent=1)
