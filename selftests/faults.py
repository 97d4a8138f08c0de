#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# seconds: 55
# cpus: 2
"""Descriptors that a driver should never write: the queue stops, its cause is
counted, it alone is reset, and traffic goes on.

debugfs inverts bits of the next descriptor that the device fetches.

Copyright (C) 2026 nvnic contributors
"""

import errno
import os
import socket
import time

from lib import regs
from lib.frames import (ETH_P_IP, SO_SNDBUFFORCE, TCP, Listener, Sender, addr, eth, ipv4, mac,
                        segment, super_hdr, tcp, vnet_hdr)
from lib.hwstats import Watch
from lib.ktap import (ksft_case, ksft_eq, ksft_ge, ksft_le, ksft_pr, ksft_run, ksft_true,
                      ksft_variants)
from lib.nvnic import Pair
from lib.shell import KsftSkipEx, bkg, cmd, defer, wait_for
from lib.stream import Stream

PAIR = None
MAC_A, MAC_B = mac("02:4e:56:00:00:00"), mac("02:4e:56:00:00:01")
S, D = addr("10.1.0.1"), addr("10.1.0.2")
DATA = bytes(range(256)) * 32
LENGTH = 300
MSS = 1000

# What is sent: a frame as it is; one with a checksum to fill; a super-frame.
PLAIN, CSUM, SUPER = "plain", "csum", "super"

# TX: name: (frame, word, bits, counter of the cause, is the queue stopped)
TX_FAULTS = {
    "bad-type": (PLAIN, 1, 1 << 62, "err_desc", True),
    "reserved-bit": (PLAIN, 1, 1 << 60, "err_desc", True),
    "zero-length": (PLAIN, 1, LENGTH, "err_desc", True),
    "no-end": (PLAIN, 1, 1 << 61, "err_desc", True),
    "short-of-a-header": (PLAIN, 1, LENGTH ^ 13, "err_desc", True),
    "bad-address": (PLAIN, 0, 1 << 62, "err_dma", True),
    "address-beyond-memory": (PLAIN, 0, 1 << 45, "err_dma", True),
    "oversize": (PLAIN, 1, 1 << 12, "drop_oversize", False),
    "request-bad-type": (CSUM, 1, 1 << 62, "err_desc", True),
    "request-reserved-bit": (CSUM, 0, 1 << 60, "err_desc", True),
    "request-reserved-bit-1": (CSUM, 1, 1 << 40, "err_desc", True),
    "request-unknown-offload": (CSUM, 0, 1 << 15, "err_desc", True),
    "request-other-length": (CSUM, 1, 1, "err_desc", True),
    "request-csum-beyond": (CSUM, 0, 0x100 << 48, "drop_mismatch", False),
    "request-no-mss": (SUPER, 0, MSS << 16, "err_desc", True),
    "request-other-header-length": (SUPER, 0, 4 << 30, "drop_mismatch", False),
    "request-other-protocol": (SUPER, 0, 6, "drop_mismatch", False),
    "request-tunnel-without-one": (SUPER, 0, 1 << 5, "drop_mismatch", False),
    "request-not-enabled": (SUPER, 0, 1 << 6, "drop_refused", False),
}

# RX: name: (word, bits, counter of the cause)
RX_FAULTS = {
    "bad-type": (1, 1 << 62, "err_desc"),
    "reserved-bit": (1, 1 << 40, "err_desc"),
    "too-long": (1, 1 << 15, "err_desc"),
    "bad-address": (0, 1 << 62, "err_dma"),
    "address-beyond-memory": (0, 1 << 45, "err_dma"),
}


def setup():
    global PAIR
    # The next descriptor must be the test's.
    PAIR = Pair(ns_a=None, ipv6=False)
    for port in PAIR.ports:
        port.cmd(f"ethtool -L {port} combined 1")
    PAIR.a.wait_carrier()


def arm(port, file, queue, word, bits):
    """Have the device misread its next descriptor."""
    number = "01"[port is PAIR.b]
    with open(f"/sys/kernel/debug/nvnic/nvnic0.{number}/{file}", "w") as knob:
        knob.write(f"{queue} {word} {bits:x}")


