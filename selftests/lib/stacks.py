# SPDX-License-Identifier: GPL-2.0
"""nvnic selftests: frames of any stack of headers, said in words.

    frame, l4 = build("q q ip4 gre.key eth ip6 dst:8 tcp:12", payload)

Words, from the outside in; the Ethernet header in front is understood:

    q, ad           VLAN tag, 802.1Q or 802.1ad
    pppoe, mpls, nsh
    ip4:N, ip6      N bytes of options
    hop:N, dst:N    IPv6 options headers with N bytes in them
    rt, ah          IPv6 routing header that is used up; authentication header
    gre, and .csum .key .seq behind it; eth: Ethernet behind GRE or NSH
    tcp:N, udp      N bytes of options

Copyright (C) 2026 nvnic contributors
"""

import struct

from .frames import (ACK, AUTH, DSTOPTS, ETH_P_8021AD, ETH_P_8021Q, ETH_P_IP, ETH_P_IPV6, ETH_P_TEB,
                     GRE, HOPOPTS, ROUTING, TCP, UDP, addr, eth, ext, gre, ipv4, ipv6, mac,
                     routing_ext, tcp, udp, vlan)
from .shell import cmd

_SEGMENTERS = ("mpls_gso", "nsh")
ETH_P_PPPOE, ETH_P_MPLS, ETH_P_NSH, ETH_P_OWN = 0x8864, 0x8847, 0x894f, 0x88b5
A, B = mac("02:00:00:00:00:01"), mac("02:00:00:00:00:02")
_IN_IP = {ETH_P_IP: 4, ETH_P_IPV6: 41}
_PPP = {ETH_P_IP: 0x21, ETH_P_IPV6: 0x57}
_NSH = {ETH_P_IP: 1, ETH_P_IPV6: 2, ETH_P_TEB: 3}


def load_segmenters():
    """Load what merges and segments behind these headers, where it is a module."""
    for name in _SEGMENTERS:
        cmd(f"modprobe -q {name}", fail=False)


class _Build:
    """What is inside so far: bytes, and by which number the next header calls it."""

    def __init__(self, words, payload, **l4):
        self.words, self.data, self.proto, self.l4 = words, payload, None, l4

    def addresses(self, at):
        """Source and destination of the next IP header in front of word AT."""
        before = [word for word in self.words[:at] if word.startswith("ip")]
        net = "10.{}.0.{}" if before[-1].startswith("ip4") else "fd{:02d}::{}"
        return addr(net.format(len(before), 1)), addr(net.format(len(before), 2))

    def tcp(self, at, n, _):
        src, dst = self.addresses(at)
        self.data = tcp(src, dst, 40000, 5001, self.data, ack=7, options=bytes([1] * n), **self.l4)
        self.proto, self.l4_len = TCP, len(self.data)

    def udp(self, at, n, _):
        src, dst = self.addresses(at)
        self.data = udp(src, dst, 40000, 5001, self.data, check=self.l4["check"])
        self.proto, self.l4_len = UDP, len(self.data)

    def hop(self, at, n, _):
        self.data, self.proto = ext(self.proto, bytes(n)) + self.data, HOPOPTS

    def dst(self, at, n, _):
        self.data, self.proto = ext(self.proto, bytes(n)) + self.data, DSTOPTS

    def rt(self, at, n, _):
        self.data = routing_ext(self.proto, 0, 0, (self.addresses(at)[1],)) + self.data
        self.proto = ROUTING

    def ah(self, at, n, _):
        head = struct.pack("!BBHII12s", self.proto, 4, 0, 256, 1, b"integrity")
        self.data, self.proto = head + self.data, AUTH

    def ip4(self, at, n, ident):
        self.data = ipv4(*self.addresses(at + 1), _IN_IP.get(self.proto, self.proto), self.data,
                         ident=ident, options=bytes([1] * n))
        self.proto = ETH_P_IP

    def ip6(self, at, n, _):
        self.data = ipv6(*self.addresses(at + 1), _IN_IP.get(self.proto, self.proto), self.data)
        self.proto = ETH_P_IPV6

    def gre(self, at, n, _):
        words = self.words[at].split(".")
        self.data = gre(self.proto, self.data, csum="csum" in words,
                        key=5001 << 8 if "key" in words else None,
                        seq=5 if "seq" in words else None)
        self.proto = GRE

    def eth(self, at, n, _):
        self.data = eth(B, A, self.proto, self.data, pad=False)
        self.proto = ETH_P_TEB

    def q(self, at, n, _):
        self.data, self.proto = vlan(100 + at, self.proto, self.data), ETH_P_8021Q

    def ad(self, at, n, _):
        self.data, self.proto = vlan(100 + at, self.proto, self.data), ETH_P_8021AD

    def pppoe(self, at, n, _):
        head = struct.pack("!BBHHH", 0x11, 0, 1, len(self.data) + 2, _PPP[self.proto])
        self.data, self.proto = head + self.data, ETH_P_PPPOE

    def mpls(self, at, n, _):
        bottom = self.proto != ETH_P_MPLS
        self.data = struct.pack("!I", (16 + at) << 12 | bottom << 8 | 64) + self.data
        self.proto = ETH_P_MPLS

    def nsh(self, at, n, _):
        head = struct.pack("!HBBI", 63 << 6 | 2, 2, _NSH[self.proto], 1 << 8 | 255)
        self.data, self.proto = head + self.data, ETH_P_NSH


def build(stack, payload, *, seq=0, ident=0, flags=ACK, check="seed"):
    """(frame, offset of its TCP or UDP header); see frames.py for CHECK."""
    words = stack.split()
    made = _Build(words, payload, seq=seq, flags=flags, check=check)
    for at in reversed(range(len(words))):
        name, _, count = words[at].partition(":")
        getattr(made, name.split(".")[0])(at, int(count or 0), ident)
    frame = eth(B, A, made.proto, made.data, pad=False)
    return frame, len(frame) - made.l4_len
