# SPDX-License-Identifier: GPL-2.0
"""The registers that Documentation/hardware-interface.rst lists, and those that the sources
name.

Copyright (C) 2026 nvnic contributors
"""

import glob
import os
import re

_TOP = os.path.join(os.path.dirname(__file__), "../..")
_PAGE = f"{_TOP}/Documentation/hardware-interface.rst"
_HEADER = f"{_TOP}/include/nvnic/regs.h"
_DEVICE = f"{_TOP}/drivers/nvhw/*.c"
_ROW = re.compile(r"^0x([0-9a-f]+) +([A-Z_]+)(?:\((\d+)\.\.(\d+)\)|\((\w)\))? +"
                  r"(RO|RW|WO|W1C|--) +(\S+)", re.M)
# Reset values that stand in the text instead of the table
_BELOW = {"CAP": r"``CAP``, which reads\s+(0x[0-9a-f]+)",
         "RSS_FIELDS": r"\nReceive hash\n=+\n[^=]*?Reset (0x[0-9a-f]+)"}


class Register:
    """A register of the page, or a run of them: off, name, count, access, reset."""

    def __init__(self, page, row):
        off, self.name, _, last, many, self.access, reset = row
        self.off = int(off, 16)
        self.count = int(last) + 1 if last else None if many else 1
        if reset == "below":
            reset = re.search(_BELOW[self.name], page)[1]
        self.reset = None if reset == "--" else int(reset, 0)

    def offsets(self):
        return [self.off + 8 * n for n in range(self.count or 1)]


def _listed(title, end):
    """The table that stands behind one text and in front of another"""
    with open(_PAGE, encoding="utf-8") as file:
        page = file.read()
    start = page.index(f"{title}\n====")
    return [Register(page, row) for row in _ROW.findall(page[start:page.index(end, start)])]


def documented():
    """The registers of a port, in the order of the page."""
    return _listed("Register map", "``CTRL``:")


# Of a queue pair, either half has these.
HALF = ("CTRL", "STATUS", "BASE", "CBASE", "SIZE", "TAIL")


def queue_pair(rx):
    """{offset in the block of a queue pair: Register}, the RX half being RX bytes behind the
    other; without the counters, which are runs."""
    found = {}
    for reg in _listed("Queue pair block", "BASE, CBASE and SIZE"):
        if reg.name in HALF:
            found[reg.off] = found[reg.off + rx] = reg
        elif reg.count:
            found[reg.off] = reg
    return found


def _read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def in_header():
    """{name: offset} of a port's registers in the header that device and driver share"""
    rows = re.findall(r"^#define\s+NVNIC_REG_(\w+)(?:\(_\w\))?\s+\(?(0x[0-9a-f]+)", _read(_HEADER),
                      re.M)
    found = {name: int(off, 16) for name, off in rows if not name.startswith("Q_")}
    # The block of a queue pair begins there; its size is none.
    found["QUEUE"] = found.pop("QUEUE_BASE")
    del found["QUEUE_STRIDE"]
    return found


def in_device():
    """Names of the rows in the device's lists of a port's registers; another expression is
    itself."""
    rows = [row for path in glob.glob(_DEVICE)
            for row in re.findall(r"\{ \.off = ([^,]+),", _read(path))]
    return {re.sub(r"NVNIC_REG_(\w+)(\(0\))?", r"\1", row) for row in rows}