def make(what):
    """(frame, virtio_net_hdr) to send."""
    if what == PLAIN:
        return eth(MAC_B, MAC_A, 0x88b5, DATA[:LENGTH - 14]), vnet_hdr()
    size = 4 * MSS if what == SUPER else LENGTH - 54
    frame = eth(MAC_B, MAC_A, ETH_P_IP,
                ipv4(S, D, TCP, tcp(S, D, 1, 2, DATA[:size], check="seed")))
    return frame, super_hdr(frame, MSS)


def expected_frames(what):
    frame, _ = make(what)
    return segment(frame, MSS) if what != PLAIN else [frame]


def passes(sender, listener, what, where):
    """A frame of this kind gets through, whole."""
    sender.send(*make(what))
    want = expected_frames(what)
    got = [bytes(f) for f in listener.take(len(want))]
    ksft_eq(len(got), len(want), f"frames {where}")
    ksft_true(got == want, f"frames changed {where}")


def listener():
    return Listener("nvn1", ns="b", match=lambda f: f[:12] == MAC_B + MAC_A)


@ksft_variants(TX_FAULTS)
def tx(what, word, bits, cause, stops):
    if cause == "drop_refused":
        PAIR.a.set_features(tx_gre_csum_segmentation=False)
    PAIR.b.cmd("ethtool -K nvn1 gro off")
    sender, ears = Sender("nvn0", vnet=True), listener()
    passes(sender, ears, what, "before the fault")
    seen = Watch(PAIR.a)
    arm(PAIR.a, "corrupt_txd", 0, word, bits)
    sender.send(*make(what))
    wait_for(lambda: seen.tx(cause) == 1, f"the counter {cause}")
    if stops:
        wait_for(lambda: seen["tx_reset"] == 1, "the reset of the queue")
    passes(sender, ears, what, "after the fault")
    delta = seen.delta()
    ksft_eq(delta["tx_reset"], int(stops), "resets of the queue")
    ksft_eq(delta["dma_faults"], int(cause == "err_dma"), "dma_faults")
    ksft_eq(sum(delta[f"hw_tx0_{c}"] for c in ("err_desc", "err_dma", "err_tail")), int(stops),
            "causes counted")
    ksft_eq([bytes(f) for f in ears.drain()], [], "stray frames")
    ksft_true(PAIR.a.carrier(), "carrier")


def balanced(seen):
    """Have the 40 frames, and any of neighbour discovery, been accounted for?"""
    delta = seen.delta()
    drops = sum(v for k, v in delta.items() if k.startswith("wire_rx_drop"))
    return delta["wire_rx_frames"] >= 40 and (
        delta["rx_frames"] + delta["rx_missed"] + drops == delta["wire_rx_frames"])


@ksft_variants(RX_FAULTS)
def rx(word, bits, cause):
    PAIR.b.cmd("ethtool -K nvn1 gro off")
    sender, ears = Sender("nvn0", vnet=True), listener()
    passes(sender, ears, PLAIN, "before the fault")
    seen = Watch(PAIR.b)
    arm(PAIR.b, "corrupt_rxb", 0, word, bits)
    # The port may hold some buffers already: the fault comes with the next one.
    for _ in range(40):
        sender.send(*make(PLAIN))
    wait_for(lambda: seen.rx(cause) == 1, f"the counter {cause}")
    wait_for(lambda: seen["rx_reset"] == 1, "the reset of the queue")
    wait_for(lambda: balanced(seen), "each frame to be delivered, or dropped and counted")
    delta = seen.delta()
    ksft_eq(delta["dma_faults"], int(cause == "err_dma"), "dma_faults")
    for frame in ears.take(40, timeout=0.2):
        ksft_eq(bytes(frame), make(PLAIN)[0], "a frame beside the fault")
    passes(sender, ears, PLAIN, "after the fault")
    ksft_eq(seen["rx_reset"], 1, "resets of the queue")


STORM = [("a", "corrupt_txd", 1, 1 << 62), ("b", "corrupt_rxb", 1, 1 << 62),
         ("a", "corrupt_txd", 0, 1 << 62), ("b", "corrupt_rxb", 0, 1 << 62),
         ("b", "corrupt_txd", 1, 1 << 60), ("a", "corrupt_rxb", 1, 1 << 40)]


