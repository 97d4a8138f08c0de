#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# seconds: 20
"""netdev-genl statistics: per queue, in sum, and what upstream's tso.py asks of
a device that segments.

Copyright (C) 2026 nvnic contributors
"""

import os
import socket

from lib.frames import ETH_P_IP, SO_RCVBUFFORCE, TCP, UDP, Sender, addr, eth, ipv4, mac, tcp, udp
from lib.hwstats import Watch
from lib.ktap import ksft_case, ksft_eq, ksft_ge, ksft_le, ksft_run, ksft_true, ksft_variants
from lib.nvnic import Pair, Transfer
from lib.shell import cmd, defer, in_netns, undo, undo_depth, wait_for

PAIR = None
SIZE = 4 << 20
SUPER = 65536
MTU = 1500


def setup():
    global PAIR
    PAIR = Pair(ns_a=None)


def moved(before, after):
    return {k: after[k] - before[k] for k in after}


# What must be reported, even when it is 0
NAMES = ("rx-packets", "rx-bytes", "tx-packets", "tx-bytes", "rx-alloc-fail", "rx-hw-drops",
         "rx-hw-drop-overruns", "rx-csum-unnecessary", "rx-csum-none", "rx-csum-bad", "tx-hw-drops",
         "tx-hw-drop-errors", "tx-csum-none", "tx-needs-csum", "tx-hw-gso-packets",
         "tx-hw-gso-bytes", "tx-hw-gso-wire-packets", "tx-hw-gso-wire-bytes", "tx-stop", "tx-wake")


@ksft_case
def all_there():
    missing = set(NAMES) - set(PAIR.a.qstats())
    ksft_eq(missing, set(), "not reported")


def quiet_sum(port):
    """Device and per-queue statistics taken with nothing in between."""
    for _ in range(20):
        first = port.qstats()
        queues = port.qstats(per_queue=True)
        link = port.link()["stats64"]
        if port.qstats() == first:
            return first, queues, link
    raise AssertionError(f"{port} is never quiet")


@ksft_case
def queues_add_up():
    """The sum over queues is the device's, and ip -s link's."""
    for _ in range(4):
        Transfer(PAIR.a, PAIR.b, 1 << 20).check()
    for port in PAIR.ports:
        device, queues, link = quiet_sum(port)
        ksft_eq({k for k in queues}, {(way, q) for way in ("rx", "tx")
                                      for q in range(os.cpu_count())}, "queues")
        for name, value in device.items():
            way = name[:2]
            ksft_eq(sum(stats.get(name, 0) for (side, _), stats in queues.items() if side == way),
                    value, f"{name} of {port}")
        for way in ("rx", "tx"):
            for unit in ("packets", "bytes"):
                ksft_eq(device[f"{way}-{unit}"], link[way][unit], f"{way} {unit} of ip -s link")


@ksft_case
def queues_that_are_gone():
    """Statistics of queues that -L took away stay in the device's."""
    PAIR.a.cmd("ethtool -L nvn0 combined 4")
    defer(PAIR.a.cmd, f"ethtool -L nvn0 combined {os.cpu_count()}")
    PAIR.a.wait_carrier()
    for _ in range(3):
        Transfer(PAIR.a, PAIR.b, 1 << 19).check()
    before = quiet_sum(PAIR.a)[0]
    PAIR.a.cmd("ethtool -L nvn0 combined 1")
    PAIR.a.wait_carrier()
    device, queues, link = quiet_sum(PAIR.a)
    ksft_eq(len(queues), 2, "queues reported")
    for name in NAMES:
        ksft_ge(device[name], before[name], name)
    ksft_eq(device["tx-packets"], link["tx"]["packets"], "tx packets of ip -s link")


# ---- upstream's tools/testing/selftests/drivers/net/hw/tso.py ----

TSO = {
    "tcp4": (None, 4, "tx_tcp_segmentation"),
    "tcp6": (None, 6, "tx_tcp6_segmentation"),
    "gre4-4": ("gre", 4, "tx_gre_segmentation"),
    "gre4-6": ("gre", 6, "tx_gre_segmentation"),
    "gre6-4": ("ip6gre", 4, "tx_gre_segmentation"),
    "gre6-6": ("ip6gre", 6, "tx_gre_segmentation"),
    "nvgre4-4": ("gretap", 4, "tx_gre_segmentation"),
    "nvgre4-6": ("gretap", 6, "tx_gre_segmentation"),
    "nvgre6-4": ("ip6gretap", 4, "tx_gre_segmentation"),
    "gre4-csum": ("gre csum", 4, "tx_gre_csum_segmentation"),
    "nvgre6-csum": ("ip6gretap csum", 6, "tx_gre_csum_segmentation"),
}


