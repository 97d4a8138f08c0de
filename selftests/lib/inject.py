# SPDX-License-Identifier: GPL-2.0
"""nvnic selftests: allocations that fail below the module's functions.

Copyright (C) 2026 nvnic contributors
"""

import os

from .shell import defer

_KNOBS = ("failslab", "fail_page_alloc")


def module_range(name="nvnic"):
    """First address of a module's code, and the one behind its last function."""
    with open("/proc/kallsyms") as table:
        found = [int(line.split()[0], 16) for line in table
                 if line.endswith(f"[{name}]\n") and line.split()[1] in "tT"]
    return min(found), max(found) + 4096


class Injection:
    """failslab and fail_page_alloc, for whatever is called by the module.

    possible is False in a kernel without them.
    """

    def __init__(self):
        self.possible = all(os.path.exists(f"/sys/kernel/debug/{knob}/require-start")
                            for knob in _KNOBS)
        defer(self.stop)

    def _set(self, knob, **values):
        for name, value in values.items():
            with open(f"/sys/kernel/debug/{knob}/{name.replace('_', '-')}", "w") as file:
                file.write(str(value))

    def start(self, rng):
        """Begin; return what it does, in words."""
        start, end = module_range()
        percent = rng.choice((1, 5, 20))
        for knob in _KNOBS:
            # Quiet: what it prints looks like a complaint.
            self._set(knob, verbose=0, times=-1, interval=1, space=0, stacktrace_depth=32,
                      require_start=f"{start:#x}", require_end=f"{end:#x}",
                      ignore_gfp_wait="N", probability=percent)
        self._set("fail_page_alloc", min_order=0, ignore_gfp_highmem="N")
        return f"{percent} % of allocations fail"

    def stop(self):
        if self.possible:
            for knob in _KNOBS:
                self._set(knob, probability=0)