def keep_breaking(streams, queue, resets, seconds=60):
    """Arm fault after fault under the streams until that many queues were reset. TCP
    waits twice as long each time that what it sends again meets the next fault, so the
    limit is for one reset, not for all."""
    seen = [Watch(p) for p in PAIR.ports]
    n, done, end = 0, 0, time.monotonic() + seconds
    while (count := sum(w["tx_reset"] + w["rx_reset"] for w in seen)) < resets:
        if count > done:
            done, end = count, time.monotonic() + seconds
        ksft_le(time.monotonic(), end, f"{n} faults armed, still only {done} resets; time")
        side, file, word, bits = STORM[n % len(STORM)]
        try:
            arm(PAIR.a if side == "a" else PAIR.b, file, queue, word, bits)
        except OSError as error:
            ksft_eq(error.errno, errno.EBUSY, "arming a fault")
        n += 1
        time.sleep(0.05)
    again = [stream.check() for stream in streams]
    ksft_pr(f"{n} faults armed, {resets} resets, {sum(again)} segments sent again")
    return seen


@ksft_variants([4, 6])
def tcp_survives(family):
    """A stream gets through a storm of faults, unharmed."""
    for port in PAIR.ports:
        port.set_ipv6(family == 6)
        defer(port.set_ipv6, False)
    keep_breaking([Stream(PAIR.a, PAIR.b, family)], 0, 8)


@ksft_case
def other_queues_go_on():
    """Only the queue with the faults is reset."""
    for port in PAIR.ports:
        port.cmd(f"ethtool -L {port} combined 2")
        defer(port.cmd, f"ethtool -L {port} combined 1")
    PAIR.a.wait_carrier()
    for watch in keep_breaking([Stream(PAIR.a, PAIR.b) for _ in range(4)], 1, 4):
        delta = watch.delta()
        ksft_eq(delta["tx0_reset"] + delta["rx0_reset"], 0, f"resets of queue 0 of {watch.port}")


@ksft_case
def faults_and_reconfiguration():
    """A fault just before the rings are replaced, or the port goes down."""
    PAIR.b.cmd("ethtool -K nvn1 gro off")
    sender = Sender("nvn0", vnet=True)
    for n in range(6):
        try:
            arm(PAIR.a, "corrupt_txd", 0, 1, 1 << 62)
            arm(PAIR.b, "corrupt_rxb", 0, 1, 1 << 62)
        except OSError as error:
            ksft_eq(error.errno, errno.EBUSY)
        for _ in range(20):
            sender.send(*make(PLAIN))
        if n % 3 == 0:
            PAIR.a.cmd(f"ethtool -G nvn0 tx {(128, 256)[n // 3]}")
        elif n % 3 == 1:
            PAIR.b.cmd(f"ethtool -G nvn1 rx {(128, 256)[n // 3]}")
        else:
            PAIR.a.down()
            PAIR.a.up()
    PAIR.a.wait_carrier()
    for _ in range(3):
        for _ in range(20):
            sender.send(*make(PLAIN))
        time.sleep(0.2)
    ears = listener()
    passes(sender, ears, PLAIN, "after all")
    cmd("ping -c 2 -i 0.1 -W 5 10.9.0.2")


# ---- Registers written behind the driver's back ----

# name: (offset, value) that is refused
REFUSED = {
    "read-only": (0x00, 1),
    "no-such-register": (0xff8, 0),
    "beyond-the-end": (regs.END, 0),
    "between-registers": (regs.CTRL + 4, 0),
    "reserved-bit": (regs.CTRL, 1 << 63),
    "no-such-vector": (regs.VEC_TEST, 129),
    "base-of-a-running-queue": (regs.txq(0) + 0x10, 0),
    "start-of-a-running-queue": (regs.rxq(0), 1),
}


@ksft_variants(REFUSED)
def register_write_refused(offset, value):
    before, seen = regs.registers(PAIR.a), Watch(PAIR.a)
    regs.write(PAIR.a, offset, value)
    ksft_eq(seen["csr_bad"], 1, "csr_bad")
    now = regs.registers(PAIR.a)
    ksft_eq(now.get(offset), before.get(offset), "the register")


