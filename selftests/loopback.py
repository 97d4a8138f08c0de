#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""ethtool -K DEV loopback on: what a port sends comes back to it through the
whole device, without a peer; the wire is cut meanwhile.

Copyright (C) 2026 nvnic contributors
"""

import time

from lib.frames import ETH_P_IP, TCP, Listener, Sender, addr, eth, ipv4, mac, segment, tcp
from lib.hwstats import Watch
from lib.ktap import ksft_case, ksft_eq, ksft_in, ksft_run, ksft_true
from lib.nvnic import Pair
from lib.shell import cmd, defer, undo, undo_depth, wait_for
from lib.stream import Stream

PAIR = None
S, D = addr("10.1.0.1"), addr("10.1.0.2")
PLAY = mac("02:00:00:00:00:77")


def setup():
    global PAIR
    PAIR = Pair(ns_a=None, ipv6=False)
    for port in PAIR.ports:
        port.cmd(f"ethtool -K {port} gro off")


def loop(port):
    port.set_features(loopback=True)
    # With the carrier alone the stack may still throw frames away.
    wait_for(lambda: port.link()["operstate"] == "UP", f"{port} to be up")


def frames():
    mine = mac(PAIR.a.mac())
    return [eth(mine, PLAY, 0x88b5, bytes([n]) * (46 + 14 * n)) for n in range(40)]


def listener(port):
    return Listener(port.ifname, ns=port.ns, match=lambda f: f[6:12] == PLAY)


@ksft_case
def comes_back():
    loop(PAIR.a)
    PAIR.b.wait_carrier(False)
    here, there = listener(PAIR.a), listener(PAIR.b)
    seen = Watch(PAIR.a), Watch(PAIR.b)
    sender = Sender("nvn0")
    for frame in frames():
        sender.send(frame)
    got = [bytes(f) for f in here.take(40)]
    ksft_true(got == frames(), "each frame, in order")
    ksft_eq([bytes(f) for f in there.drain()], [], "frames at the peer")
    ksft_eq((seen[0]["wire_tx_frames"], seen[0]["wire_rx_frames"]), (40, 40), "sent, arrived")
    ksft_eq(seen[1]["wire_rx_frames"], 0, "frames over the wire")


@ksft_case
def segmented_on_the_way():
    """The device cuts a super-frame, and verifies what comes back."""
    loop(PAIR.a)
    here, seen = listener(PAIR.a), Watch(PAIR.a)
    frame = eth(mac(PAIR.a.mac()), PLAY, ETH_P_IP,
                ipv4(S, D, TCP, tcp(S, D, 1, 2, bytes(range(250)) * 20, check="seed")))
    Sender("nvn0", vnet=True).send_super(frame, 1000)
    got = [bytes(f) for f in here.take(5)]
    ksft_true(got == segment(frame, 1000), "segments")
    ksft_eq((seen["lso_native"], seen.rx("csum_unnecessary")), (1, 5), "cut, verified")


@ksft_case
def without_a_peer():
    PAIR.b.down()
    defer(PAIR.a.wait_carrier)
    defer(PAIR.b.up)
    PAIR.a.wait_carrier(False)
    loop(PAIR.a)
    here = listener(PAIR.a)
    Sender("nvn0").send(frames()[3])
    ksft_eq([bytes(f) for f in here.take(1)], [frames()[3]], "the frame")


@ksft_case
def both_ends():
    """Each for itself."""
    for port in PAIR.ports:
        loop(port)
    for port in PAIR.ports:
        here = listener(port)
        frame = eth(mac(port.mac()), PLAY, 0x88b5, bytes(60))
        Sender(port.ifname, ns=port.ns).send(frame)
        ksft_eq([bytes(f) for f in here.take(1)], [frame], f"the frame on {port}")


@ksft_case
def peer_is_cut_off():
    """The peer has no carrier and says why; afterwards all is as before."""
    loop(PAIR.a)
    PAIR.b.wait_carrier(False)
    ksft_in("no (Autoneg, No partner detected)", PAIR.b.cmd("ethtool nvn1").stdout)
    for error in undo(undo_depth() - 1):
        raise error
    for port in PAIR.ports:
        port.wait_carrier()
    cmd("ping -c 1 -W 5 10.9.0.2")


@ksft_case
def keeps_over_down_and_up():
    loop(PAIR.a)
    PAIR.a.down()
    PAIR.a.up()
    PAIR.a.wait_carrier()
    ksft_true(PAIR.a.features()["loopback"], "still on")
    ksft_true(not PAIR.b.carrier(), "the peer is still cut off")


@ksft_case
def under_traffic():
    """A stream comes through the cuts."""
    stream = Stream(PAIR.a, PAIR.b)
    for port in PAIR.ports * 2:
        stream.moving()
        depth = undo_depth()
        loop(port)
        time.sleep(0.1)
        for error in undo(depth):
            raise error
        PAIR.a.wait_carrier()
    stream.moving()
    stream.check()


ksft_run(setup)
