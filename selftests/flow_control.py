#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# seconds: 15
"""Flow control: negotiated as IEEE 802.3 Annex 28B has it, each direction by
itself, and with effect: a slow receiver, or one without memory for buffers, stops the
sender and nothing is lost; without it, the frames are missed.

Copyright (C) 2026 nvnic contributors
"""

import itertools
import re
import socket
import struct
import time

from lib import regs
from lib.flowframes import D, S, ether, nvgre, packet
from lib.frames import ETH_P_IP, SO_SNDBUFFORCE, UDP, Listener, Sender, eth, ipv4, mac, udp
from lib.hwstats import Watch
from lib.inject import injection
from lib.ktap import ksft_case, ksft_eq, ksft_ge, ksft_in, ksft_le, ksft_pr, ksft_run, ksft_variants
from lib.nvnic import Pair
from lib.shell import cmd, defer, wait_for

PAIR = None
SUPERS, PER_SUPER = 60, 127


def setup():
    global PAIR
    PAIR = Pair(ns_a=None, ipv6=False)
    for port in PAIR.ports:
        port.cmd(f"ethtool -L {port} combined 1")
        # The queueing discipline, not the test's socket, takes what has to wait.
        port.cmd(f"tc qdisc replace dev {port} root pfifo limit 20000")
        port.cmd(f"ethtool -G {port} rx 64")
        port.cmd(f"ethtool -K {port} gro off")
    for port in PAIR.ports:
        port.wait_carrier()


def pause(port, words, **kwargs):
    return port.cmd(f"ethtool -A {port} {words}", **kwargs)


def by_hand():
    """As at the start, when the case is over."""
    for port in PAIR.ports:
        defer(pause, port, "autoneg off rx on tx on", fail=False)


def on_off(flag):
    return "on" if flag else "off"


def in_force(port):
    """(rx, tx) as the device has it."""
    status = regs.registers(port)[regs.LINK_STATUS]
    return bool(status & regs.PAUSE_RX), bool(status & regs.PAUSE_TX)


def negotiated(port):
    """(rx, tx) as ethtool works it out from what both ends offer."""
    text = port.cmd(f"ethtool -a {port}").stdout
    return tuple(re.search(rf"{way} negotiated: (on|off)", text)[1] == "on"
                 for way in ("RX", "TX"))


def offer(rx, tx):
    """(PAUSE, ASM_DIR) that stand for what an end can do (28B.2)."""
    return rx, rx != tx


def resolve(ours, theirs):
    """(rx, tx) of ours: table 28B-3."""
    (pause_a, asym_a), (pause_b, asym_b) = ours, theirs
    if pause_a and pause_b:
        return True, True
    if asym_a and asym_b and (pause_a or pause_b):
        return pause_a, pause_b
    return False, False


SIXTEEN = {f"a-rx{a}tx{b}.b-rx{c}tx{d}": tuple(map(bool, (a, b, c, d)))
           for a, b, c, d in itertools.product((0, 1), repeat=4)}


@ksft_variants(SIXTEEN)
def table_28b_3(a_rx, a_tx, b_rx, b_tx):
    by_hand()
    pause(PAIR.a, f"autoneg on rx {on_off(a_rx)} tx {on_off(a_tx)}", fail=False)
    pause(PAIR.b, f"autoneg on rx {on_off(b_rx)} tx {on_off(b_tx)}", fail=False)
    offers = offer(a_rx, a_tx), offer(b_rx, b_tx)
    for port, (ours, theirs) in zip(PAIR.ports, (offers, offers[::-1])):
        ksft_eq(in_force(port), resolve(ours, theirs), f"rx, tx in force on {port}")
        ksft_eq(negotiated(port), resolve(ours, theirs), f"rx, tx that ethtool shows of {port}")


@ksft_case
def by_hand_each_direction():
    by_hand()
    for rx, tx in itertools.product((False, True), repeat=2):
        pause(PAIR.a, f"autoneg off rx {on_off(rx)} tx {on_off(tx)}", fail=False)
        ksft_eq(in_force(PAIR.a), (rx, tx), "rx, tx in force")
        ksft_eq(in_force(PAIR.b), (True, True), "rx, tx of the other end")


