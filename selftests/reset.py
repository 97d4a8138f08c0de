#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# seconds: 10
"""RESET leaves a port as at its creation: registers, queues, rules, VM queue sets, RSS
contexts; and what one driver leaves in the device does not reach the next one.

Copyright (C) 2026 nvnic contributors
"""

from lib.frames import Sender, eth, mac
from lib.hwstats import Watch
from lib.ktap import ksft_case, ksft_eq, ksft_ge, ksft_in, ksft_ne, ksft_run, ksft_variants
from lib.nvnic import Pair
from lib.regpage import documented
from lib.regs import LINK_STATUS, QUEUES, Q_CTRL, Q_STATUS, arm, registers, rxq, txq, write
from lib.shell import cmd, wait_for

PAIR = None
RESET = 0x48
RSS_COMMIT, RSS_CTX, RSS_TABLE, ENTRIES = 0x130, 0x138, 0x1000, 512
FLT_KEY, FLT_MASK, FLT_ACTION, FLT_CMD, WORDS = 0x400, 0x440, 0x480, 0x488, 8
NTUPLE, TC, SET = 0, 1, 1 << 16
TO_CONTEXT, DROP = 1 << 16, 2 << 16
VMQ_SEL, VMQ_CFG, VMQ_CMD, ALLOC = 0x500, 0x508, 0x510, 0
MACF, MACF_VALID = 0x200, 1 << 63
REASON_OFF = 1 << 16
# Not in the dump, or what no driver writes
ELSEWHERE = {"RSS_COMMIT", "RSS_CTX", "FLT_KEY", "FLT_MASK", "FLT_ACTION", "FLT_CMD", "FLT_SEL",
             "VMQ_SEL", "VMQ_CFG", "VMQ_CMD"}


def setup():
    global PAIR
    PAIR = Pair(ns_a=None, ipv6=False)
    settings()


def settings():
    PAIR.a.cmd("ethtool -L nvn0 combined 4")
    PAIR.a.cmd("ethtool -X nvn0 equal 1")
    for port in PAIR.ports:
        port.wait_carrier()


def put(*pairs):
    """Write registers of nvn0."""
    for offset, value in pairs:
        write(PAIR.a, offset, value)


def reset():
    put((RESET, 1))


def reload(number=0):
    """A driver takes a port anew; the interface as setup() had it."""
    cmd(f"devlink dev reload nvnic/nvnic0.{number}")
    PAIR.ports[number].returns()
    settings()
    ping()


def ping():
    cmd("ping -c 1 -W 5 10.9.0.1", ns="b")


def send(count=10, port=None):
    """Frames from nvn1 to nvn0, or to an address."""
    sender = Sender("nvn1", ns="b")
    frame = eth(mac(port or PAIR.a.mac()), mac(PAIR.b.mac()), 0x88b5, bytes(100))
    for _ in range(count):
        sender.send(frame)


def rule(table, action):
    """Put a rule that every frame fits at location 0, behind the driver's back."""
    put(*((first + 8 * n, 0) for first in (FLT_KEY, FLT_MASK) for n in range(WORDS)),
        (FLT_ACTION, action), (FLT_CMD, SET | table << 18))


def writable():
    """{name: (offsets, reset)} of the registers that are in the dump."""
    return {reg.name: (reg.offsets(), reg.reset) for reg in documented()
            if reg.access in ("RW", "W1C") and reg.name not in ELSEWHERE}


def altered(dump):
    """The registers that have other values than after a reset."""
    return {name for name, (offsets, value) in writable().items()
            if any(dump[off] != value for off in offsets)}


def queues(dump):
    """What the registers of queue pairs hold, but zeroes; 8 words a half, then moderation."""
    words = [first(queue) + off for queue in range(QUEUES) for first in (txq, rxq)
             for off in range(Q_CTRL, 0x28, 8)]
    words += [arm(queue) + off for queue in range(QUEUES) for off in (8, 16)]
    return {f"{word:#x}": dump[word] for word in words if dump.get(word)}


