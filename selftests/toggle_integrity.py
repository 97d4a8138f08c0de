#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# seconds: 85
# cpus: 2
# timeout: 900
"""Data stays whole while everything around it is switched.

A stream runs through each kind of tunnel; meanwhile each offload, private flag,
MTU, ring size, number of channels and hash key is changed, on both ports. What
arrives is compared by SHA-256; the device must not have refused or mistaken a
single request, and the stream never stands still.

Copyright (C) 2026 nvnic contributors
"""

import os
import random
import re
import socket
import struct

from lib.frames import SO_RCVBUFFORCE
from lib.hwstats import Watch
from lib.ktap import ksft_eq, ksft_pr, ksft_run, ksft_true, ksft_variants
from lib.nvnic import FEATURES, FLAGS, Pair, Port, netns_add
from lib.shell import cmd, defer, in_netns
from lib.stream import Stream

PAIR = None
# One for each CPU, but the hash is to have a choice.
QUEUES = max(2, os.cpu_count())

PATHS = {
    "plain": None,
    "gretap": ("gretap", True, False),
    "ip6gretap": ("ip6gretap", True, True),
    "gre": ("gre", False, True),
    "ip6gre": ("ip6gre", True, False),
}


def setup():
    global PAIR
    PAIR = Pair(ns_a=None)
    for port in PAIR.ports:
        port.cmd(f"ethtool -L {port} combined {QUEUES}", fail=False)


def switched(words):
    """Off and on again on the sender, the other way round on the receiver."""
    for state in ("off", "on"):
        for port in PAIR.ports:
            yield port, words.format(port, state)


def feature_changes():
    for name in FEATURES:
        yield from switched(f"ethtool -K {{}} {name} {{}}")
    everything = " ".join(f"{name} {{1}}" for name in FEATURES)
    yield from switched(f"ethtool -K {{0}} {everything}")


def flag_changes():
    defaults = PAIR.a.priv_flags()
    for name in FLAGS:
        states = ("off", "on") if defaults[name] else ("on", "off")
        for state in states:
            for port in PAIR.ports:
                yield port, f"ethtool --set-priv-flags {port} {name} {state}"


def ring_changes():
    for tx, rx in ((64, 64), (8192, 128), (256, 4096), (1024, 1024)):
        for port in PAIR.ports:
            yield port, f"ethtool -G {port} tx {tx} rx {rx}"


def channel_changes():
    for count in (1, 5, 3, 16, 2):
        for port in PAIR.ports:
            yield port, f"ethtool -L {port} combined {count}"


def mtu_changes():
    """Never below what the streams were set up with."""
    for mtu in (9000, 1600, 9216, 1500):
        for port in PAIR.ports:
            yield port, f"ip link set {port} mtu {mtu}"


def hash_changes():
    rng = random.Random(3)
    for words in ("equal 1", "equal 2", "weight 1 3", "default"):
        for port in PAIR.ports:
            yield port, f"ethtool -X {port} hkey {rng.randbytes(40).hex(':')}"
            yield port, f"ethtool -X {port} {words}"
    for what in ("sd", "sdfn"):
        for port in PAIR.ports:
            yield port, f"ethtool -N {port} rx-flow-hash tcp4 {what}"


GRE_FEATURES = ("tx-tcp-segmentation", "tx-gre-segmentation", "tx-gre-csum-segmentation",
                "tx-gso-partial", "tx-checksum-ip-generic", "rx-checksumming")


def mixed_changes():
    """Some of each: what is not the tunnel's is tried over plain and gretap in full."""
    for name in GRE_FEATURES:
        yield from switched(f"ethtool -K {{}} {name} {{}}")
    yield from flag_changes()
    for change in (ring_changes, channel_changes, mtu_changes, hash_changes):
        yield from list(change())[-4:]


CHANGES = {
    "features": feature_changes,
    "flags": flag_changes,
    "rings": ring_changes,
    "channels": channel_changes,
    "mtu": mtu_changes,
    "hash": hash_changes,
    "mixed": mixed_changes,
}
CASES = [(path, kind) for path in PATHS for kind in CHANGES
         if (kind == "mixed") != (path in ("plain", "gretap"))]


def ends(path):
    if not PATHS[path]:
        return PAIR.a, PAIR.b
    kind, key, csum = PATHS[path]
    tun = PAIR.tunnel(kind, key=5000 << 8 if key else None, csum=csum)
    return tun.a, tun.b


def put_back():
    """Whatever a case left half done."""
    for port in PAIR.ports:
        for command in (f"ethtool -K {port} " + " ".join(f"{f} on" for f in FEATURES),
                        f"ethtool --set-priv-flags {port} gre-gso-partial off nvgre-offload on "
                        "rss-inner on engine-threads off",
                        f"ethtool -G {port} tx 1024 rx 1024", f"ethtool -X {port} default",
                        f"ethtool -L {port} combined {QUEUES}",
                        f"ip link set {port} mtu 1500",
                        f"ethtool -N {port} rx-flow-hash tcp4 sdfn"):
            port.cmd(command, fail=False)


