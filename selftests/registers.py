#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The device's registers are as Documentation/hardware-interface.rst lists them: each
is there, resets to the value given and can be written or not, and there are no others.

Copyright (C) 2026 nvnic contributors
"""

from lib.hwstats import Watch
from lib.ktap import ksft_case, ksft_eq, ksft_run, ksft_true, ksft_variants
from lib.nvnic import Port, module_load, new_adapter
from lib.regpage import HALF, documented, in_device, in_header, queue_pair
from lib.regs import QUEUES, QUEUE_BASE, QUEUE_STRIDE, registers, rxq, txq

ADAPTER = 7
# What a driver writes at probe, and what happens in the device by then
PROBED = {"EN", "CTRL", "EVENT", "LINK_CTRL", "LINK_STATUS", "LINK_PARTNER"}
# Each write of these is a command.
COMMANDS = {"RSS_COMMIT", "FLT_CMD", "VMQ_CMD"}
# Reading has a price, or they are many: not in the dump
UNDUMPED = {"RSS_COMMIT", "RSS_CTX", "FLT_KEY", "FLT_MASK", "FLT_ACTION", "FLT_CMD", "FLT_SEL",
            "FLT_FRAMES", "FLT_BYTES", "VMQ_SEL", "VMQ_CFG", "VMQ_CMD", "VMQ_STATUS",
            "VMQ_CNT", "PORT_CNT", "VEC_TEST", "RESET", "QUEUE"}
PORT = None


def setup():
    global PORT
    module_load()
    PORT = Port(new_adapter(ADAPTER)[0])


def write(*pairs):
    """Write registers; how many of the writes the device has refused."""
    seen = Watch(PORT)
    for off, value in pairs:
        with open(f"/sys/kernel/debug/nvnic/nvnic{ADAPTER}.0/write", "w") as knob:
            knob.write(f"{off:x} {value:x}")
    return seen["csr_bad"]


@ksft_case
def page_is_read():
    names = [reg.name for reg in documented()]
    ksft_eq(len(names), len(set(names)), "each name once")
    ksft_true(len(names) > 30, f"{len(names)} registers in the page")
    ksft_eq((PROBED | COMMANDS | UNDUMPED) - set(names), set(), "named here, not in the page")


@ksft_case
def header_has_no_others():
    """What cannot be written and is not dumped has nothing but its name."""
    ksft_eq({reg.name: reg.off for reg in documented()}, in_header(), "registers")


@ksft_case
def device_has_no_others():
    ksft_eq(in_device(), {reg.name for reg in documented()} - {"QUEUE"}, "rows of the device")


@ksft_case
def dump_has_them_all():
    wanted = {off for reg in documented() if reg.name not in UNDUMPED for off in reg.offsets()}
    ksft_eq({off for off in registers(PORT) if off < QUEUE_BASE}, wanted, "offsets")


@ksft_case
def reset_values():
    dump = registers(PORT)
    for reg in documented():
        if reg.reset is None or reg.name in PROBED | UNDUMPED:
            continue
        for off in reg.offsets():
            ksft_eq(f"{dump[off]:#x}", f"{reg.reset:#x}", f"{reg.name} at {off:#x}")


@ksft_case
def read_only():
    for reg in documented():
        if reg.access == "RO":
            ksft_eq(write(*((off, 0) for off in reg.offsets())), len(reg.offsets()),
                    f"writes of {reg.name} refused")


@ksft_case
def writable():
    dump = registers(PORT)
    for reg in documented():
        if reg.access not in ("RW", "W1C") or reg.name in COMMANDS:
            continue
        same = [(off, dump.get(off, reg.reset)) for off in reg.offsets()]
        ksft_eq(write(*same), 0, f"writes of {reg.name} refused")
    ksft_eq({off: val for off, val in registers(PORT).items() if dump[off] != val}, {},
            "what has changed")


@ksft_case
def nothing_between():
    there = {off for reg in documented() for off in reg.offsets()}
    # A run without an end in the page: up to the next register.
    open_ended = [reg.off for reg in documented() if reg.count is None]
    starts = sorted(reg.off for reg in documented())
    for start in open_ended:
        end = min([off for off in starts if off > start], default=QUEUE_BASE)
        there |= set(range(start, end, 8))
    gaps = [off for off in range(0, 0x2000, 8) if off not in there]
    ksft_true(gaps, "there are gaps")
    ksft_eq(write(*((off, 0) for off in gaps)), len(gaps), "writes between registers refused")
    end = QUEUE_BASE + QUEUES * QUEUE_STRIDE
    ksft_eq(write((end, 0), (end + 8, 0)), 2, "writes behind the end refused")


# ---- The block of a queue pair. The port has never been up: all queues are off. ----

PAIR = queue_pair(rxq(0) - txq(0))


@ksft_case
def queue_is_dumped():
    wanted = {QUEUE_BASE + off: reg for off, reg in PAIR.items()
              if reg.name in HALF and reg.access != "WO"}
    ksft_eq(len(wanted), 10, "registers of a queue pair that are dumped")
    dump = {off: val for off, val in registers(PORT).items()
            if QUEUE_BASE <= off < QUEUE_BASE + QUEUE_STRIDE}
    ksft_eq(set(dump), set(wanted), "offsets")
    for off, reg in wanted.items():
        ksft_eq(f"{dump[off]:#x}", f"{reg.reset:#x}", f"{reg.name} at {off:#x}")


@ksft_variants([0, QUEUES - 1])
def queue_accesses(queue):
    base = QUEUE_BASE + queue * QUEUE_STRIDE
    for off, reg in PAIR.items():
        ksft_eq(write((base + off, reg.reset or 0)), int(reg.access == "RO"),
                f"writes of {reg.name} at {off:#x} refused")
    others = [base + off for off in range(0, QUEUE_STRIDE, 8) if off not in PAIR]
    ksft_eq(write(*((off, 0) for off in others)), len(others),
            "writes of counters and between registers refused")


ksft_run(setup)
