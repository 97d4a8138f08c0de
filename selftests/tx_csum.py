#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The transmit checksum is filled where the stack says, whatever the frame is.

csum_start and csum_offset come through a packet socket; the wire tap shows what
the device made of them. It does not parse, so what it cannot know works too.

Copyright (C) 2026 nvnic contributors
"""

import os
import random
import socket
import struct

from lib.capture import Capture
from lib.frames import (ETH_P_IP, ETH_P_IPV6, MIN_FRAME, TCP, UDP, Listener, Sender, addr, checksum,
                        dissect, eth, hexdiff, ipv4, ipv6, layer, mac, ones_sum, tcp, udp, vnet_hdr)
from lib.hwstats import Watch
from lib.ktap import ksft_case, ksft_eq, ksft_ge, ksft_run, ksft_variants
from lib.nvnic import WIRE, Pair
from lib.shell import cmd, defer, in_netns, quiesce

PAIR = TX = TAP = None
MAC_A, MAC_B = mac("02:4e:56:00:00:00"), mac("02:4e:56:00:00:01")
S, D = addr("10.1.0.1"), addr("10.1.0.2")
S6, D6 = addr("fd01::1"), addr("fd01::2")
DATA = random.Random(2).randbytes(9000)


def setup():
    global PAIR, TX, TAP
    PAIR = Pair(ns_a=None)
    cmd(f"ip link set {WIRE} up")
    defer(cmd, f"ip link set {WIRE} down", fail=False)
    TX = Sender("nvn0", vnet=True)
    TAP = Listener(WIRE, match=lambda f: f[:12] == MAC_B + MAC_A)


def filled(frame, start, offset):
    """The frame as it must be on the wire: for UDP 0xffff stands for a sum of 0."""
    value = checksum(frame[start:]) or (0xffff if offset == 6 else 0)
    whole = frame[:start + offset] + struct.pack("!H", value) + frame[start + offset + 2:]
    return whole.ljust(MIN_FRAME, b"\0")


def zero_sum(frame, start, at):
    """Change two bytes so that the checksum from @start on comes out as 0."""
    value = checksum(frame[:at][start:] + b"\0\0" + frame[at + 2:])
    return frame[:at] + struct.pack("!H", value) + frame[at + 2:]


def unknown(length=100):
    """A protocol of our own between IPv4 and something with a checksum."""
    return eth(MAC_B, MAC_A, ETH_P_IP, ipv4(S, D, 253, DATA[:length]))


def udp4(length):
    return eth(MAC_B, MAC_A, ETH_P_IP, ipv4(S, D, UDP, udp(S, D, 1, 2, DATA[:length],
                                                         check="seed")), pad=False)


def tcp4(length):
    return eth(MAC_B, MAC_A, ETH_P_IP, ipv4(S, D, TCP, tcp(S, D, 1, 2, DATA[:length],
                                                         check="seed")), pad=False)


# name: (frame, csum_start, csum_offset)
FILLS = {
    **{f"udp4-{n}": (udp4(n), 34, 6) for n in (0, 1, 2, 17, 18, 19, 213, 214, 215, 1471, 1472)},
    "udp6": (eth(MAC_B, MAC_A, ETH_P_IPV6, ipv6(S6, D6, UDP, udp(S6, D6, 1, 2, DATA[:99],
                                                                check="seed"))), 54, 6),
    "tcp4": (tcp4(99), 34, 16),
    "unknown-protocol": (unknown(), 40, 6),
    "unknown-odd-start": (unknown(), 41, 6),
    "unknown-odd-length": (unknown(101), 40, 16),
    "not-ip": (eth(MAC_B, MAC_A, 0x88b5, DATA[:77]), 34, 0),
    "padded": (eth(MAC_B, MAC_A, 0x88b5, DATA[:30], pad=False), 34, 2),
    "field-at-254": (unknown(400), 200, 54),
    "field-at-256": (unknown(400), 200, 56),
    "field-at-300": (unknown(400), 280, 20),
    "start-at-600": (unknown(900), 600, 6),
    "end-of-frame": (unknown(900), 900, 32),
    "udp-zero": (zero_sum(udp4(98), 34, 60), 34, 6),
    "tcp-zero": (zero_sum(tcp4(98), 34, 60), 34, 16),
    "zero-odd-start": (zero_sum(unknown(), 41, 61), 41, 6),
}


def check(frame, start, offset):
    TX.send(frame, vnet_hdr(csum_start=start, csum_offset=offset))
    got = TAP.take(1)
    ksft_eq(len(got), 1, "frames")
    want = filled(frame, start, offset)
    if got[0] != want:
        raise AssertionError(hexdiff(got[0], want))


@ksft_variants(FILLS)
def fill(frame, start, offset):
    seen = Watch(PAIR.a)
    check(frame, start, offset)
    here, there = seen["tx_csum"], seen["tx_sw_csum"]
    if start + offset + 2 <= 256:
        ksft_eq((here, there), (1, 0), "tx_csum, tx_sw_csum")
    else:
        ksft_eq(here, 0, "tx_csum, although the field is beyond what the device reaches")


@ksft_case
def sizes():
    """Every length around the edges, and many in between."""
    for length in list(range(0, 80)) + list(range(200, 260)) + list(range(1440, 1473)):
        check(udp4(length), 34, 6)


@ksft_case
def off():
    """With the offload off the stack fills it; the same bytes, but for 0 in TCP."""
    PAIR.a.set_features(tx_checksum_ip_generic=False)
    seen = Watch(PAIR.a)
    for name, row in FILLS.items():
        if name != "tcp-zero":
            check(*row)
    ksft_eq(seen["tx_csum"], 0, "tx_csum")


@ksft_case
def on_vlan_device():
    """The tag comes in front: the field moves by four bytes."""
    cmd("ip link add link nvn0 name nvn0.9 type vlan id 9")
    defer(cmd, "ip link del nvn0.9")
    cmd("ip link set nvn0.9 up")
    sender = Sender("nvn0.9", vnet=True)
    for name in ("udp4-215", "udp6", "tcp4", "unknown-odd-start", "field-at-254", "field-at-300"):
        frame, start, offset = FILLS[name]
        sender.send(frame, vnet_hdr(csum_start=start, csum_offset=offset))
        got = TAP.take(1)
        ksft_eq(len(got), 1, f"frames, {name}")
        whole = filled(frame, start, offset)
        want = whole[:12] + b"\x81\x00\x00\x09" + whole[12:]
        if got[0] != want:
            raise AssertionError(f"{name}: {hexdiff(got[0], want)}")


@ksft_variants(["gretap", "ip6gretap", "gre"])
def behind_gre_with_checksum(kind):
    """The inner checksum by the device, the GRE checksum around it by the stack."""
    tun = PAIR.tunnel(kind, csum=True)
    with in_netns("b"):
        there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        there.bind((tun.b.v4, 0))
    with there, Capture() as cap:
        there.settimeout(5)
        here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with here:
            here.connect(there.getsockname())
            for length in (1, 2, 99, 1000):
                here.send(DATA[:length])
                ksft_eq(there.recv(2000), DATA[:length], "datagram")
        cap.drain()
        ours = [f for f in cap.frames if layer(dissect(f), "udp") and layer(dissect(f), "gre")]
    ksft_eq(len(ours), 4, "frames on the wire, all checksums right")


# The last ones: they take down what TAP listens to.

def into(dst, start, field):
    """A frame to PEER that becomes one to DST when a sum over all from byte START on is
    stored at FIELD, within the destination address."""
    return unfilled_at(dst + MAC_A + struct.pack("!H", 0x88b5) + DATA[:120], start, field)


def unfilled_at(frame, start, field):
    """What becomes FRAME when its sum from START on is filled in at FIELD, an even number
    of bytes behind."""
    want = int.from_bytes(frame[field:field + 2], "big")
    rest = frame[start:field] + b"\0\0" + frame[field + 2:]
    seed = (0xffff - want - ones_sum(rest)) % 0xffff
    return frame[:field] + seed.to_bytes(2, "big") + frame[field + 2:]


def send_to_fill(frame, start, field):
    """Ask the device for what Linux, which puts no checksum so far in front, never asks:
    other bits arrive there than the driver has written."""
    with open("/sys/kernel/debug/nvnic/nvnic0.0/corrupt_txd", "w") as knob:
        knob.write(f"0 0 {(20 ^ start) << 39 | (2 ^ field - start) << 48:x}")
    TX.send(frame, vnet_hdr(csum_start=20, csum_offset=2))


def alone():
    """Nothing else is sent, and all through one queue."""
    PAIR.a.set_ipv6(False)
    defer(PAIR.a.set_ipv6, True)
    PAIR.a.cmd("ethtool -L nvn0 combined 1")
    defer(PAIR.a.cmd, f"ethtool -L nvn0 combined {min(2, os.cpu_count())}")


# (tap up, start, field in the frame)
ADDRESS = [(tap, start, field) for tap in (False, True)
           for start, field in ((0, 0), (0, 2), (0, 4), (2, 4), (1, 3))]


@ksft_variants([*ADDRESS])
def in_the_address(tap, start, field):
    """Who is to receive a frame is told by its bytes as they leave, tap or no tap."""
    peer, other = mac(PAIR.b.mac()), mac("02:4e:56:77:88:99")
    alone()
    if not tap:
        cmd(f"ip link set {WIRE} down")
        defer(cmd, f"ip link set {WIRE} up")
    there = Listener("nvn1", ns="b", match=lambda f: f[6:12] == MAC_A)
    for dst, reaches in ((peer, True), (other, False)):
        sent, seen = Watch(PAIR.a), Watch(PAIR.b)
        send_to_fill(into(dst, start, field), start, field)
        quiesce()
        got = [bytes(f[:12]) for f in there.drain()]
        ksft_eq(got, [dst + MAC_A] if reaches else [], f"frames to {dst.hex(':')} received")
        if not reaches:
            ksft_ge(seen["wire_rx_drop_filtered"], 1, "filtered")
        ksft_eq(sent.tx("drop_mismatch"), 0, "drop_mismatch")


@ksft_case
def multicast_by_checksum():
    """Counted by the bytes that leave, too."""
    group = mac("33:33:00:00:00:01")
    alone()
    seen = Watch(PAIR.a)
    send_to_fill(into(group, 0, 0), 0, 0)
    quiesce()
    ksft_eq(seen["wire_tx_multicast"], 1, "wire_tx_multicast")


ksft_run(setup)