@ksft_case
def without_a_partner_that_negotiates():
    """Then it is as it was set by hand."""
    by_hand()
    pause(PAIR.a, "autoneg on rx off tx on")
    PAIR.b.cmd("ethtool -s nvn1 speed 40000 autoneg off")
    defer(PAIR.a.wait_carrier)
    defer(PAIR.b.cmd, "ethtool -s nvn1 autoneg on")
    PAIR.a.wait_carrier()
    ksft_eq(in_force(PAIR.a), (False, True), "rx, tx in force")


@ksft_case
def refused_without_negotiation():
    PAIR.a.cmd("ethtool -s nvn0 speed 40000 autoneg off")
    defer(PAIR.a.wait_carrier)
    defer(PAIR.a.cmd, "ethtool -s nvn0 autoneg on")
    before = PAIR.a.cmd("ethtool -a nvn0").stdout
    cmd("dmesg -C")
    pause(PAIR.a, "autoneg on", expect_fail=True)
    ksft_in("flow control cannot be negotiated with autoneg off", cmd("dmesg").stdout)
    ksft_eq(PAIR.a.cmd("ethtool -a nvn0").stdout, before, "settings")


# ---- what it does ----

@ksft_case
def set_when_negotiation_has_ended():
    """"autoneg on" of flow control outlives that of the link, and is in nobody's way."""
    by_hand()
    pause(PAIR.a, "autoneg on rx on tx on", fail=False)
    PAIR.a.cmd("ethtool -s nvn0 speed 40000 autoneg off")
    defer(PAIR.a.wait_carrier)
    defer(PAIR.a.cmd, "ethtool -s nvn0 autoneg on")
    PAIR.a.wait_carrier()
    pause(PAIR.a, "rx off")
    ksft_eq(in_force(PAIR.a), (False, True), "rx, tx in force")


def flood(sender, receiver):
    """SUPERS super-frames at a receiver with the smallest ring: what the two count."""
    src, dst = Watch(sender), Watch(receiver)
    before = receiver.cmd(f"ethtool --json -I -a {receiver}").json()[0]["statistics"]
    sock = Sender(sender.ifname, ns=sender.ns, vnet=True)
    frame = eth(mac(receiver.mac()), mac(sender.mac()), ETH_P_IP,
                ipv4(S, D, UDP, udp(S, D, 1, 2, bytes(10 * PER_SUPER), check="seed")), pad=False)
    for _ in range(SUPERS):
        sock.send_super(frame, 10)
    wait_for(lambda: src.tx("uso_frames") == SUPERS * PER_SUPER, "all frames on the wire", 60)
    wait_for(lambda: dst.rx("frames") + dst.rx("missed") >= SUPERS * PER_SUPER, "the receiver", 60)
    after = receiver.cmd(f"ethtool --json -I -a {receiver}").json()[0]["statistics"]
    return {"missed": dst.rx("missed"), "got": dst.rx("frames"), "held": src.tx("held"),
            "pauses": after["tx_pause_frames"] - before["tx_pause_frames"]}


EFFECT = {
    "on": ("autoneg off rx on tx on", "autoneg off rx on tx on", True),
    "receiver-tx-off": ("autoneg off rx on tx on", "autoneg off rx on tx off", False),
    "sender-rx-off": ("autoneg off rx off tx on", "autoneg off rx on tx on", False),
    "only-this-direction": ("autoneg off rx on tx off", "autoneg off rx off tx on", True),
    "negotiated": ("autoneg on rx on tx on", "autoneg on rx on tx on", True),
    "negotiated-asymmetric": ("autoneg on rx on tx off", "autoneg on rx off tx on", True),
    "negotiated-other-way": ("autoneg on rx off tx on", "autoneg on rx on tx off", False),
    "negotiated-off": ("autoneg on rx on tx on", "autoneg on rx off tx off", False),
}


@ksft_variants({f"{name}.{way}": (*row, way) for name, row in EFFECT.items()
                for way in ("ab", "ba")})