def ends(kind):
    if not kind:
        return PAIR.a, PAIR.b
    kind, *csum = kind.split()
    tun = PAIR.tunnel(kind, key=5000 << 8 if kind.endswith("tap") else None, csum=bool(csum))
    return tun.a, tun.b


def send_4m(a, b, family):
    """Statistics of nvn0 over 4 MiB of TCP, its retransmissions."""
    before = PAIR.a.qstats()
    transfer = Transfer(a, b, SIZE, family)
    again = transfer.check()
    ksft_le(again, 9, "segments sent again")
    return moved(before, PAIR.a.qstats())


@ksft_variants(TSO)
def tso(kind, family, feature):
    a, b = ends(kind)
    PAIR.a.set_features(**{feature: False})
    stats = send_4m(a, b, family)
    ksft_le(stats["tx-hw-gso-packets"], 14, "super-frames with the feature off")
    ksft_le(stats["tx-hw-gso-wire-packets"], 499, "their frames with the feature off")
    PAIR.a.set_features(**{feature: True})
    stats = send_4m(a, b, family)
    ksft_ge(stats["tx-hw-gso-packets"], 0.9 * SIZE / SUPER, "super-frames")
    ksft_ge(stats["tx-hw-gso-wire-packets"], 0.9 * SIZE / MTU, "their frames")
    ksft_le(stats["tx-hw-gso-wire-packets"], stats["tx-packets"], "frames in all")
    ksft_ge(stats["tx-hw-gso-bytes"], 0.9 * SIZE, "bytes of super-frames")
    ksft_ge(stats["tx-hw-gso-wire-bytes"], stats["tx-hw-gso-bytes"], "bytes of their frames")


@ksft_variants(["gre", "ip6gre", "gretap", "ip6gretap"])
def partial(kind):
    """With GSO_PARTIAL it is the device that segments, too."""
    a, b = ends(kind)
    PAIR.a.set_priv_flag("gre-gso-partial", True)
    seen = Watch(PAIR.a)
    stats = send_4m(a, b, 4)
    ksft_ge(stats["tx-hw-gso-packets"], 0.9 * SIZE / SUPER, "super-frames")
    ksft_ge(stats["tx-hw-gso-wire-packets"], 0.9 * SIZE / MTU, "their frames")
    delta = seen.delta()
    ksft_ge(delta["lso_partial"], 0.9 * SIZE / SUPER, "lso_partial")
    ksft_eq(delta["lso_native"], 0, "lso_native")
    PAIR.a.set_features(tx_gso_partial=False)
    seen.mark()
    stats = send_4m(a, b, 4)
    ksft_le(stats["tx-hw-gso-packets"], 14, "super-frames with tx-gso-partial off")
    ksft_ge(seen["lso_software"], 1, "lso_software")


@ksft_variants([("gre", 4), ("gre csum", 6), ("ip6gretap", 4)])
def three_paths(kind, family):
    """lso_native, lso_partial and lso_software tell which way a transfer took."""
    a, b = ends(kind)
    paths = ("lso_native", "lso_partial", "lso_software")
    for path in paths:
        depth = undo_depth()
        PAIR.a.set_priv_flag("gre-gso-partial", path == "lso_partial")
        if path == "lso_software":
            PAIR.a.set_features(tx_gre_segmentation=False, tx_gre_csum_segmentation=False)
        seen = Watch(PAIR.a)
        Transfer(a, b, 1 << 20, family).check()
        delta = seen.delta()
        counts = {p: delta[p] for p in paths}
        for error in undo(depth):
            raise error
        ksft_ge(counts.pop(path), 10, path)
        ksft_eq(counts, dict.fromkeys(counts, 0), f"other paths than {path}")
        ksft_eq({k: v for k, v in delta.items() if k.startswith("tx_drop")}, {}, "drops")


