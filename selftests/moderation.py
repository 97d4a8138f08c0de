#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# seconds: 35
"""Interrupt moderation: ethtool -C, for all queues and for one, static and
adaptive: the interrupts become as few as asked for, and no frame waits longer.

Copyright (C) 2026 nvnic contributors
"""

import re
import time

from lib.hwstats import Watch
from lib.irqs import fired
from lib.ktap import (ksft_case, ksft_eq, ksft_ge, ksft_le, ksft_pr, ksft_run, ksft_true,
                      ksft_variants)
from lib.pktgen import Pktgen, Stream, quiet_pair
from lib.shell import defer, wait_for

PAIR = None
FRAMES = 1000
# Nanoseconds from frame to frame: far apart, so that each is its own interrupt
APART = 500_000
OFF = "adaptive-rx off adaptive-tx off rx-usecs 0 rx-frames 0 tx-usecs 0 tx-frames 0"
NAMES = {"rx-usecs": "rx-usecs", "rx-frames": "rx-frames", "tx-usecs": "tx-usecs",
         "tx-frames": "tx-frames"}


def setup():
    global PAIR
    PAIR = quiet_pair()


def moderate(port, words):
    """ethtool -C; off again when the case ends."""
    port.cmd(f"ethtool -C {port} {words}", fail=False)
    defer(port.cmd, f"ethtool -C {port} {OFF}", fail=False)


def shown(text):
    """ethtool -c, or --per-queue: {name: value}"""
    found = {m[1]: m[2] for m in re.finditer(r"^([a-z-]+):\s*(\S+)", text, re.M)}
    for side in ("RX", "TX"):
        match = re.search(rf"\b{side}: (\S+)", text)
        found[f"adaptive-{side.lower()}"] = match[1] if match else None
    return found


def settings(port):
    return shown(port.cmd(f"ethtool -c {port}").stdout)


def interrupts(port, **options):
    """Interrupts of a port and seconds while FRAMES frames go from a to b."""
    before, started, seen = fired(port.ifname), time.monotonic(), Watch(PAIR.b)
    with Pktgen([Stream(0, PAIR.a, PAIR.b)], count=FRAMES, **{"delay": APART, **options}) as gen:
        wait_for(gen.finished, "the frames to be sent", 60)
    wait_for(lambda: seen["rx_frames"] >= FRAMES, "the frames to arrive")
    spent = time.monotonic() - started
    # The last ones may still wait.
    time.sleep(0.1)
    return fired(port.ifname) - before, spent


def round_trip():
    """The shortest of some round trips, in milliseconds."""
    out = PAIR.a.cmd(f"ping -c 10 -i 0.05 -W 5 {PAIR.b.v4}").stdout
    return float(re.search(r"= ([\d.]+)/", out)[1])


@ksft_case
def set_and_shown():
    want = {"rx-usecs": "50", "rx-frames": "32", "tx-usecs": "20", "tx-frames": "16",
            "adaptive-rx": "on", "adaptive-tx": "off"}
    moderate(PAIR.b, " ".join(f"{k} {v}" for k, v in want.items()))

    def check(when):
        now = settings(PAIR.b)
        ksft_eq({k: now[k] for k in want}, want, when)
    check("after -C")
    PAIR.b.down()
    PAIR.b.up()
    PAIR.a.wait_carrier()
    check("after down and up")
    PAIR.b.cmd("ethtool -L nvn1 combined 1")
    defer(PAIR.b.cmd, "ethtool -L nvn1 combined 2")
    check("after -L")


@ksft_case
def one_queue():
    """--per-queue changes that queue alone; -C then all of them."""
    show = "ethtool --per-queue nvn1 queue_mask {:#x} --show-coalesce"
    defer(PAIR.b.cmd, f"ethtool -C nvn1 {OFF}", fail=False)
    PAIR.b.cmd("ethtool --per-queue nvn1 queue_mask 0x2 --coalesce rx-usecs 70 tx-frames 1")
    ksft_eq(shown(PAIR.b.cmd(show.format(2)).stdout)["rx-usecs"], "70", "queue 1")
    ksft_eq(shown(PAIR.b.cmd(show.format(1)).stdout)["rx-usecs"], "0", "queue 0")
    ksft_eq(settings(PAIR.b)["rx-usecs"], "0", "all queues")
    for words in ("0x4 --coalesce rx-usecs 70", "0x1 --coalesce rx-usecs 70000"):
        # This command of ethtool says so, but exits with 0.
        said = PAIR.b.cmd(f"ethtool --per-queue nvn1 queue_mask {words}", fail=False)
        ksft_true(said.ret or "Cannot set" in said.stderr, f"{words} was taken")
    ksft_eq(shown(PAIR.b.cmd(show.format(1)).stdout)["rx-usecs"], "0", "queue 0 after a refusal")
    PAIR.b.cmd("ethtool -C nvn1 rx-usecs 90")
    ksft_eq({shown(PAIR.b.cmd(show.format(m)).stdout)["rx-usecs"] for m in (1, 2)}, {"90"},
            "both queues after -C")


