#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# cpus: 3
"""Vectors are real interrupts: lines in /proc/interrupts, affinity honoured.

Copyright (C) 2026 nvnic contributors
"""

import os
import signal
import time

from lib import regs
from lib.frames import Sender, eth, mac
from lib.genl import napis
from lib.hwstats import Watch
from lib.irqs import affinity, bind, lines
from lib.ktap import (ksft_case, ksft_eq, ksft_ge, ksft_le, ksft_pr, ksft_run, ksft_true,
                      ksft_variants)
from lib.nvnic import Pair, Transfer
from lib.shell import KsftSkipEx, defer, wait_for
from lib.stream import Stream

PAIR = TX = None
CPUS = os.cpu_count()


def setup():
    global PAIR, TX
    PAIR = Pair(ns_a=None)
    TX = Sender("nvn0")


def channels(count):
    PAIR.b.cmd(f"ethtool -L nvn1 combined {count}")
    defer(PAIR.b.cmd, f"ethtool -L nvn1 combined {CPUS}")
    PAIR.a.wait_carrier()


def traffic(count=200):
    """Frames to nvn1, one at a time, so that each may raise its own interrupt."""
    frame = eth(mac(PAIR.b.mac()), mac(PAIR.a.mac()), 0x88b5, bytes(100))
    seen = Watch(PAIR.b)
    for n in range(count):
        TX.send(frame)
        if n % 10 == 0:
            wait_for(lambda: seen["rx_frames"] > n, "frames to arrive")
    wait_for(lambda: seen["rx_frames"] >= count, "frames to arrive")


@ksft_case
def a_line_per_queue():
    for count in (1, 4, 2):
        channels(count)
        names = {n for n in lines() if n.startswith("nvn1")}
        ksft_eq(names, {f"nvn1-TxRx-{q}" for q in range(count)} | {"nvn1-event"},
                f"lines with {count} channels")
    PAIR.b.down()
    ksft_eq([n for n in lines() if n.startswith("nvn1")], [], "lines of a port that is down")
    PAIR.b.up()
    PAIR.a.wait_carrier()
    ksft_eq(len([n for n in lines() if n.startswith("nvn1-TxRx")]), 2, "lines of queues")


@ksft_case
def most_queues():
    channels(128)
    ksft_eq(len([n for n in lines() if n.startswith("nvn1-TxRx")]), 128, "lines of queues")
    traffic(20)


@ksft_case
def spread_by_default():
    """The lines start on one CPU each, in turn, and again with every CPU allowed."""
    channels(4)
    homes = [affinity(f"nvn1-TxRx-{q}") for q in range(4)]
    ksft_true(all(asked == used and used.bit_count() == 1 for asked, used in homes),
              f"one CPU a line: {homes}")
    for q in range(4):
        ksft_eq(affinity(f"nvn1-TxRx-{q}", (1 << CPUS) - 1)[1], homes[q][1], f"CPU of line {q}")
    homes = [used for _, used in homes]
    ksft_eq(len(set(homes)), min(CPUS, 4), f"CPUs used: {homes}")


@ksft_variants(range(2))
def affinity_is_honoured(first):
    """Interrupts are counted on the chosen CPU and no other, after each change."""
    if CPUS < 2:
        raise KsftSkipEx("needs two CPUs")
    channels(1)
    name = "nvn1-TxRx-0"
    for cpu in (first, 1 - first, first):
        ksft_eq(affinity(name, 1 << cpu), [1 << cpu, 1 << cpu], "asked for, in force")
        before = lines()[name][1]
        traffic()
        after = lines()[name][1]
        moved = [b - a for a, b in zip(before, after)]
        ksft_ge(moved[cpu], 10, f"interrupts on CPU {cpu}, {moved}")
        ksft_eq(sum(moved) - moved[cpu], 0, f"interrupts on other CPUs, {moved}")


@ksft_case
def affinity_of_several():
    """Of several CPUs one is used, and it is one of them."""
    channels(1)
    mask = (1 << CPUS) - 1
    asked, used = affinity("nvn1-TxRx-0", mask)
    ksft_eq(asked, mask)
    ksft_true(used & mask and used.bit_count() == 1, f"in force: {used:#x}")