@ksft_case
def uso():
    """UDP_SEGMENT: super-frames, and the datagrams that the receiver gets."""
    with in_netns("b"):
        there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    defer(there.close)
    defer(here.close)
    there.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
    there.bind(("10.9.0.2", 0))
    there.settimeout(10)
    here.connect(there.getsockname())
    here.setsockopt(socket.IPPROTO_UDP, 103, 1400)
    before, link = PAIR.a.qstats(), PAIR.a.link()["stats64"]["tx"]["packets"]
    data = bytes(range(250)) * 58
    for size in (14500, 7000):
        here.send(data[:size])
        got = b"".join(there.recv(2000) for _ in range(-(-size // 1400)))
        ksft_true(got == data[:size], f"payload of {size} bytes")
    stats = moved(before, PAIR.a.qstats())
    ksft_eq(stats["tx-hw-gso-packets"], 2, "super-frames")
    ksft_eq(stats["tx-hw-gso-wire-packets"], 11 + 5, "datagrams")
    ksft_eq(stats["tx-hw-gso-bytes"], 14500 + 7000 + 2 * 42, "bytes of super-frames")
    ksft_eq(stats["tx-hw-gso-wire-bytes"], 14500 + 7000 + 16 * 42, "bytes of datagrams")
    ksft_ge(PAIR.a.link()["stats64"]["tx"]["packets"] - link, 16, "tx_packets of ip -s link")


# ---- checksum and drop counters ----

@ksft_case
def checksums():
    """Who needed one, who got a verdict, and which were bad."""
    for port in PAIR.ports:
        port.set_ipv6(False)
    src, dst = addr("10.1.0.1"), addr("10.1.0.2")
    a, b = mac(PAIR.a.mac()), mac(PAIR.b.mac())
    PAIR.b.cmd("ethtool -K nvn1 gro off")
    sender = Sender("nvn0", vnet=True)
    before = [p.qstats() for p in PAIR.ports]

    def frame(check, l4=udp, proto=UDP):
        return eth(b, a, ETH_P_IP, ipv4(src, dst, proto, l4(src, dst, 1, 2, bytes(50),
                                                           check=check)))
    for _ in range(3):
        sender.send(frame(None))
    for _ in range(5):
        sender.send(frame("bad"))
    for _ in range(7):
        sender.send_super(frame("seed"), 9999)
    sender.send(frame("bad", tcp, TCP))
    wait_for(lambda: PAIR.b.qstats()["rx-packets"] - before[1]["rx-packets"] == 16, "16 frames")
    tx, rx = (moved(old, p.qstats()) for old, p in zip(before, PAIR.ports))
    ksft_eq((tx["tx-csum-none"], tx["tx-needs-csum"]), (9, 7), "tx-csum-none, tx-needs-csum")
    ksft_eq((rx["rx-csum-unnecessary"], rx["rx-csum-none"], rx["rx-csum-bad"]), (10, 6, 6),
            "rx-csum-unnecessary, -none, -bad")


@ksft_case
def drops():
    """What a receiver without buffers and without flow control loses."""
    PAIR.b.cmd("ethtool -G nvn1 rx 64")
    defer(PAIR.b.cmd, "ethtool -G nvn1 rx 1024")
    PAIR.b.cmd("ethtool -A nvn1 tx off")
    defer(PAIR.b.cmd, "ethtool -A nvn1 tx on")
    PAIR.a.wait_carrier()
    cmd("tc qdisc replace dev nvn0 root pfifo limit 20000")
    defer(cmd, "tc qdisc del dev nvn0 root")
    src, dst = addr("10.1.0.1"), addr("10.1.0.2")
    sender = Sender("nvn0", vnet=True)
    frame = eth(mac(PAIR.b.mac()), mac(PAIR.a.mac()), ETH_P_IP,
                ipv4(src, dst, UDP, udp(src, dst, 1, 2, bytes(1270), check="seed")), pad=False)
    before, seen = PAIR.b.qstats(), Watch(PAIR.b)
    for _ in range(60):
        sender.send_super(frame, 10)
    wait_for(lambda: seen["wire_rx_frames"] >= 60 * 127, "all frames on the wire")
    stats = moved(before, PAIR.b.qstats())
    ksft_ge(stats["rx-hw-drops"], 1, "rx-hw-drops")
    ksft_eq(stats["rx-hw-drop-overruns"], seen["rx_missed"], "rx-hw-drop-overruns")


ksft_run(setup)