@ksft_variants(["tx", "rx"])
def tail_beyond_the_ring(side):
    """A doorbell for more descriptors than the ring has."""
    port, queue = (PAIR.a, regs.txq(0)) if side == "tx" else (PAIR.b, regs.rxq(0))
    PAIR.b.cmd("ethtool -K nvn1 gro off")
    # The rings begin at 0 again.
    port.down()
    port.up()
    PAIR.a.wait_carrier()
    sender, ears = Sender("nvn0", vnet=True), listener()
    passes(sender, ears, PLAIN, "before the fault")
    seen = Watch(port)
    regs.write(port, queue + regs.Q_TAIL, 0x8000)
    if side == "rx":
        sender.send(*make(PLAIN))
    wait_for(lambda: seen[f"hw_{side}0_err_tail"] == 1, "err_tail")
    wait_for(lambda: seen[f"{side}_reset"] == 1, "the reset of the queue")
    ksft_eq(seen[f"hw_{side}0_err_tail"], 1, "err_tail")
    ears.drain()
    passes(sender, ears, PLAIN, "after the fault")


def without_bql():
    """All that nvn0 sends goes to its ring, as long as there is room."""
    def limit(size):
        with open("/sys/class/net/nvn0/queues/tx-0/byte_queue_limits/limit_min", "w") as knob:
            knob.write(str(size))
    limit(1 << 24)
    defer(limit, 0)


def hold(frame=None):
    """The receiver's vector does not fire any more: its buffers run out, and the
    sender is held back until regs.arm() or down. Returns a Watch of it, from before."""
    frame = frame or make(PLAIN)[0]
    PAIR.b.cmd("ethtool -G nvn1 rx 64")
    defer(PAIR.b.cmd, "ethtool -G nvn1 rx 1024")
    PAIR.a.wait_carrier()
    cmd("ping -c 1 -W 5 10.9.0.2")
    sender, seen = Sender("nvn0"), Watch(PAIR.a)
    sender.sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 4 << 20)

    def held():
        # A poll that goes on would arm it again.
        regs.write(PAIR.b, regs.arm(0), 0)
        for _ in range(50):
            sender.send(frame)
        return seen["hw_tx0_held"] == 1
    wait_for(held, "the sender to be held back")
    ksft_eq(regs.holds(PAIR.a), {regs.HOLD_BUFFERS}, "what the sender waits for")
    for _ in range(200):
        sender.send(frame)
    return seen


@ksft_variants(["down", "no-common-mode"])
def link_lost_under_a_full_ring(how):
    """Frames that wait in the ring when the link goes are dropped, and counted; so is
    the one that the receiver has held back."""
    defer(PAIR.a.wait_carrier)
    if how == "down":
        seen = hold()
        before = seen.delta()
        PAIR.b.down()
        defer(PAIR.b.up)
    else:
        for port in PAIR.ports:
            defer(port.cmd, f"ethtool -s {port} autoneg on")
        PAIR.a.cmd("ethtool -s nvn0 speed 40000 autoneg off")
        seen = hold()
        before = seen.delta()
        PAIR.b.cmd("ethtool -s nvn1 speed 10000 autoneg off")
    wait_for(lambda: seen["hw_tx0_drop_nolink"] > 0, "drop_nolink")
    wait_for(lambda: seen["hw_tx0_frames"] + seen["hw_tx0_drop_nolink"] ==
             seen["hw_tx0_requests"], "each frame to be sent, or dropped and counted")
    ksft_ge(seen["hw_tx0_drop_nolink"], 100, "drop_nolink")
    wait_for(lambda: seen["tx0_hw_drop"] == seen["hw_tx0_drop_nolink"],
             "the driver's count of them")
    ksft_eq(before["hw_tx0_drop_nolink"], 0, "drop_nolink while there was a link")
    ksft_eq(seen["hw_tx0_frames"], before["hw_tx0_frames"], "frames sent without a link")


