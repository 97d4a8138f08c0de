# SPDX-License-Identifier: GPL-2.0
"""nvnic selftests: allocations that fail below the module's functions.

Copyright (C) 2026 nvnic contributors
"""

import os

from .shell import KsftSkipEx, defer

_KNOBS = ("failslab", "fail_page_alloc")


def code_range(function=None, module="nvnic"):
    """The address at which a function of a module begins, and where it ends; or all of
    the module's code."""
    with open("/proc/kallsyms") as table:
        rows = [line.split() for line in table if line.endswith(f"[{module}]\n")]
    code = sorted((int(row[0], 16), row[2]) for row in rows if row[1] in "tT")
    starts = [address for address, name in code if name == function or not function]
    ends = [address for address, _ in code if function and address > starts[0]]
    return starts[0], ends[0] if ends else code[-1][0] + 4096


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

    def start(self, percent, function=None):
        """That many of a hundred fail, from now on: all, or those below one function."""
        start, end = code_range(function)
        for knob in _KNOBS:
            # Quiet: what it prints looks like a complaint.
            self._set(knob, verbose=0, times=-1, interval=1, space=0, stacktrace_depth=32,
                      require_start=f"{start:#x}", require_end=f"{end:#x}",
                      ignore_gfp_wait="N", probability=percent)
        self._set("fail_page_alloc", min_order=0, ignore_gfp_highmem="N")

    def stop(self):
        if self.possible:
            for knob in _KNOBS:
                self._set(knob, probability=0)


def injection():
    """An Injection; in a kernel without it the case is skipped."""
    inject = Injection()
    if not inject.possible:
        raise KsftSkipEx("this kernel has no failslab, fail_page_alloc (CONFIG_FAILSLAB, "
                   "CONFIG_FAIL_PAGE_ALLOC)")
    return inject
