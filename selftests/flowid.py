#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# seconds: 25
"""FlowID of NVGRE: the device fills it from the inner flow, and takes it out on
receive, so that keyed gretap, which compares all 32 bits of the key, does not
see it (RFC 7637 section 3.2).

What was on the wire is read from the tap.

Copyright (C) 2026 nvnic contributors
"""

import os
import socket
import struct

from lib.capture import Capture, tshark_verdict
from lib.flowframes import D6, O, O6, P, P6, VSID, ether, nvgre, packet
from lib.frames import (AUTH, ETH_P_8021Q, ETH_P_IP, ETH_P_TEB, GRE, UDP, Listener, Sender, addr,
                        gre, ipv4, ipv6, ones_sum, vnet_hdr)
from lib.hwstats import Watch
from lib.ktap import ksft_case, ksft_eq, ksft_ge, ksft_run, ksft_true, ksft_variants
from lib.nvnic import Pair, Transfer
from lib.shell import cmd, defer, in_netns

PAIR = TUN = None
FLAG = "nvgre-flowid"
KEY = VSID << 8
FLOWS = 64
BYTES = 2 << 20


def setup():
    global PAIR, TUN
    PAIR = Pair(ns_a=None, ipv6=False)
    TUN = PAIR.tunnel("gretap", key=KEY)
    for end in (TUN.a, TUN.b):
        # Its router solicitations would be counted, whenever they come.
        end.set_ipv6(False)
        end.cmd(f"ping -c 1 -W 5 {(TUN.b if end is TUN.a else TUN.a).v4}")


def flags(*ports):
    for port in ports:
        port.set_priv_flag(FLAG, True)


def is_nvgre(frame):
    return frame[12:14] == b"\x08\x00" and frame[23] == GRE and frame[34:38] == b"\x20\x00\x65\x58"


def key(frame):
    return int.from_bytes(frame[38:42], "big")


def flow(frame):
    """Inner IPv4 protocol, addresses, ports."""
    return frame[65:66] + frame[68:80]


def flowids(frames, tunnel=VSID):
    """{inner flow: {FlowID, ...}} of what went through the tunnel."""
    out = {}
    for frame in frames:
        if is_nvgre(frame) and frame[54:56] == b"\x08\x00":
            ksft_eq(key(frame) >> 8, tunnel, "VSID")
            out.setdefault(flow(frame), set()).add(key(frame) & 0xff)
    return out


def datagram(src, dst, sport=0, timeout=10):
    """A datagram through the tunnel; False if it does not come."""
    with in_netns(dst.ns):
        there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with in_netns(src.ns):
        here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with there, here:
        there.bind((dst.v4, 0))
        there.settimeout(timeout)
        here.bind((src.v4, sport))
        data = os.urandom(100)
        here.sendto(data, there.getsockname())
        try:
            return there.recv(200) == data
        except TimeoutError:
            return False


# ---- cases ----

@ksft_case
def off_by_default():
    seen = [Watch(port) for port in PAIR.ports]
    ksft_eq([port.priv_flags()[FLAG] for port in PAIR.ports], [False, False], FLAG)
    with Capture() as cap:
        Transfer(TUN.a, TUN.b, BYTES).check()
    found = flowids(cap.frames)
    ksft_eq(set().union(*found.values()), {0}, "FlowIDs on the wire")
    for watch in seen:
        ksft_eq((watch.tx("flowid"), watch.rx("flowid")), (0, 0), "counted")


