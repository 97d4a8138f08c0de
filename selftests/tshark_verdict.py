#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# seconds: 40
"""A stranger's verdict: tshark reads the wire tap with all validation on.

Real TCP and UDP through each kind of tunnel, in each mode of segmenting: no bad
IPv4, TCP, UDP or GRE checksum, no malformed frame.

Copyright (C) 2026 nvnic contributors
"""

import os
import socket

from lib.capture import Capture, tshark_verdict
from lib.frames import (ETH_P_IP, ETH_P_TEB, GRE, TCP, UDP, Sender, addr, eth, gre, ipv4, mac, tcp,
                        udp)
from lib.hwstats import Watch
from lib.ktap import (ksft_case, ksft_eq, ksft_ge, ksft_in, ksft_pr, ksft_run, ksft_true,
                      ksft_variants)
from lib.nvnic import WIRE, Pair, Transfer
from lib.shell import cmd, defer, in_netns

PAIR = None
PATHS = []
TCP_BYTES = 300000
UDP_BYTES, UDP_SEGMENT = 33333, 1200

OFF = dict.fromkeys(("tx_tcp_segmentation", "tx_tcp6_segmentation", "tx_gre_segmentation",
                     "tx_gre_csum_segmentation", "tx_udp_segmentation"), False)
MODES = {
    "native": (False, {}),
    "partial": (True, {}),
    "no-lso": (False, OFF),
    "no-offload": (False, {**OFF, "tx_checksum_ip_generic": False}),
    "threads": (False, {}),
}

TUNNELS = (("gretap", True, False), ("gretap", False, True), ("ip6gretap", True, False),
           ("ip6gretap", True, True), ("gre", False, False), ("gre", True, True),
           ("ip6gre", True, False), ("ip6gre", False, True))


def setup():
    global PAIR
    PAIR = Pair(ns_a=None)
    cmd(f"ip link set {WIRE} up")
    defer(cmd, f"ip link set {WIRE} down", fail=False)
    PATHS.extend(((PAIR.a, PAIR.b, 4), (PAIR.a, PAIR.b, 6)))
    for number, (kind, key, csum) in enumerate(TUNNELS):
        tun = PAIR.tunnel(kind, key=5000 << 8 | number if key else None, csum=csum)
        PATHS.append((tun.a, tun.b, 4 if number % 2 else 6))
        PATHS.append((tun.a, tun.b, 6 if number % 2 else 4))


def bulk(a, b, family):
    Transfer(a, b, TCP_BYTES, family).check()


