#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# cpus: 2
"""Receive address filters: an address that stays is in force all the time, whatever comes
and goes beside it.

Copyright (C) 2026 nvnic contributors
"""

import random
import threading

from lib import regs
from lib.frames import Sender, eth, mac
from lib.hwstats import Watch
from lib.ktap import ksft_case, ksft_eq, ksft_ge, ksft_pr, ksft_run, ksft_variants
from lib.nvnic import Pair
from lib.shell import defer, wait_for

PAIR = None
MACF, SLOTS, VALID = 0x200, 64, 1 << 63
ETH_P_TEST = 0x88b5


def setup():
    global PAIR
    PAIR = Pair(ns_a=None, ipv6=False)


def unicast(n):
    return f"02:aa:00:00:00:{n:02x}"


def multicast(n):
    return f"01:00:5e:7f:00:{n:02x}"


def fdb(verb, addresses, **kwargs):
    """Take addresses into the port's lists, or out of them."""
    if addresses:
        PAIR.b.cmd("bridge -batch -", stdin="".join(f"fdb {verb} {a} dev nvn1 self\n"
                                                    for a in addresses), **kwargs)


def look():
    """{address: slot} of the device, from one reading of its registers."""
    values = regs.registers(PAIR.b)
    found = {}
    for slot in range(SLOTS):
        value = values[MACF + 8 * slot]
        if value & VALID:
            found[(value & ~VALID).to_bytes(6, "big")] = slot
    return found


@ksft_variants(range(4))
def slots_stay(seed):
    """An address keeps its slot from the moment that it comes until it goes."""
    dice = random.Random(seed)
    pool = [unicast(n) for n in range(1, 25)] + [multicast(n) for n in range(1, 25)]
    held, before = set(), look()
    base = set(before)
    defer(lambda: fdb("del", held, fail=False))
    for _ in range(40):
        change = set(dice.sample(pool, dice.randint(1, 6)))
        gone, new = change & held, change - held
        fdb("del", gone)
        fdb("add", new)
        held = (held - gone) | new
        after = look()
        ksft_eq(set(after), base | {mac(a) for a in held}, "addresses of the device")
        moved = {a for a in before if a in after and after[a] != before[a]}
        ksft_eq(moved, set(), "addresses that moved")
        before = after


@ksft_case
def own_address_changes():
    """The port's address and one of its list change places."""
    first = PAIR.b.mac()
    defer(PAIR.b.set, f"address {first}")
    fdb("add", [unicast(1)])
    defer(fdb, "del", [unicast(1)], fail=False)
    PAIR.b.set(f"address {unicast(1)}")
    ksft_eq(mac(unicast(1)) in look(), True, "the new address is in force")
    ksft_eq(mac(first) in look(), False, "the old address is in force")
    fdb("del", [unicast(1)])
    ksft_eq(mac(unicast(1)) in look(), True, "the port's address is in force")
    PAIR.b.set(f"address {first}")
    ksft_eq((mac(unicast(1)) in look(), mac(first) in look()), (False, True), "in force")


@ksft_case
def full():
    """More than the slots hold: everything is received; then the slots again."""
    many = [unicast(n) for n in range(1, SLOTS + 6)]
    defer(fdb, "del", many, fail=False)
    fdb("add", many)
    fdb("del", many[10:])
    ksft_eq({mac(a) for a in many[:10]} - set(look()), set(), "addresses that are missing")
    sender, seen = Sender("nvn0"), Watch(PAIR.b)
    for address in many:
        sender.send(eth(mac(address), mac(PAIR.a.mac()), ETH_P_TEST, bytes(60)))
    wait_for(lambda: seen["wire_rx_frames"] >= len(many), "the frames to arrive")
    ksft_eq(seen["wire_rx_drop_filtered"], len(many) - 10, "frames filtered")


@ksft_variants(["unicast", "multicast", "promiscuous"])
def none_filtered_meanwhile(what):
    """Traffic to an address that stays, while others come and go."""
    steady = multicast(200)
    fdb("add", [unicast(n) for n in (3, 5, 7)] + [steady])
    defer(fdb, "del", [unicast(n) for n in (3, 5, 7)] + [steady], fail=False)
    frame = eth(mac(steady), mac(PAIR.a.mac()), ETH_P_TEST, bytes(60))
    seen, stop, sent = Watch(PAIR.b), [], [0]

    def flood():
        sender = Sender("nvn0")
        while not stop:
            for _ in range(100):
                sender.send(frame)
            sent[0] += 100
    thread = threading.Thread(target=flood)
    thread.start()
    try:
        for n in range(60):
            if what == "promiscuous":
                PAIR.b.set(f"promisc {('on', 'off')[n % 2]}")
            else:
                others = [(unicast if what == "unicast" else multicast)(i) for i in (2, 4, 6)]
                fdb(("add", "del")[n % 2], others)
    finally:
        stop.append(True)
        thread.join()
    wait_for(lambda: seen["wire_rx_frames"] >= sent[0], "the frames to arrive")
    ksft_pr(f"{sent[0]} frames")
    ksft_ge(sent[0], 1000, "frames sent")
    ksft_eq(seen["wire_rx_drop_filtered"], 0, "frames filtered")


ksft_run(setup)