WRONG = (r"tx_drop_(refused|mismatch)|[tr]x_err|dma_faults|csr_bad|rx_csum_bad|parse_bad|"
         r"[tr]x_bad|[tr]x_reset")
# What does not touch the rings loses no frame either.
LOST = r"|[tr]x_drop|wire_rx_drop_(off|oversize|noqueue)|rx_missed"


def check_counters(seen, wrong=WRONG):
    for watch in seen:
        ksft_eq({k: v for k, v in watch.delta().items() if re.match(wrong, k)}, {},
                f"what went wrong on {watch.port}")


@ksft_variants([*CASES])
def toggled(path, kind):
    a, b = ends(path)
    defer(put_back)
    seen = [Watch(port) for port in PAIR.ports]
    streams = [Stream(a, b, 4), Stream(b, a, 6)]
    count = 0
    for port, command in CHANGES[kind]():
        port.cmd(command)
        count += 1
        if count % 4 == 0:
            for stream in streams:
                stream.moving(1 << 16)
    for stream in streams:
        stream.moving()
    again = [stream.check() for stream in streams]
    ksft_pr(f"{count} changes, {sum(s.received for s in streams) >> 20} MiB, "
         f"{sum(again)} segments sent again")
    check_counters(seen, WRONG + LOST if kind in ("features", "flags", "hash") else WRONG)


@ksft_variants(["udp4", "udp6"])
def datagrams(name):
    """UDP super-frames while USO and checksums are switched: each whole, or lost as UDP may be."""
    family = int(name[3])
    inet = socket.AF_INET if family == 4 else socket.AF_INET6
    with in_netns("b"):
        there = socket.socket(inet, socket.SOCK_DGRAM)
    here = socket.socket(inet, socket.SOCK_DGRAM)
    defer(put_back)
    with there, here:
        there.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
        there.bind((PAIR.b.addr(family), 0))
        there.settimeout(10)
        here.connect(there.getsockname()[:2])
        here.setsockopt(socket.IPPROTO_UDP, 103, 1000)
        seen = [Watch(port) for port in PAIR.ports]
        data, sent = random.Random(9).randbytes(1000), 0

        def some(count):
            nonlocal sent
            for _ in range(count):
                here.send(b"".join(struct.pack("!I", sent + i) + data[4:] for i in range(50)))
                sent += 50
        for feature in ("tx-udp-segmentation", "tx-checksum-ip-generic", "tx-scatter-gather",
                        "rx-checksumming"):
            for port, command in switched(f"ethtool -K {{}} {feature} {{}}"):
                some(3)
                port.cmd(command)
        some(3)
        for number in range(sent):
            got = there.recv(4096)
            ksft_true(got == struct.pack("!I", number) + data[4:], f"datagram {number} of {sent}")
        check_counters(seen)


# ---- link and namespaces: these may make a stream wait, not break ----

@ksft_variants(["a", "b"])
def link_flaps(side):
    """The sender's, or the receiver's, port goes down and up."""
    port = PAIR.a if side == "a" else PAIR.b
    stream = Stream(PAIR.a, PAIR.b)
    seen = [Watch(p) for p in PAIR.ports]
    for _ in range(4):
        stream.moving()
        port.down()
        port.up()
        PAIR.a.wait_carrier()
    stream.moving()
    ksft_pr(f"{stream.check()} segments sent again")
    port.cmd(f"ip addr replace {port.v6}/64 dev {port} nodad")
    check_counters(seen)


@ksft_variants(["plain", "gretap"])
def moved_between_namespaces(path):
    """The receiver's port is taken away to another namespace, and comes back."""
    spare = netns_add("spare")
    if path == "plain":
        a, b = PAIR.a, PAIR.b
    else:
        # A tunnel bound to no interface outlives its going.
        ends_ = []
        for port, me, peer in ((PAIR.a, 1, 2), (PAIR.b, 2, 1)):
            port.cmd(f"ip link add tm type gretap local 10.9.0.{me} remote 10.9.0.{peer} key 77")
            defer(port.cmd, "ip link del tm")
            end = Port("tm", port.ns)
            end.address(f"10.8.0.{me}/24")
            end.up()
            ends_.append(end)
        a, b = ends_
    stream = Stream(a, b)
    seen = [Watch(p) for p in PAIR.ports]
    for _ in range(3):
        stream.moving()
        cmd(f"ip link set nvn1 netns {spare}", ns="b")
        cmd("ip link set nvn1 up", ns=spare)
        cmd("ip link set nvn1 netns b", ns=spare)
        PAIR.b.address("10.9.0.2/24", "fd09::2/64")
        PAIR.b.up()
        PAIR.a.wait_carrier()
    stream.moving(timeout=90)
    ksft_pr(f"{stream.check()} segments sent again")
    check_counters(seen)


ksft_run(setup)