@ksft_variants(["a", "b"])
def spread(side):
    """Each flow has its own, and it arrives."""
    src, dst = (TUN.a, TUN.b) if side == "a" else (TUN.b, TUN.a)
    tx, rx = (PAIR.a, PAIR.b) if side == "a" else (PAIR.b, PAIR.a)
    flags(tx, rx)
    sent, got = Watch(tx), Watch(rx)
    with Capture() as cap:
        for port in range(FLOWS):
            ksft_true(datagram(src, dst, 20000 + port), f"datagram of flow {port}")
    mine = [f for f in cap.frames if is_nvgre(f) and f[26:30] == addr(tx.v4)]
    found = flowids(mine)
    ksft_ge(len(found), FLOWS, "flows")
    for what, ids in found.items():
        ksft_true(len(ids) == 1 and 0 not in ids, f"flow {what.hex()} has FlowIDs {ids}")
    ksft_ge(len(set().union(*found.values())), FLOWS // 2, "different FlowIDs")
    ksft_eq(sent.tx("flowid"), len(mine), "frames filled")
    ksft_eq(got.rx("flowid"), len(mine), "frames received")


@ksft_variants(["native", "partial"])
def super_frames(mode):
    """All segments of all super-frames of a flow have the same; a stranger finds
    nothing wrong."""
    flags(*PAIR.ports)
    if mode == "partial":
        PAIR.a.set_priv_flag("gre-gso-partial", True)
    seen = Watch(PAIR.a)
    with Capture() as cap:
        for _ in range(3):
            Transfer(TUN.a, TUN.b, BYTES).check()
    ksft_true(seen.tx(f"lso_{mode}"), f"super-frames sent: {seen.delta()}")
    found = flowids(cap.frames)
    ksft_ge(len(found), 6, "flows")
    for what, ids in found.items():
        ksft_true(len(ids) == 1 and 0 not in ids, f"flow {what.hex()} has FlowIDs {ids}")
    verdict = tshark_verdict(cap.frames)
    ksft_eq(verdict.bad[:5], [], f"tshark, {len(verdict.bad)} bad of {verdict.frames}")
    ksft_ge(verdict.good["tcp"], 3 * BYTES // 1448, "TCP checksums verified")


@ksft_variants(["a", "b"])
def all_bits_compared(side):
    """A tunnel whose port does not take the FlowID out does not know the key."""
    src, dst = (TUN.a, TUN.b) if side == "a" else (TUN.b, TUN.a)
    tx, rx = (PAIR.a, PAIR.b) if side == "a" else (PAIR.b, PAIR.a)
    flags(tx)
    ksft_true(not datagram(src, dst, timeout=1), "a FlowID is part of the key to gretap")
    flags(rx)
    ksft_true(datagram(src, dst), "taken out by the port")


@ksft_case
def peer_without():
    """What carries no FlowID is received as ever."""
    flags(PAIR.b)
    seen = Watch(PAIR.b)
    ksft_true(datagram(TUN.a, TUN.b), "a datagram")
    ksft_eq(seen.rx("flowid"), 0, "counted")


@ksft_case
def checksum_complete():
    """The sum that the device reports is that of the frame as received."""
    flags(*PAIR.ports)
    for port in PAIR.ports:
        port.set_priv_flag("nvgre-offload", False)
    mark, seen = len(cmd("dmesg").stdout), Watch(PAIR.b)
    Transfer(TUN.a, TUN.b, BYTES).check()
    ksft_ge(seen.rx("csum_complete"), BYTES // 65536, "sums reported")
    ksft_ge(seen.rx("flowid"), BYTES // 65536, "FlowIDs taken out")
    ksft_true("csum failure" not in cmd("dmesg").stdout[mark:], "the stack agrees")


INNER = ether(packet())
TRAILER = packet()

# name: (frame, offset of the byte, as sent, received): None: anything but 0
CASES = {
    "ipv4": (nvgre(INNER), 41, None, 0),
    "ipv6": (nvgre(INNER, outer=P6), 61, None, 0),
    "inner ipv6": (nvgre(ether(packet(D6))), 41, None, 0),
    "inner arp": (nvgre(ether(bytes(28), proto=0x806)), 41, None, 0),
    "outer tag": (nvgre(INNER, tags=((ETH_P_8021Q, 7),)), 45, None, 0),
    "has one": (nvgre(INNER, flowid=7), 41, 7, 0),
    "with checksum": (nvgre(INNER, flowid=7, csum=True), 45, 7, 7),
    "with sequence number": (nvgre(INNER, flowid=7, seq=1), 41, 7, 7),
    "not ethernet": (nvgre(TRAILER, flowid=7, proto=ETH_P_IP), 41, 7, 7),
    "first fragment": (ether(ipv4(O, P, GRE, gre(ETH_P_TEB, INNER, key=KEY | 7), df=False,
                                  mf=True)), 41, 7, 0),
    "last fragment": (ether(ipv4(O, P, GRE, gre(ETH_P_TEB, INNER, key=KEY | 7), df=False,
                                 frag=64)), 41, 7, 7),
}


AH = struct.pack("!BBHII12s", GRE, 4, 0, 256, 1, b"integrity 96")


@ksft_variants(["sent", "received"])
def authenticated(side):
    """What an authentication header covers is left alone."""
    what = ether(ipv6(O6, P6, AUTH, AH + gre(ETH_P_TEB, INNER, key=KEY | (side == "received") * 7)))
    at = what.index(b"\x20\x00\x65\x58") + 7
    flags(*PAIR.ports)
    PAIR.b.set("promisc on")
    defer(PAIR.b.set, "promisc off")
    sender, listener = Sender("nvn0"), Listener("nvn1", ns="b", match=lambda f: f[:at] == what[:at])
    seen = [Watch(port) for port in PAIR.ports]
    sender.send(what)
    ksft_eq([bytes(f) for f in listener.take(1)], [what], "received")
    ksft_eq((seen[0].tx("flowid"), seen[1].rx("flowid")), (0, 0), "counted")


# Where the sum begins, where its field is: from the start of the frame
COVERED = [(start, field) for start in (24, 34, 38, 40) for field in (28, 64, 76, 78, 80)
           if field >= start]


@ksft_variants([*COVERED, (42, 64), (42, 80)])
def with_checksum(start, field):
    """A checksum that is asked for and covers the FlowID is right, whatever its field is
    part of: no FlowID goes into what has been summed."""
    what = nvgre(ether(packet(l4=UDP)))
    flags(PAIR.a)
    sender = Sender("nvn0", vnet=True)
    with Capture() as cap:
        sender.send(what, vnet_hdr(csum_start=start, csum_offset=field - start))
        wire = cap.wait(1, match=lambda f: f[:14] == what[:14])[0]
    # The field was seeded with what stood there.
    seed = int.from_bytes(what[field:field + 2], "big")
    value = int.from_bytes(wire[field:field + 2], "big")
    rest = wire[start:field] + b"\0\0" + wire[field + 2:]
    ksft_eq((ones_sum(rest) + seed + value) % 0xffff, 0, "the sum over what left")


@ksft_variants([*CASES])
def frame(name):
    """Only the FlowID of NVGRE changes, and nothing else."""
    what, at, sent, received = CASES[name]
    flags(*PAIR.ports)
    PAIR.b.set("promisc on")
    defer(PAIR.b.set, "promisc off")

    def mine(got):
        return got[:at] + got[at + 1:] == what[:at] + what[at + 1:]
    sender, listener = Sender("nvn0"), Listener("nvn1", ns="b", match=mine)
    with Capture() as cap:
        sender.send(what)
        wire = cap.wait(1, match=mine)[0][at]
        got = listener.take(1)
    ksft_true(wire if sent is None else wire == sent, f"on the wire: {wire}")
    ksft_eq([f[at] for f in got], [received], "received")


ksft_run(setup)