@ksft_variants({"rx": ("b", "rx"), "tx": ("a", "tx")})
def time_lowers_the_count(port, side):
    """A wait of 10 ms: no more than 100 interrupts a second, on the side that waits."""
    port = getattr(PAIR, port)
    moderate(port, OFF)
    free, spent = interrupts(port)
    ksft_ge(free, FRAMES / 2, f"interrupts without moderation in {spent:.2f} s")
    moderate(port, f"{side}-usecs 10000")
    few, spent = interrupts(port)
    ksft_pr(f"{free} interrupts for {FRAMES} frames, moderated {few} in {spent:.2f} s")
    ksft_le(few, spent * 100 + 10, "interrupts")
    ksft_ge(few, 3, "interrupts")


@ksft_variants({"rx": ("b", "rx"), "tx": ("a", "tx")})
def count_ends_the_wait(port, side):
    """Of a count and a time the earlier one fires."""
    port = getattr(PAIR, port)
    moderate(port, f"{side}-usecs 60000 {side}-frames 8")
    got, spent = interrupts(port)
    ksft_pr(f"{got} interrupts for {FRAMES} frames in {spent:.2f} s")
    ksft_ge(got, FRAMES / 16, "interrupts, one for 8 frames wanted")
    ksft_le(got, FRAMES / 8 + spent / 0.06 + 10, "interrupts, one for 8 frames wanted")


@ksft_case
def time_is_kept():
    """A lone frame waits as long as asked, not longer, and not at all with 0."""
    moderate(PAIR.b, OFF)
    free = round_trip()
    moderate(PAIR.b, "rx-usecs 20000 rx-frames 64")
    waits = round_trip()
    moderate(PAIR.b, OFF)
    again = round_trip()
    ksft_pr(f"round trip {free} ms, with rx-usecs 20000 {waits} ms, then {again} ms")
    ksft_ge(waits, 20, "round trip with a wait")
    ksft_le(waits, 20 + 10, "round trip with a wait")
    ksft_le(max(free, again), 10, "round trip without one")


@ksft_case
def only_that_queue():
    """A wait set for one queue does not touch the other one."""
    moderate(PAIR.b, OFF)
    PAIR.b.cmd("ethtool -X nvn1 weight 1 0")
    defer(PAIR.b.cmd, "ethtool -X nvn1 default")
    # Another -C that says what the last one said would leave that queue as it is.
    queue = "ethtool --per-queue nvn1 queue_mask 0x2 --coalesce rx-usecs"
    defer(PAIR.b.cmd, f"{queue} 0")
    PAIR.b.cmd(f"{queue} 30000")
    ksft_le(round_trip(), 20, "round trip by queue 0")
    PAIR.b.cmd("ethtool -X nvn1 weight 0 1")
    ksft_ge(round_trip(), 30, "round trip by queue 1")


@ksft_case
def adaptive_under_load():
    """Under a flood the dim library asks for fewer interrupts than none at all. Where NAPI
    hardly ever gets to the end of its work, one in ten frames is few enough."""
    flood = {"delay": 0, "count": 0}

    def rate(words):
        for port in PAIR.ports:
            moderate(port, words)
        with Pktgen([Stream(0, PAIR.a, PAIR.b)], **flood):
            time.sleep(1)
            before, seen = fired(), Watch(PAIR.b)
            time.sleep(1)
            return (fired() - before) / max(seen["rx_frames"], 1)
    free, adaptive = rate(OFF), rate("adaptive-rx on adaptive-tx on")
    ksft_pr(f"interrupts a frame: {free:.2f}, adaptive {adaptive:.2f}")
    ksft_le(adaptive, max(free * 0.7, 0.1), "interrupts a frame")
    ksft_eq(settings(PAIR.b)["adaptive-rx"], "on")


@ksft_case
def no_buffers_no_wait():
    """A receiver that runs out of buffers is told at once, however long it may wait."""
    PAIR.b.cmd("ethtool -G nvn1 rx 64")
    defer(PAIR.b.cmd, "ethtool -G nvn1 rx 1024")
    moderate(PAIR.b, "rx-usecs 60000 rx-frames 60000")
    seen, started = Watch(PAIR.b), time.monotonic()
    with Pktgen([Stream(0, PAIR.a, PAIR.b)], count=4000) as gen:
        wait_for(gen.finished, "the frames to be sent", 60)
    wait_for(lambda: seen["rx_frames"] >= 4000, "the frames to arrive")
    spent = time.monotonic() - started
    # 63 buffers every 60 ms would take 3.8 s.
    ksft_le(spent, 3, "seconds for 4000 frames")


@ksft_case
def changed_under_traffic():
    """A stream survives every setting."""
    from lib.stream import Stream as Tcp
    stream = Tcp(PAIR.a, PAIR.b)
    for n in range(60):
        for port in PAIR.ports:
            moderate(port, (OFF, "adaptive-rx on adaptive-tx on",
                            "adaptive-rx off rx-usecs 300 rx-frames 4 tx-usecs 500")[n % 3])
        if n % 10 == 0:
            stream.moving()
    ksft_pr(f"{stream.check()} segments sent again")


ksft_run(setup)
