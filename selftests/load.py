#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# seconds: 60
"""A load that fails fails as a whole, and the log says why; likewise an adapter that is
to be added.

Copyright (C) 2026 nvnic contributors
"""

import contextlib
import ctypes
import errno
import os

from lib.ktap import (ksft_case, ksft_eq, ksft_ge, ksft_in, ksft_pr, ksft_raises, ksft_run,
                      ksft_true, ksft_variants)
from lib.nvnic import KO, module_load, module_loaded, module_unload
from lib.shell import KsftSkipEx, cmd, defer

FINIT_MODULE = 313
# Each case takes every so many allocations; the first ones are the write's.
STEP, EARLY = 8, 2
libc = ctypes.CDLL(None, use_errno=True)


def setup():
    module_load()
    defer(module_load)


class Log:
    """The kernel's messages from now on."""

    def __init__(self):
        self.kmsg = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self.kmsg, 0, os.SEEK_END)

    def ours(self):
        """Complaints of this module."""
        lines = []
        with contextlib.suppress(BlockingIOError):
            while True:
                lines.append(os.read(self.kmsg, 8192).decode(errors="replace"))
        return [l.split(";", 1)[1].split("\n")[0] for l in lines
                if l.split(";", 1)[1].startswith("nvnic") and int(l.split(",")[0]) & 7 <= 3]

    def close(self):
        os.close(self.kmsg)


def there(number):
    """What there is of an adapter: its ports on the bus, those with an interface, the tap."""
    bus = "/sys/bus/nvnic/devices"
    ports = [d for d in sorted(os.listdir(bus))
             if d.startswith(f"nvnic{number}.")] if os.path.isdir(bus) else []
    nets = [d for d in ports if os.path.isdir(f"{bus}/{d}/net")]
    return len(ports), len(nets), os.path.isdir(f"/sys/class/net/nvnwire{number}")


WHOLE, NOTHING = (2, 2, True), (0, 0, False)


KNOBS = ("failslab", "fail_page_alloc")
NTH, FAIL = "/proc/thread-self/fail-nth", None


def knob(file, value):
    with open(file, "w") as out:
        out.write(str(value))


def failures():
    """Any allocation may be made to fail, quietly; without that the case is skipped."""
    if not all(map(os.path.exists, (NTH, *(f"/sys/kernel/debug/{name}" for name in KNOBS)))):
        raise KsftSkipEx("this kernel has no fail-nth (CONFIG_FAILSLAB, CONFIG_FAIL_PAGE_ALLOC)")
    global FAIL
    FAIL = os.open(NTH, os.O_RDWR)
    defer(os.close, FAIL)
    for name in KNOBS:
        knob(f"/sys/kernel/debug/{name}/verbose", 0)
        knob(f"/sys/kernel/debug/{name}/ignore-gfp-wait", "N")
    knob("/sys/kernel/debug/fail_page_alloc/min-order", 0)


def fail_nth(number):
    """The NUMBER-th allocation of this thread from now on fails; 0: none. True if the one
    asked for before is still to come. The file is open all the time: to open it takes
    memory, too."""
    more = int(os.pread(FAIL, 16, 0)) > 0
    os.pwrite(FAIL, str(number).encode(), 0)
    return more


def new_device(number):
    knob("/sys/bus/nvnic/new_device", number)


def del_device(number):
    knob("/sys/bus/nvnic/del_device", number)


def insmod(nth=0):
    """As insmod does, with that allocation failing: (0 or errno, whether it is still to come)."""
    with open(KO, "rb") as file:
        if nth:
            fail_nth(nth)
        failed = libc.syscall(FINIT_MODULE, file.fileno(), b"", 0)
        err = ctypes.get_errno() if failed else 0
        return err, bool(nth) and fail_nth(0)


def judge(log, what, err, number):
    """All of an adapter and no error, or nothing of it, an error and a line about it."""
    lines, found = log.ours(), there(number)
    if not err:
        ksft_eq(found, WHOLE, f"{what}: accepted; ports, interfaces, tap")
        return
    ksft_eq(found, NOTHING, f"{what}: errno {err}; ports, interfaces, tap")
    ksft_true(lines, f"{what}: errno {err}, and no line in the log")


def new_device_without(nth):
    """Adapter 1, with that allocation failing: (0 or errno, whether it is still to come)."""
    file = os.open("/sys/bus/nvnic/new_device", os.O_WRONLY)
    err = 0
    fail_nth(nth)
    try:
        os.write(file, b"1")
    except OSError as error:
        err = error.errno
    more = fail_nth(0)
    os.close(file)
    return err, more


@ksft_variants([1, 4])
def adapter_without_memory(first):
    """One allocation after the other fails."""
    failures()
    log, n, refused = Log(), first, 0
    defer(log.close)
    while True:
        err, more = new_device_without(n)
        # What fails before the write has got to the module is not its own.
        if there(1) != NOTHING or n > EARLY:
            judge(log, f"allocation {n}", err, 1)
        refused += bool(err)
        if not err:
            del_device(1)
        if more:
            break
        n += STEP
    ksft_pr(f"to allocation {n}, {refused} refused the adapter")
    ksft_ge(refused, 20, "adapters that were refused")
    new_device(1)
    defer(del_device, 1)
    ksft_eq(there(1), WHOLE, "an adapter with memory")


@ksft_case
def load_without_memory():
    """The same from the start of the load."""
    if os.path.exists("/proc/lockdep_stats"):
        raise KsftSkipEx("bus_register() that fails early makes lockdep warn")
    failures()
    module_unload()
    defer(module_load)
    log, n, said = Log(), 0, 0
    defer(log.close)
    while True:
        n += 2 * STEP
        err, more = insmod(n)
        said += bool(log.ours())
        ksft_eq(module_loaded(), not err, f"allocation {n}: errno {err}, the module is there")
        if not err:
            ksft_eq(there(0), WHOLE, f"allocation {n}: ports, interfaces, tap")
            module_unload()
        if more:
            break
    ksft_pr(f"to allocation {n}, {said} loads refused with a line of ours")
    ksft_ge(said, 5, "loads refused with a line of ours")


@ksft_variants(["load", "adapter"])
def name_is_taken(how):
    """Another interface has the name of the tap."""
    number = 0 if how == "load" else 1
    if how == "load":
        module_unload()
        defer(module_load)
    cmd(f"ip link add nvnwire{number} type dummy")
    defer(cmd, f"ip link del nvnwire{number}")
    log = Log()
    defer(log.close)
    if how == "load":
        ksft_true(insmod()[0], "the module was refused")
        ksft_true(not module_loaded(), "the module is there")
    else:
        with ksft_raises(OSError, "the adapter was made") as error:
            new_device(1)
        ksft_eq(error.exception.errno, errno.EEXIST, "errno")
    text = "\n".join(log.ours())
    ksft_in(f"nvnwire{number}", text, "the log")
    ksft_in("has that name", text, "the log")


@ksft_case
def without_a_driver():
    """A bus that does not look for drivers takes adapters all the same."""
    autoprobe = "/sys/bus/nvnic/drivers_autoprobe"
    knob(autoprobe, 0)
    defer(knob, autoprobe, 1)
    new_device(1)
    defer(del_device, 1)
    ksft_eq(there(1), (2, 0, True), "ports, interfaces, tap")
    for port in range(2):
        knob("/sys/bus/nvnic/drivers/nvnic/bind", f"nvnic1.{port}")
    ksft_eq(there(1), WHOLE, "ports, interfaces, tap")


ksft_run(setup)