def effect(of_sender, of_receiver, lossless, way):
    by_hand()
    sender, receiver = PAIR.ports if way == "ab" else PAIR.ports[::-1]
    pause(sender, of_sender, fail=False)
    pause(receiver, of_receiver, fail=False)
    sender.wait_carrier()
    seen = flood(sender, receiver)
    ksft_pr(seen)
    if lossless:
        ksft_eq((seen["missed"], seen["got"] >= SUPERS * PER_SUPER), (0, True), "missed, all got")
        ksft_ge(seen["held"], 1, "times the sender was held back")
        ksft_eq(seen["pauses"], seen["held"], "tx_pause_frames of the receiver")
    else:
        ksft_ge(seen["missed"], 1, "frames missed")
        ksft_eq(seen["held"], 0, "times the sender was held back")


@ksft_case
def receiver_without_memory():
    """No buffer, and no completion that would wake anybody: once there is memory, the
    ring is filled all the same, and what was held back arrives."""
    inject = injection()
    # A kept frame keeps its buffer: more than the ring and the page pool's store have.
    count, ether = 1000, mac(PAIR.b.mac()) + mac(PAIR.a.mac())
    ears = Listener("nvn1", ns="b", match=lambda frame: frame[:12] == ether)
    sock, src, dst = Sender("nvn0"), Watch(PAIR.a), Watch(PAIR.b)
    sock.sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, count << 12)
    inject.start(100, "nvnic_rx_fill")
    for n in range(count):
        sock.send(ether + struct.pack("!HI", 0x88b5, n) + bytes(1000))
    wait_for(lambda: src.tx("held") == 1, "the sender to be held back")

    def tries_in_vain():
        before = dst.delta()
        time.sleep(0.3)
        after = dst.delta()
        return (after["rx_frames"] == before["rx_frames"] and
                after["rx_alloc_fail"] >= before["rx_alloc_fail"] + 5)
    wait_for(tries_in_vain, "a ring without a buffer that is tried again and again")
    ksft_le(dst["rx_frames"], count - 1, "frames that arrived without memory")
    inject.stop()
    wait_for(lambda: dst["rx_frames"] == count, "the others, when there is memory")
    got = [struct.unpack_from("!I", frame, 14)[0] for frame in ears.take(count)]
    ksft_eq(got, list(range(count)), "frames")


@ksft_case
def frame_that_goes_elsewhere():
    """A sender that waits for a queue looks again when frames of its kind go to another."""
    by_hand()
    defer(PAIR.b.cmd, "ethtool -L nvn1 combined 1")
    PAIR.b.cmd("ethtool -L nvn1 combined 2")
    for port in PAIR.ports:
        pause(port, "autoneg off rx on tx on", fail=False)
    PAIR.a.wait_carrier()
    sock = Sender("nvn0")

    def send(sport):
        inner = ether(packet(l4=UDP, sport=sport), dst=PAIR.b.mac())
        sock.send(mac(PAIR.b.mac()) + nvgre(inner)[6:])

    def queue_of(sport):
        seen = Watch(PAIR.b)
        send(sport)
        wait_for(lambda: seen.rx("frames") == 1, "the frame")
        return next(iter(seen.queues("rx", "frames")))

    PAIR.b.set_priv_flag("rss-inner", False)
    outer = queue_of(1)
    PAIR.b.set_priv_flag("rss-inner", True)
    sport = next(n for n in range(1, 100) if queue_of(n) != outer)
    src, dst = Watch(PAIR.a), Watch(PAIR.b)
    regs.write(PAIR.b, regs.rxq(1 - outer) + regs.Q_CTRL, 0)
    send(sport)
    wait_for(lambda: src.tx("held") == 1, "the sender to be held back")
    ksft_eq(regs.holds(PAIR.a), {regs.HOLD_QUEUE}, "what the sender waits for")
    defer(PAIR.b.set_priv_flag, "rss-inner", True)
    PAIR.b.set_priv_flag("rss-inner", False)
    wait_for(lambda: dst.queues("rx", "frames") == {outer: 1}, "the frame on the other queue")


ksft_run(setup)