@ksft_case
def registers_and_queues():
    """All that a user can set is set, then none of it is there."""
    cmd("ethtool -X nvn0 equal 4")
    cmd("ip link set nvn0 promisc on mtu 9000")
    cmd("ethtool -C nvn0 rx-usecs 20 tx-usecs 30")
    cmd("ethtool -N nvn0 rx-flow-hash udp4 sdfn")
    put((0xa0, 1))
    send()
    dump = registers(PAIR.a)
    ksft_eq(set(writable()) - altered(dump), {"EVENT"}, "registers that a user cannot set")
    ksft_ge(len(queues(dump)), 4 * 2 * 4, "words of queues in use")
    frames = Watch(PAIR.a)
    seen = PAIR.a.stats()["wire_rx_frames"]
    reset()
    dump = registers(PAIR.a)
    ksft_eq(altered(dump), set(), "registers")
    ksft_eq(queues(dump), {}, "queues")
    ksft_eq(dump[LINK_STATUS], REASON_OFF, "LINK_STATUS")
    ksft_eq(frames["csr_bad"], 0, "refused writes")
    ksft_ge(PAIR.a.stats()["wire_rx_frames"], seen, "counters go on")
    PAIR.b.wait_carrier(False)
    reload()


@ksft_case
def zero_does_nothing():
    seen = Watch(PAIR.a)
    put((RESET, 0), (RESET, 2), (RESET, 3))
    ksft_eq(seen["csr_bad"], 3, "refused writes")
    ksft_ne(registers(PAIR.a)[rxq(0) + Q_STATUS], 0, "queue 0 runs")
    ping()


@ksft_variants({"receiver": 0, "sender": 1})
def under_traffic(number):
    """Frames on their way, held ones, rings that are full: nothing of them is left."""
    port = PAIR.ports[number]
    for _ in range(5):
        send(200)
        write(port, RESET, 1)
        send(50)
        ksft_eq(queues(registers(port)), {}, "queues")
        reload(number)


@ksft_variants({"ntuple": NTUPLE, "tc": TC})
def rule_left_behind(table):
    rule(table, DROP)
    seen = Watch(PAIR.a)
    send()
    wait_for(lambda: seen["wire_rx_drop_rule"] == 10, "the rule to drop the frames")
    reload()
    seen = Watch(PAIR.a)
    send()
    wait_for(lambda: seen.rx("frames") >= 10, "the frames")
    ksft_eq(seen["wire_rx_drop_rule"], 0, "dropped")


@ksft_case
def context_left_behind():
    """It leads to queue 2, where nothing goes without it."""
    put(*((RSS_TABLE + 8 * n, 2) for n in range(ENTRIES)), (RSS_CTX, 7), (RSS_COMMIT, 1))
    for left in (True, False):
        rule(NTUPLE, TO_CONTEXT | 7 << 8)
        seen = Watch(PAIR.a)
        send()
        wait_for(lambda: seen.rx("frames") >= 10, "the frames")
        ksft_eq(seen.queues("rx", "frames"), {2 if left else 0: 10}, "queues")
        reload()


@ksft_case
def set_left_behind():
    def sets():
        with open("/sys/kernel/debug/nvnic/nvnic0.0/vmq") as file:
            return file.read()
    put((VMQ_SEL, 5), (VMQ_CFG, 2 << 8 | 100), (VMQ_CMD, ALLOC))
    ksft_in("set 5 state allocated first 100 count 2", sets())
    reload()
    ksft_eq(sets(), "", "sets")
    put((VMQ_SEL, 6), (VMQ_CFG, 2 << 8 | 101), (VMQ_CMD, ALLOC))
    ksft_in("set 6 state allocated first 101 count 2", sets())
    reload()


@ksft_case
def address_left_behind():
    other = "02:aa:00:00:00:09"
    put((MACF + 8 * 40, MACF_VALID | int(other.replace(":", ""), 16)))
    for taken in (10, 0):
        seen = Watch(PAIR.a)
        send(port=other)
        wait_for(lambda: seen["wire_rx_frames"] >= 10, "the frames")
        ksft_eq(seen.rx("frames"), taken, "accepted")
        if taken:
            reload()


ksft_run(setup)
