#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""IPv4 IDs of flows that receive offload has merged: fixed or stepping, outside and
inside a tunnel.

   a: nvn0 --- nvn1 :b: (first of adapter 1) --- (second) :c

Segments come to nvn1 in one poll and are merged; b forwards them, and the port
of adapter 1 cuts them up again. Which header's ID stays is the kernel's to say,
and kernels differ: its own segmentation is the measure.

Copyright (C) 2026 nvnic contributors
"""

from lib.frames import (ACK, ETH_P_IP, GRE, PSH, TCP, Listener, Sender, addr, dissect, eth, gre,
                        ipv4, layer, mac, tcp)
from lib.hwstats import Watch
from lib.ktap import ksft_eq, ksft_ge, ksft_pr, ksft_run, ksft_true, ksft_variants
from lib.nvnic import Pair
from lib.shell import cmd, defer, undo, undo_depth

PAIR = OUT = FAR = SENDER = TAP = None
MSS, COUNT = 500, 8
WIRE1 = "nvnwire1"
S, D = addr("10.9.0.1"), addr("10.6.0.9")

SOFTWARE = dict.fromkeys(("tx_tcp_segmentation", "tx_tcp_mangleid_segmentation",
                          "tx_gre_segmentation", "tx_gre_csum_segmentation"), False)
MODES = {"native": (False, {}), "partial": (True, {}), "software": (False, SOFTWARE)}

# Into a tunnel of b's (kind, words), through b in one of the sender's, or plain
WAYS = {
    "plain": None,
    "into-gre": ("gre", "key 7"),
    "into-gretap": ("gretap", "csum"),
    "into-ip6gretap": ("ip6gretap", "key 7"),
    "through": None,
}


def setup():
    global PAIR, OUT, FAR, SENDER, TAP
    PAIR = Pair()
    OUT, FAR = PAIR.next_hop()
    PAIR.b.cmd("sysctl -qw net.ipv4.ip_forward=1")
    OUT.wait_carrier()
    far = FAR.mac()
    for address in ("10.7.0.1", "fd07::1"):
        PAIR.b.cmd(f"ip neigh replace {address} lladdr {far} dev {OUT}")
    # All segments in one poll
    PAIR.b.cmd(f"ethtool -C nvn1 adaptive-rx off rx-usecs 60000 rx-frames {COUNT}")
    cmd(f"ip link set {WIRE1} up")
    SENDER, TAP = Sender("nvn0", ns="a"), Listener(WIRE1, match=is_ours)


def is_ours(frame):
    return layer(dissect(frame, check=False), "tcp")


def make_way(way):
    """The route for it; the destination of the TCP segments."""
    if not WAYS[way]:
        return addr("10.7.0.1")
    kind, words = WAYS[way]
    ends = "local fd07::2 remote fd07::1" if kind.startswith("ip6") else \
        "local 10.7.0.2 remote 10.7.0.1"
    PAIR.b.cmd(f"ip link add t0 type {kind} {ends} {words}")
    defer(PAIR.b.cmd, "ip link del t0")
    PAIR.b.cmd("ip link set t0 up")
    PAIR.b.cmd("ip route add 10.6.0.0/24 dev t0")
    if kind.endswith("tap"):
        PAIR.b.cmd("ip neigh add 10.6.0.9 lladdr 02:00:00:00:00:99 dev t0")
    return D


def segments(way, dst, outer_fixed, inner_fixed):
    """The segments of one flow, as nvn0 sends them."""
    here, there = mac(PAIR.b.mac()), mac(PAIR.a.mac())
    for n in range(COUNT):
        flags = ACK | PSH if n == COUNT - 1 else ACK
        inner = ipv4(S, dst, TCP, tcp(S, dst, 4000, 5001, bytes([n]) * MSS, seq=n * MSS,
                                      flags=flags), ident=0x7fff + (not inner_fixed) * n)
        if way == "through":
            inner = ipv4(S, addr("10.7.0.1"), GRE, gre(ETH_P_IP, inner, key=9),
                         ident=0x3ffe + (not outer_fixed) * n)
        yield eth(here, there, ETH_P_IP, inner)


def forwarded(mode, frames):
    """What comes out at the other side of b, and who cut it: (device, stack)"""
    partial, features = MODES[mode]
    depth = undo_depth()
    OUT.set_priv_flag("gre-gso-partial", partial)
    if features:
        OUT.set_features(**features)
    seen = Watch(OUT)
    for frame in frames:
        SENDER.send(frame)
    out = TAP.take(COUNT) + TAP.drain()
    delta = seen.delta()
    for error in undo(depth):
        raise error
    ksft_eq({k: v for k, v in delta.items() if k.startswith("tx_drop")}, {}, f"{mode}: dropped")
    return out, (delta["lso_native"] + delta["lso_partial"], delta["lso_software"])


def ids(frames):
    """Steps of the ID of each IPv4 header, from the outside in"""
    rows = [[x.id for x in dissect(f) if x.name == "ipv4"] for f in frames]
    return [[(row[n] - rows[0][n]) & 0xffff for row in rows] for n in range(len(rows[0]))]


def bare(frames, drawn):
    """Frames without the ID, and its checksum, that the stack draws for an outer header"""
    return [f[:18] + f[20:24] + f[26:] if drawn and f[14] >> 4 == 4 else bytes(f) for f in frames]


@ksft_variants((way, outer, inner) for way in WAYS for outer in ("step", "fixed")
               for inner in ("step", "fixed") if way == "through" or outer == "step")
def same_ids(way, outer, inner):
    """The device leaves and steps the IDs that the stack leaves and steps."""
    frames = list(segments(way, make_way(way), outer == "fixed", inner == "fixed"))
    want, (device, stack) = forwarded("software", frames)
    ksft_eq((len(want), device), (COUNT, 0), "software: segments, cut by the device")
    steps = ids(want)
    ksft_pr(f"software: {stack} super-frames, steps {steps}")
    ksft_ge(stack, 1, "merged super-frames")
    for mode in ("native",) if way == "plain" else ("native", "partial"):
        got, (device, by_stack) = forwarded(mode, frames)
        ksft_eq(ids(got), steps, f"{mode}: steps of the IDs")
        ksft_true(bare(got, way.startswith("into")) == bare(want, way.startswith("into")),
                  f"{mode}: other bytes than in software")
        # A fixed ID outside a tunnel is for the stack.
        for_stack = len(steps) == 2 and not any(steps[0])
        ksft_eq((bool(device), bool(by_stack)), (not for_stack, for_stack),
                f"{mode}: cut by the device, by the stack")


ksft_run(setup)