@ksft_case
def watchdog():
    """A queue that has stopped without a word is reset when the stack complains."""
    # Frames enough to fill a ring, whatever BQL thinks, and too few for the qdisc.
    PAIR.a.cmd("ethtool -G nvn0 tx 64")
    defer(PAIR.a.cmd, "ethtool -G nvn0 tx 1024")
    PAIR.a.wait_carrier()
    sender, seen = Sender("nvn0", vnet=True), Watch(PAIR.a)
    regs.write(PAIR.a, regs.txq(0) + regs.Q_CTRL, 0)
    for _ in range(200):
        sender.send(*make(PLAIN))
    wait_for(lambda: seen["tx_reset"] == 1, "the watchdog to have the queue reset", timeout=40)
    ears = listener()
    passes(sender, ears, PLAIN, "after it")


@ksft_case
def watchdog_beside_a_held_queue():
    """A queue that is held back does not hide the one behind it, which has stopped."""
    if os.cpu_count() < 2:
        raise KsftSkipEx("needs two CPUs")
    for port in PAIR.ports:
        port.cmd(f"ethtool -L {port} combined 2")
        defer(port.cmd, f"ethtool -L {port} combined 1")
    # What is sent below is to fill a ring, whatever BQL thinks.
    PAIR.a.cmd("ethtool -G nvn0 tx 64")
    defer(PAIR.a.cmd, "ethtool -G nvn0 tx 1024")
    PAIR.a.wait_carrier()
    # The queue of a CPU is that of its number.
    defer(os.sched_setaffinity, 0, os.sched_getaffinity(0))
    os.sched_setaffinity(0, {0})
    hold()
    sender, seen = Sender("nvn0", vnet=True), Watch(PAIR.a)
    regs.write(PAIR.a, regs.txq(1) + regs.Q_CTRL, 0)
    os.sched_setaffinity(0, {1})
    for _ in range(200):
        sender.send(*make(PLAIN))
    # Two of its rounds: it is not to be a matter of luck.
    wait_for(lambda: seen["tx1_reset"] == 1, "the watchdog to have queue 1 reset", timeout=15)
    delta = seen.delta()
    ksft_eq((delta["tx0_reset"], delta["hw_tx0_frames"]), (0, 0), "resets, frames of queue 0")


@ksft_case
def reset_after_what_was_sent():
    """Frames that have left before their queue is reset count as sent."""
    PAIR.a.cmd("ethtool -G nvn0 tx 64")
    defer(PAIR.a.cmd, "ethtool -G nvn0 tx 1024")
    without_bql()
    cmd("ping -c 1 -W 5 10.9.0.2")
    sender, seen = Sender("nvn0", vnet=True), Watch(PAIR.a)

    def stopped():
        # Nobody looks at the completions. A poll that goes on would arm it again.
        regs.write(PAIR.a, regs.arm(0), 0)
        if seen["tx0_stop"] > seen["tx0_wake"]:
            return True
        for _ in range(100):
            sender.send(*make(PLAIN))
        return False
    wait_for(lambda: stopped() and stopped(), "the queue to be full")
    wait_for(lambda: seen["tx0_reset"] == 1, "the watchdog to have the queue reset", timeout=40)
    ksft_eq(seen["tx0_drop"], 0, "frames dropped")
    wait_for(lambda: seen["tx0_packets"] == seen["hw_tx0_frames"], "each frame to count as sent")


@ksft_case
def smaller_mtu_under_a_full_ring():
    """Frames of the old size leave before the device refuses them."""
    without_bql()
    seen = hold(eth(MAC_B, MAC_A, 0x88b5, DATA[:1500]))
    defer(PAIR.a.set, "mtu 1500")
    change = bkg("ip link set dev nvn0 mtu 1000")

    def waits():
        with open(f"/proc/{change.proc.pid}/stack") as stack:
            return "nvnic_change_mtu" in stack.read()
    wait_for(lambda: not change.running() or waits(), "the MTU to change")
    regs.write(PAIR.b, regs.arm(0), regs.ARM_ON)
    change.wait()
    wait_for(lambda: seen["hw_tx0_frames"] + seen.tx("drop_oversize") >= 250, "all frames")
    ksft_eq(seen.tx("drop_oversize"), 0, "frames too long")
    ksft_eq(seen["tx0_drop"], 0, "frames dropped")


ksft_run(setup)