def datagrams(a, b, family):
    """A UDP super-frame, or what the stack makes of one."""
    inet = socket.AF_INET if family == 4 else socket.AF_INET6
    with in_netns(b.ns):
        there = socket.socket(inet, socket.SOCK_DGRAM)
    with in_netns(a.ns):
        here = socket.socket(inet, socket.SOCK_DGRAM)
    with there, here:
        there.bind((b.addr(family), 0))
        there.settimeout(15)
        here.connect(there.getsockname()[:2])
        here.setsockopt(socket.IPPROTO_UDP, 103, UDP_SEGMENT)
        data = os.urandom(UDP_BYTES)
        here.send(data)
        got = b"".join(there.recv(4096) for _ in range(-(-UDP_BYTES // UDP_SEGMENT)))
        ksft_true(got == data, f"datagrams over {a}")


def traffic(mode):
    """All paths in a mode: (frames of the tap, what the counters did)."""
    partial, features = MODES[mode]
    if partial:
        PAIR.a.set_priv_flag("gre-gso-partial", True)
    if features:
        PAIR.a.set_features(**features)
    if mode == "threads":
        for port in PAIR.ports:
            port.set_priv_flag("engine-threads", True)
    seen = [Watch(port) for port in PAIR.ports]
    with Capture() as cap:
        for path in PATHS:
            bulk(*path)
            datagrams(*path)
    return cap.frames, [watch.delta() for watch in seen]


@ksft_variants([*MODES])
def verdict(mode):
    frames, (tx, rx) = traffic(mode)
    for name in ("rx_csum_bad_ip", "rx_csum_bad_inner_ip", "rx_csum_bad_gre", "rx_csum_bad_l4",
                 "parse_bad"):
        ksft_eq(rx[name] + tx[name], 0, f"{name}, on both ports")
    if mode == "native":
        ksft_true(tx["lso_native"] and tx["uso"] and not tx["lso_software"], f"who did it: {tx}")
    elif mode == "partial":
        ksft_true(tx["lso_partial"] and tx["lso_gre"] == tx["lso_partial"], f"who did it: {tx}")
    elif mode.startswith("no-"):
        ksft_true(not tx["lso_native"] + tx["lso_partial"] + tx["uso"], f"who did it: {tx}")
    result = tshark_verdict(frames)
    if mode == "no-offload":
        # skb_checksum_help() sends 0xffff for 0, which tshark calls wrong in TCP.
        result = result._replace(bad=[b for b in result.bad if "CHECKSUM 0xFFFF" not in b.info])
    ksft_pr(f"{mode}: {result.frames} frames, verified {dict(result.good)}")
    ksft_eq(result.bad[:5], [], f"tshark, {len(result.bad)} bad of {result.frames}")
    least = TCP_BYTES // 1448 * len(PATHS)
    ksft_ge(result.frames, least, "frames")
    for layer_, share in (("ip", 0.3), ("tcp", 0.8), ("udp", 0.05), ("gre", 0.2)):
        ksft_ge(result.good[layer_], least * share, f"frames verified, {layer_}")


A, B = mac("02:00:00:00:00:01"), mac("02:00:00:00:00:02")
S, D = addr("10.1.0.1"), addr("10.1.0.2")
INNER = eth(B, A, ETH_P_IP, ipv4(S, D, TCP, tcp(S, D, 1, 2, b"payload" * 9)), pad=False)

BROKEN = {
    "ip": eth(B, A, ETH_P_IP, ipv4(S, D, UDP, udp(S, D, 1, 2, b"x" * 30), check="bad")),
    "tcp": eth(B, A, ETH_P_IP, ipv4(S, D, TCP, tcp(S, D, 1, 2, b"x" * 30, check="bad"))),
    "udp": eth(B, A, ETH_P_IP, ipv4(S, D, UDP, udp(S, D, 1, 2, b"x" * 30, check="bad"))),
    "gre": eth(B, A, ETH_P_IP, ipv4(S, D, GRE, gre(ETH_P_TEB, INNER, csum=True, check="bad"))),
    "inner tcp": eth(B, A, ETH_P_IP, ipv4(S, D, GRE, gre(ETH_P_IP, ipv4(
        S, D, TCP, tcp(S, D, 1, 2, b"x" * 30, check="bad")), key=5))),
    "inner ip": eth(B, A, ETH_P_IP, ipv4(S, D, GRE, gre(ETH_P_IP, ipv4(
        S, D, TCP, tcp(S, D, 1, 2, b"x" * 30), check="bad"), key=5))),
}


@ksft_case
def would_have_noticed():
    """The same judge condemns each frame that is wrong on purpose, and only those."""
    sender = Sender("nvn0")
    with Capture() as cap:
        for frame in BROKEN.values():
            sender.send(frame)
            sender.send(eth(B, A, ETH_P_IP, ipv4(S, D, GRE, gre(ETH_P_TEB, INNER, key=5))))
        cap.wait(2 * len(BROKEN), match=lambda f: f[:12] == B + A)
    frames = [f for f in cap.frames if f[:12] == B + A]
    result = tshark_verdict(frames)
    ksft_eq([bad.number for bad in result.bad], list(range(1, 2 * len(BROKEN), 2)), "condemned")
    for bad, name in zip(result.bad, BROKEN):
        ksft_in(name.split()[-1], bad.what, "what tshark says of it")


ksft_run(setup)