@ksft_case
def affinity_of_none_is_refused():
    channels(1)
    before = affinity("nvn1-TxRx-0")
    for mask in (0, 1 << CPUS + 3):
        try:
            affinity("nvn1-TxRx-0", mask)
        except OSError:
            pass
        ksft_eq(affinity("nvn1-TxRx-0"), before, f"affinity after {mask:#x} was refused")


@ksft_case
def affinity_under_traffic():
    """A line moves to and fro under a transfer; nothing is lost."""
    channels(1)
    stream = Stream(PAIR.a, PAIR.b)
    for n in range(200):
        bind("nvn1-TxRx-0", 1 << n % CPUS)
        if n % 20 == 0:
            stream.moving()
    ksft_pr(f"{stream.check()} segments sent again")


def ring_from(cpu, text):
    """A process that fires a vector from one CPU, again and again; its id."""
    child = os.fork()
    if child:
        defer(os.waitpid, child, 0)
        defer(os.kill, child, signal.SIGKILL)
        return child
    os.sched_setaffinity(0, {cpu})
    with open("/sys/kernel/debug/nvnic/nvnic0.1/write", "wb", buffering=0) as knob:
        while True:
            knob.write(text)


@ksft_case
def fired_from_two_cpus():
    """Two CPUs fire one vector of a third at the same time, which goes on working."""
    if CPUS < 3:
        raise KsftSkipEx("needs three CPUs")
    channels(1)
    name = "nvn1-TxRx-0"
    bind(name, 1 << 2)
    defer(bind, name, (1 << CPUS) - 1)
    before = lines()[name][1]
    for cpu in range(2):
        ring_from(cpu, f"{regs.VEC_TEST:x} 0".encode())
    end = time.monotonic() + 5
    while time.monotonic() < end:
        count = lines()[name][1][2]
        time.sleep(0.1)
        wait_for(lambda: lines()[name][1][2] > count, "CPU 2 to handle the interrupt")
    moved = [b - a for a, b in zip(before, lines()[name][1])]
    ksft_pr(f"interrupts on each CPU: {moved}")
    ksft_eq(moved[:2] + moved[3:], [0] * (CPUS - 1), "interrupts on other CPUs")


@ksft_case
def cpu_goes_offline():
    """The line of a CPU that goes away moves, and the port goes on."""
    knob = f"/sys/devices/system/cpu/cpu{CPUS - 1}/online"
    if CPUS < 2 or not os.path.exists(knob):
        raise KsftSkipEx("no CPU can go offline here")

    def online(state):
        with open(knob, "w") as file:
            file.write(str(int(state)))
    channels(1)
    affinity("nvn1-TxRx-0", 1 << CPUS - 1)
    traffic(20)
    defer(online, True)
    online(False)
    traffic(20)
    ksft_true(affinity("nvn1-TxRx-0")[1] & 1 << CPUS - 1 == 0, "the line left the CPU")
    online(True)
    affinity("nvn1-TxRx-0", 1 << CPUS - 1)
    traffic(20)


@ksft_case
def quiet_without_traffic():
    """A port in rest raises nothing."""
    PAIR.b.set_ipv6(False)
    traffic(10)
    before = {n: sum(c) for n, (_, c) in lines().items() if n.startswith("nvn1")}
    time.sleep(1)
    after = {n: sum(c) for n, (_, c) in lines().items() if n.startswith("nvn1")}
    ksft_le(sum(after.values()) - sum(before.values()), 5, "interrupts in a second of rest")


@ksft_case
def few_interrupts_under_load():
    """NAPI and the arming of the vector keep interrupts well below frames."""
    channels(1)
    seen = Watch(PAIR.b)
    before = lines()["nvn1-TxRx-0"][1]
    Transfer(PAIR.a, PAIR.b, 8 << 20).check()
    fired = sum(lines()["nvn1-TxRx-0"][1]) - sum(before)
    frames = seen["rx_frames"]
    ksft_pr(f"{fired} interrupts for {frames} frames received")
    ksft_le(fired, frames / 2, "interrupts")


@ksft_case
def napi_tells_its_interrupt():
    """netdev-genl shows a NAPI instance for each queue, with its interrupt."""
    channels(2)
    want = {lines()[f"nvn1-TxRx-{q}"][0] for q in range(2)}
    found = napis(PAIR.b.ifname, PAIR.b.ns)
    ksft_eq({n["irq"] for n in found}, want, "interrupts of NAPI instances")
    ksft_eq(len({n["id"] for n in found}), 2, "NAPI ids")


ksft_run(setup)
