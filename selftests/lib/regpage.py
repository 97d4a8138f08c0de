# SPDX-License-Identifier: GPL-2.0
"""The registers that Documentation/hardware-interface.rst lists.

Copyright (C) 2026 nvnic contributors
"""

import os
import re

_PAGE = os.path.join(os.path.dirname(__file__), "../../Documentation/hardware-interface.rst")
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


def documented():
    """The registers of a port, in the order of the page."""
    with open(_PAGE, encoding="utf-8") as file:
        page = file.read()
    start = page.index("Register map\n====")
    return [Register(page, row) for row in _ROW.findall(page[start:page.index("``CTRL``:", start)])]
