#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What the receiving port makes of each kind of frame, good and bad.

A frame is put on nvn0 by a packet socket, without any offload, and must come
out of nvn1 byte for byte, with the right counters of the parser and of the
checksum unit, and with the right verdict in its sk_buff. No frame is dropped
for what is in it. A second set of cases gives frames to the stack behind the
port: it must agree with every verdict.

Copyright (C) 2026 nvnic contributors
"""

import re
import socket
import struct

from lib.frames import (AUTH, DSTOPTS, ETH_P_8021AD, ETH_P_8021Q, ETH_P_ARP, ETH_P_IP, ETH_P_IPV6,
                        ETH_P_TEB, FRAGMENT, GRE, HOPOPTS, ICMP, MIN_FRAME, ROUTING, TCP, UDP,
                        Listener, Sender, addr, eth, ext, frag_ext, gre, hexdiff, icmp_echo, ipv4,
                        ipv6, mac, routing_ext, tcp, udp, vlan)
from lib.hwstats import Watch
from lib.ktap import ksft_eq, ksft_run, ksft_true, ksft_variants
from lib.nvnic import Pair, Port
from lib.shell import cmd, defer, in_netns, wait_for

PAIR = TX = RX = None

MAC_A, MAC_B = mac("02:4e:56:00:00:00"), mac("02:4e:56:00:00:01")
# Nobody's: the stack behind the port lets them lie.
S4, D4 = addr("10.1.0.1"), addr("10.1.0.2")
S6, D6 = addr("fd01::1"), addr("fd01::2")
O4, P4 = addr("10.2.0.1"), addr("10.2.0.2")
O6, P6 = addr("fd02::1"), addr("fd02::2")
INNER_A, INNER_B = mac("02:00:00:00:00:0a"), mac("02:00:00:00:00:0b")
DATA = bytes(range(7, 107))
LONG = bytes(range(256)) * 4
VSID = 0x123456

U, C, N = "csum_unnecessary", "csum_complete", "csum_none"
BAD_IP, BAD_INNER, BAD_GRE, BAD_L4 = ("csum_bad_ip", "csum_bad_inner_ip", "csum_bad_gre",
                                      "csum_bad_l4")


def frame4(l4, proto=TCP, **kw):
    return eth(MAC_B, MAC_A, ETH_P_IP, ipv4(S4, D4, proto, l4, **kw))


def frame6(l4, proto=TCP, **kw):
    return eth(MAC_B, MAC_A, ETH_P_IPV6, ipv6(S6, D6, proto, l4, **kw))


def tcp4(data=DATA, **kw):
    return tcp(S4, D4, 1000, 2000, data, **kw)


def tcp6(data=DATA, **kw):
    return tcp(S6, D6, 1000, 2000, data, **kw)


def udp4(data=DATA, **kw):
    return udp(S4, D4, 1000, 2000, data, **kw)


def udp6(data=DATA, **kw):
    return udp(S6, D6, 1000, 2000, data, **kw)


def tags(*tcis, packet=None, first=ETH_P_8021Q):
    packet, proto = packet or ipv4(S4, D4, TCP, tcp4()), ETH_P_IP
    for tci in reversed(tcis):
        packet, proto = vlan(tci, proto, packet), ETH_P_8021Q
    return eth(MAC_B, MAC_A, first, packet)


def outer4(payload, proto=ETH_P_TEB, **kw):
    ip_kw = {k: kw.pop(k) for k in list(kw) if k in ("ip_check", "mf", "frag", "options", "total")}
    if "ip_check" in ip_kw:
        ip_kw["check"] = ip_kw.pop("ip_check")
    return eth(MAC_B, MAC_A, ETH_P_IP, ipv4(O4, P4, GRE, gre(proto, payload, **kw), **ip_kw))


def outer6(payload, proto=ETH_P_TEB, limit=False, **kw):
    g = gre(proto, payload, **kw)
    body, first = (ext(GRE, bytes([4, 1, 4])) + g, DSTOPTS) if limit else (g, GRE)
    return eth(MAC_B, MAC_A, ETH_P_IPV6, ipv6(O6, P6, first, body))


def teb(packet, proto=ETH_P_IP):
    return eth(INNER_B, INNER_A, proto, packet, pad=False)


def nvgre(inner, **kw):
    return outer4(inner, key=VSID << 8 | 0x21, **kw)


def in4(l4=None, proto=TCP, **kw):
    return teb(ipv4(S4, D4, proto, tcp4() if l4 is None else l4, **kw))


def in6(l4=None, proto=TCP, **kw):
    return teb(ipv6(S6, D6, proto, tcp6() if l4 is None else l4, **kw), ETH_P_IPV6)


def extensions(*kinds, last=TCP, tail=None, body=b""):
    """An IPv6 packet with a chain of extension headers."""
    out, proto = tcp6() if tail is None else tail, last
    for kind in reversed(kinds):
        if kind == FRAGMENT:
            out = frag_ext(proto, 0, 1) + out
        elif kind == AUTH:
            out = struct.pack("!BBHII", proto, 4, 0, 1, 1) + bytes(12) + out
        elif kind == ROUTING:
            out = routing_ext(proto, addresses=(O6,)) + out
        else:
            out = ext(proto, body) + out
        proto = kind
    return ipv6(S6, D6, proto, out)


def routed(kind, left, final):
    """TCP behind a routing header whose only address is P6, summed for @final."""
    l4 = tcp(S6, final, 1000, 2000, DATA)
    return frame6(routing_ext(TCP, kind, left, (P6,)) + l4, ROUTING)


def ext6(*kinds, **kw):
    return eth(MAC_B, MAC_A, ETH_P_IPV6, extensions(*kinds, **kw))


def gre_combos():
    """C, K and S in all combinations, over Ethernet and over IP."""
    for bits in range(8):
        csum, key, seq = bool(bits & 4), bits & 2 and 0x55 or None, bits & 1 and 9 or None
        for text, inner, proto in (("eth", in4(), ETH_P_TEB),
                                   ("ipv4", ipv4(S4, D4, UDP, udp4()), ETH_P_IP),
                                   ("ipv6", ipv6(S6, D6, TCP, tcp6()), ETH_P_IPV6)):
            name = "".join(c for c, on in (("C", csum), ("K", key), ("S", seq)) if on) or "none"
            kind = "nvgre" if proto == ETH_P_TEB and name == "K" else "gre"
            yield (f"gre-{name}-{text}",
                   (outer4(inner, proto, csum=csum, key=key, seq=seq), U, "l4", (), kind))


# name: (frame, verdict, outcome of the parser, what is wrong, tunnel)
FRAMES = {
    "tcp4": (frame4(tcp4()), U, "l4"),
    "tcp6": (frame6(tcp6()), U, "l4"),
    "udp4": (frame4(udp4(), UDP), U, "l4"),
    "udp6": (frame6(udp6(), UDP), U, "l4"),
    "tcp4-one-byte-padded": (frame4(tcp4(b"x")), U, "l4"),
    "udp4-empty-padded": (frame4(udp4(b""), UDP), U, "l4"),
    "tcp6-empty": (frame6(tcp6(b"")), U, "l4"),
    "tcp4-odd-length": (frame4(tcp4(LONG[:777])), U, "l4"),
    "tcp4-mtu": (frame4(tcp4(bytes(1460))), U, "l4"),
    "tcp4-ip-options": (frame4(tcp4(), options=bytes([1] * 40)), U, "l4"),
    "tcp4-tcp-options": (frame4(tcp4(options=bytes([1] * 40))), U, "l4"),
    "tcp4-bad-tcp": (frame4(tcp4(check="bad")), N, "l4", (BAD_L4,)),
    "tcp6-bad-tcp": (frame6(tcp6(check="bad")), N, "l4", (BAD_L4,)),
    "udp4-bad-udp": (frame4(udp4(check="bad"), UDP), N, "l4", (BAD_L4,)),
    "udp6-bad-udp": (frame6(udp6(check="bad"), UDP), N, "l4", (BAD_L4,)),
    "tcp4-bad-ip": (frame4(tcp4(), check="bad"), N, "l4", (BAD_IP,)),
    "tcp4-bad-both": (frame4(tcp4(check="bad"), check="bad"), N, "l4", (BAD_IP, BAD_L4)),
    "tcp4-seed-not-sum": (frame4(tcp4(check="seed")), N, "l4", (BAD_L4,)),
    "icmp-bad-ip": (frame4(icmp_echo(DATA), ICMP, check="bad"), N, "ip", (BAD_IP,)),
    "udp4-no-checksum": (frame4(udp4(check=0), UDP), C, "l4"),
    "udp6-no-checksum": (frame6(udp6(check=0), UDP), N, "l4", (BAD_L4,)),
    "udp4-ffff": (frame4(udp4(bytes(100)[:-2] + b"\0\0", check=0xffff), UDP), N, "l4", (BAD_L4,)),
    "frag4-first": (frame4(udp4(), UDP, mf=True, df=False), C, "frag"),
    "frag4-middle": (frame4(DATA, UDP, mf=True, frag=3, df=False), C, "frag"),
    "frag4-last": (frame4(DATA, TCP, frag=3, df=False), C, "frag"),
    "frag4-bad-ip": (frame4(DATA, TCP, frag=3, df=False, check="bad"), N, "frag", (BAD_IP,)),
    "frag6-first": (frame6(frag_ext(UDP, 0, 1) + udp6(), FRAGMENT), C, "frag"),
    "frag6-later": (frame6(frag_ext(UDP, 3, 0) + DATA, FRAGMENT), C, "frag"),
    # The whole packet (RFC 6946)
    "frag6-atomic": (frame6(frag_ext(UDP, 0, 0) + udp6(), FRAGMENT), U, "l4"),
    "frag6-atomic-bad": (frame6(frag_ext(UDP, 0, 0) + udp6(check="bad"), FRAGMENT), N, "l4",
                         (BAD_L4,)),
    "length-0-hop-by-hop": (frame6(ext(TCP) + tcp6(), HOPOPTS, length=0), U, "l4"),
    "icmp": (frame4(icmp_echo(DATA), ICMP), C, "ip"),
    "unknown-protocol": (frame4(DATA, 253), C, "ip"),
    "sctp6": (frame6(DATA, 132), C, "ip"),
    "no-next-header": (frame6(DATA, 59), C, "ip"),
    "ip-in-ip": (frame4(ipv4(S4, D4, TCP, tcp4()), 4), C, "ip"),
    "truncated-tcp": (frame4(tcp4(b"")[:12]), C, "bad"),
    "truncated-udp": (frame4(udp4(b"")[:7], UDP), C, "bad"),
    "truncated-tcp6": (frame6(tcp6(b"")[:19]), C, "bad"),
    "truncated-options": (frame4(tcp4(b"", options=bytes([1] * 20))[:24]), C, "bad"),
    "doff-4": (frame4(tcp4(doff=4)), C, "bad"),
    "doff-15-beyond": (frame4(tcp4(b"", doff=15)), C, "bad"),
    "ihl-4": (frame4(tcp4(), ihl=4), C, "bad"),
    "version-5": (eth(MAC_B, MAC_A, ETH_P_IP, b"\x55" + ipv4(S4, D4, TCP, tcp4())[1:]), C, "bad"),
    "ipv6-type-version-4": (eth(MAC_B, MAC_A, ETH_P_IPV6, ipv4(S4, D4, TCP, tcp4())), C, "bad"),
    "total-beyond": (frame4(tcp4(), total=400), C, "bad"),
    "total-below-header": (frame4(tcp4(), total=19), C, "bad"),
    "length6-beyond": (frame6(tcp6(), length=500), C, "bad"),
    "udp-length-beyond": (frame4(udp4(length=300), UDP), C, "bad"),
    "udp-length-7": (frame4(udp4(length=7), UDP), C, "bad"),
    "udp-length-short": (frame4(udp(S4, D4, 1, 2, DATA[:20]) + DATA, UDP), U, "l4"),
    "trailer-short": (frame4(tcp4()) + b"trailer", U, "l4"),
    "trailer-short-bad": (frame4(tcp4(check="bad")) + b"trailer", N, "l4", (BAD_L4,)),
    "trailer-long": (frame4(tcp4(LONG)) + b"trailer", C, "l4"),
    "trailer-long-bad": (frame4(tcp4(LONG, check="bad")) + b"trailer", C, "l4"),
    "vlan": (tags(5), U, "l4"),
    "vlan-bad": (tags(5, packet=ipv4(S4, D4, TCP, tcp4(check="bad"))), N, "l4", (BAD_L4,)),
    "vlan-two": (tags(5, 6, first=ETH_P_8021AD), U, "l4"),
    "vlan-three": (tags(5, 6, 7), C, "l2"),
    "vlan-unknown": (eth(MAC_B, MAC_A, ETH_P_8021Q, vlan(5, 0x88b5, DATA)), C, "l2"),
    "vlan-only": (eth(MAC_B, MAC_A, ETH_P_8021Q, vlan(5, 0x88b5, b"")), C, "l2"),
    "arp": (eth(MAC_B, MAC_A, ETH_P_ARP, struct.pack("!HHBBH", 1, 0x800, 6, 4, 2) + bytes(20)),
            C, "l2"),
    "unknown-type": (eth(MAC_B, MAC_A, 0x88b5, DATA), C, "l2"),
    "llc": (eth(MAC_B, MAC_A, 0x0040, DATA[:64]), C, "l2"),
    "runt": (eth(MAC_B, MAC_A, 0x88b5, b"", pad=False), C, "l2"),
    "runt-ip": (eth(MAC_B, MAC_A, ETH_P_IP, b"", pad=False), C, "bad"),
    "ext-all": (ext6(HOPOPTS, DSTOPTS, ROUTING, AUTH, DSTOPTS), U, "l4"),
    "ext-routing-final": (routed(4, 0, D6), U, "l4"),
    "ext-srh": (routed(4, 1, P6), U, "l4"),
    "ext-srh-bad": (routed(4, 1, D6), N, "l4", (BAD_L4,)),
    "ext-mobile": (routed(2, 1, P6), U, "l4"),
    "ext-routing-unknown": (routed(9, 1, P6), C, "ip"),
    "ext-udp": (ext6(HOPOPTS, last=UDP, tail=udp6()), U, "l4"),
    "ext-bad": (ext6(DSTOPTS, tail=tcp6(check="bad")), N, "l4", (BAD_L4,)),
    "ext-truncated": (frame6(bytes([TCP, 20]) + bytes(30), HOPOPTS), C, "bad"),
    "ext-200": (ext6(HOPOPTS, body=bytes([1, 170]) + bytes(170)), U, "l4"),
    "ext-beyond-256": (ext6(HOPOPTS, body=bytes([1, 200]) + bytes(200)), C, "too_long"),
    "ext-beyond-256-bad": (ext6(HOPOPTS, body=bytes([1, 200]) + bytes(200),
                                tail=tcp6(LONG, check="bad")), C, "too_long"),
    **dict(gre_combos()),
    "gre-bad-csum": (outer4(in4(), csum=True, check="bad"), N, "l4", (BAD_GRE,), "gre"),
    "gre-csum-bad-inner": (outer4(in4(tcp4(check="bad")), csum=True), N, "l4", (BAD_L4,), "gre"),
    "gre-bad-both": (outer4(in4(tcp4(check="bad")), csum=True, check="bad"), N, "l4",
                     (BAD_GRE, BAD_L4), "gre"),
    "gre-csum-icmp": (outer4(in4(icmp_echo(DATA), ICMP), csum=True), U, "ip", (), "gre"),
    "gre-csum-over6": (outer6(in6(), csum=True, key=3), U, "l4", (), "gre"),
    "gre-version-1": (outer4(in4(), flags=1), C, "ip"),
    "gre-routing": (outer4(in4(), flags=0x4000), C, "ip"),
    "gre-recursion": (outer4(in4(), flags=0x0100), U, "l4", (), "gre"),
    "gre-reserved": (outer4(in4(), flags=0x0ff8, csum=True), U, "l4", (), "gre"),
    "nvgre-reserved": (nvgre(in4(), flags=0x0ff8), U, "l4", (), "nvgre"),
    "gre-unknown-protocol": (outer4(DATA, 0x88b5, key=5), C, "ip", (), "gre"),
    "gre-truncated": (eth(MAC_B, MAC_A, ETH_P_IP,
                          ipv4(O4, P4, GRE, gre(ETH_P_TEB, b"", key=5)[:6])), C, "bad"),
    "gre-fragment": (outer4(in4(), key=5, mf=True), C, "frag"),
    "gre-in-gre": (nvgre(teb(ipv4(S4, D4, GRE, gre(ETH_P_IP, ipv4(S4, D4, TCP, tcp4()))))),
                   C, "ip", (), "nvgre"),
    "nvgre-tcp4": (nvgre(in4()), U, "l4", (), "nvgre"),
    "nvgre-tcp6": (nvgre(in6()), U, "l4", (), "nvgre"),
    "nvgre-udp4": (nvgre(in4(udp4(), UDP)), U, "l4", (), "nvgre"),
    "nvgre-udp6": (nvgre(in6(udp6(), UDP)), U, "l4", (), "nvgre"),
    "nvgre-over6": (outer6(in4(), key=VSID << 8), U, "l4", (), "nvgre"),
    "nvgre-over6-limit": (outer6(in6(), key=VSID << 8, limit=True), U, "l4", (), "nvgre"),
    "nvgre-outer-vlan": (tags(9, packet=nvgre(in4())[14:]), U, "l4", (), "nvgre"),
    "nvgre-outer-options": (nvgre(in4(), options=bytes([1] * 8)), U, "l4", (), "nvgre"),
    "nvgre-inner-vlan": (nvgre(teb(vlan(3, ETH_P_IP, ipv4(S4, D4, TCP, tcp4())), ETH_P_8021Q)),
                         U, "l4", (), "nvgre"),
    "nvgre-inner-options": (nvgre(in4(options=bytes([1] * 8))), U, "l4", (), "nvgre"),
    "nvgre-inner-ext": (nvgre(teb(extensions(DSTOPTS), ETH_P_IPV6)), U, "l4", (), "nvgre"),
    "nvgre-bad-tcp": (nvgre(in4(tcp4(check="bad"))), N, "l4", (BAD_L4,), "nvgre"),
    "nvgre-bad-inner-ip": (nvgre(in4(check="bad")), N, "l4", (BAD_INNER,), "nvgre"),
    "nvgre-bad-outer-ip": (nvgre(in4(), ip_check="bad"), N, "l4", (BAD_IP,), "nvgre"),
    "nvgre-bad-all": (nvgre(in4(tcp4(check="bad"), check="bad"), ip_check="bad"), N, "l4",
                      (BAD_IP, BAD_INNER, BAD_L4), "nvgre"),
    "nvgre-bad-outer-over-icmp": (nvgre(in4(icmp_echo(DATA), ICMP), ip_check="bad"), N, "ip",
                                  (BAD_IP,), "nvgre"),
    "nvgre-udp4-no-checksum": (nvgre(in4(udp4(check=0), UDP)), C, "l4", (), "nvgre"),
    "nvgre-udp6-no-checksum": (nvgre(in6(udp6(check=0), UDP)), C, "l4", (), "nvgre"),
    "nvgre-icmp": (nvgre(in4(icmp_echo(DATA), ICMP)), C, "ip", (), "nvgre"),
    "nvgre-arp": (nvgre(teb(bytes(28), ETH_P_ARP)), C, "l2", (), "nvgre"),
    "nvgre-fragment": (nvgre(in4(udp4(), UDP, mf=True, df=False)), C, "frag", (), "nvgre"),
    "nvgre-fragment-bad-ip": (nvgre(in4(udp4(), UDP, mf=True, check="bad")), N, "frag",
                              (BAD_INNER,), "nvgre"),
    "nvgre-inner-padding": (nvgre(in4(tcp4(b"x")) + bytes(9)), U, "l4", (), "nvgre"),
    "nvgre-truncated-eth": (nvgre(in4()[:9]), C, "bad", (), "nvgre"),
    "nvgre-truncated-ip": (nvgre(in4()[:14 + 19]), C, "bad", (), "nvgre"),
    "nvgre-truncated-tcp": (nvgre(in4(tcp4(b"")[:16])), C, "bad", (), "nvgre"),
    "nvgre-beyond-256": (nvgre(teb(extensions(HOPOPTS, body=bytes([1, 160]) + bytes(160)),
                                   ETH_P_IPV6)), C, "too_long", (), "nvgre"),
}


def setup():
    global PAIR, TX, RX
    PAIR = Pair(ns_a=None, ipv6=False)
    PAIR.b.cmd("ethtool -K nvn1 gro off")
    PAIR.b.set("promisc on")
    TX = Sender("nvn0")
    RX = Listener("nvn1", ns="b", vnet=True, match=lambda f: f[:12] == MAC_B + MAC_A)
    ksft_eq((mac(PAIR.a.mac()), mac(PAIR.b.mac())), (MAC_A, MAC_B), "addresses of the ports")


def expected(frame, verdict, outcome, wrong=(), tunnel=None):
    """The counters of receive queues that move by one."""
    return {"frames": 1, "bytes": max(len(frame), MIN_FRAME), verdict: 1, f"parse_{outcome}": 1,
            **dict.fromkeys(wrong, 1), **({f"parse_{tunnel}": 1} if tunnel else {})}


def receive(frame):
    """Send a frame through; return it as it came out, and the counters that moved."""
    seen = Watch(PAIR.b)
    TX.send(frame)
    got = RX.take(1)
    ksft_eq(len(got), 1, "frames delivered")
    whole = frame.ljust(MIN_FRAME, b"\0")
    if got[0] != whole:
        raise AssertionError(f"delivered, but changed: {hexdiff(got[0], whole)}")

    def counters():
        moved = {}
        for key, value in seen.delta().items():
            match = re.fullmatch(r"hw_rx\d+_(.*)", key)
            if match and not match[1].startswith("rss_"):
                moved[match[1]] = moved.get(match[1], 0) + value
        return moved
    return got[0], counters


def check_counters(counters, want):
    """The engine counts right after the frame is visible: give it that moment."""
    try:
        wait_for(lambda: counters() == want, "")
    except AssertionError:
        ksft_eq(counters(), want, "counters")


@ksft_variants(FRAMES)
def frame(frame, verdict, outcome, wrong=(), tunnel=None):
    got, counters = receive(frame)
    check_counters(counters, expected(frame, verdict, outcome, wrong, tunnel))
    ksft_eq(got.unnecessary, verdict == U, "CHECKSUM_UNNECESSARY in the sk_buff")
    ksft_true(got.csum_ready, "CHECKSUM_PARTIAL in a frame from the wire")
    if verdict == N:
        ksft_true(not got.csum_valid, "the stack holds a bad frame for verified")


SOME = ("tcp4", "udp6", "tcp4-bad-tcp", "tcp4-bad-ip", "nvgre-tcp4", "nvgre-bad-inner-ip",
        "gre-CK-eth", "icmp", "frag4-first", "arp")


@ksft_variants([*SOME])
def rx_checksum_off(name):
    """No verdict and no work on any frame."""
    PAIR.b.set_features(rx_checksumming=False)
    frame, _, outcome, _, tunnel = (FRAMES[name] + ((), None))[:5]
    got, counters = receive(frame)
    check_counters(counters, expected(frame, N, outcome, (), tunnel))
    ksft_true(not got.unnecessary and not got.csum_valid, "a verdict although rx-checksum is off")


# Behind GRE that is not looked through there is nothing to verify but the outer header.
OPAQUE = {
    "nvgre": ("nvgre-tcp4", C, ()),
    "nvgre-bad-tcp": ("nvgre-bad-tcp", C, ()),
    "nvgre-bad-inner-ip": ("nvgre-bad-inner-ip", C, ()),
    "nvgre-bad-outer-ip": ("nvgre-bad-outer-ip", N, (BAD_IP,)),
    "gre-bad-csum": ("gre-bad-csum", C, ()),
    "gre-in-ipv6": ("nvgre-over6-limit", C, ()),
}


@ksft_variants(OPAQUE)
def nvgre_offload_off(name, verdict, wrong):
    PAIR.b.set_priv_flag("nvgre-offload", False)
    got, counters = receive(FRAMES[name][0])
    check_counters(counters, expected(FRAMES[name][0], verdict, "ip", wrong))
    ksft_true(not got.unnecessary, "a verdict about what was not parsed")


# ---- what the stack behind the port makes of it ----

HERE, THERE = addr("10.9.0.1"), addr("10.9.0.2")
HERE6, THERE6 = addr("fd09::1"), addr("fd09::2")
PORT = 7777
MESSAGE = bytes(range(250)) * 4 + b"odd"


def to_socket(datagram, **kw):
    return eth(MAC_B, MAC_A, ETH_P_IP, ipv4(HERE, THERE, UDP, datagram, **kw))


def datagram(data=MESSAGE, **kw):
    return udp(HERE, THERE, 1, PORT, data, **kw)


def datagram6(data=MESSAGE, **kw):
    return udp(HERE6, THERE6, 1, PORT, data, **kw)


def fragments4(whole, at):
    for start, end in zip([0] + at, at + [len(whole)]):
        yield to_socket(whole[start:end], df=False, mf=end < len(whole), frag=start // 8, ident=77)


def fragments6(whole, at):
    for start, end in zip([0] + at, at + [len(whole)]):
        yield eth(MAC_B, MAC_A, ETH_P_IPV6,
                  ipv6(HERE6, THERE6, FRAGMENT,
                       frag_ext(UDP, start // 8, end < len(whole), 77) + whole[start:end]))


# name: (frames, family, is it delivered to the socket)
STACK = {
    "udp4": ([to_socket(datagram())], 4, True),
    "udp6": ([eth(MAC_B, MAC_A, ETH_P_IPV6, ipv6(HERE6, THERE6, UDP, datagram6()))], 6, True),
    "udp4-bad": ([to_socket(datagram(check="bad"))], 4, False),
    "udp4-bad-ip": ([to_socket(datagram(), check="bad")], 4, False),
    "udp4-no-checksum": ([to_socket(datagram(check=0))], 4, True),
    "udp6-no-checksum": ([eth(MAC_B, MAC_A, ETH_P_IPV6,
                              ipv6(HERE6, THERE6, UDP, datagram6(check=0)))], 6, False),
    "fragments4": (list(fragments4(datagram(), [8, 400])), 4, True),
    "fragments4-bad": (list(fragments4(datagram(check="bad"), [8, 400])), 4, False),
    "fragments6": (list(fragments6(datagram6(), [16, 256, 800])), 6, True),
    "fragments6-bad": (list(fragments6(datagram6(check="bad"), [16, 256])), 6, False),
    "trailer": ([to_socket(datagram()) + b"trail"], 4, True),
    "trailer-odd": ([to_socket(datagram(MESSAGE[:-1])) + b"tra"], 4, True),
    "trailer-bad": ([to_socket(datagram(check="bad")) + b"trail"], 4, False),
    "extension-beyond-256": ([eth(MAC_B, MAC_A, ETH_P_IPV6, ipv6(
        HERE6, THERE6, DSTOPTS, ext(UDP, bytes([0x1e, 228]) + bytes(228)) +
        datagram6()))], 6, True),
    "extension-beyond-256-bad": ([eth(MAC_B, MAC_A, ETH_P_IPV6, ipv6(
        HERE6, THERE6, DSTOPTS, ext(UDP, bytes([0x1e, 228]) + bytes(228)) +
        datagram6(check="bad")))], 6, False),
}


def udp_socket(ns, family, where):
    with in_netns(ns):
        sock = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
    defer(sock.close)
    sock.bind((where, PORT))
    sock.settimeout(5)
    return sock


def expect(sock, delivered):
    """A marker sent afterwards tells that a datagram did not make it."""
    if delivered:
        data = sock.recv(4096)
        ksft_true(MESSAGE.startswith(data) and len(data) >= len(MESSAGE) - 1, "payload")
    TX.send(to_socket(udp(HERE, THERE, 1, PORT + 1, b"marker")))
    MARKER.recv(100)
    sock.setblocking(False)
    try:
        raise AssertionError(f"delivered to the socket: {sock.recv(4096)[:16]}")
    except BlockingIOError:
        pass


def no_csum_fault():
    faults = [line for line in cmd("dmesg").stdout.splitlines() if "hw csum failure" in line]
    ksft_eq(faults, [], "the stack caught the device with a wrong sum")


@ksft_variants(STACK)
def stack(frames, family, delivered):
    global MARKER
    if family == 6:
        defer(PAIR.b.set_ipv6, False)
        PAIR.b.set_ipv6(True)
    sock = udp_socket("b", family, "10.9.0.2" if family == 4 else "fd09::2")
    with in_netns("b"):
        MARKER = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    defer(MARKER.close)
    MARKER.bind(("10.9.0.2", PORT + 1))
    MARKER.settimeout(5)
    for one in frames:
        TX.send(one)
    expect(sock, delivered)
    no_csum_fault()


def tunnelled(inner, key, csum=False, **kw):
    return eth(MAC_B, MAC_A, ETH_P_IP, ipv4(HERE, THERE, GRE, gre(ETH_P_TEB, inner, key=key,
                                                                csum=csum), **kw))


# name: (GRE with checksum, inner packet, CHECKSUM_UNNECESSARY after decapsulation)
LEVELS = {
    "nvgre-tcp": (False, in4(), True),
    "nvgre-bad-tcp": (False, in4(tcp4(check="bad")), False),
    "nvgre-udp-no-checksum": (False, in4(udp4(check=0), UDP), False),
    "nvgre-icmp": (False, in4(icmp_echo(DATA), ICMP), False),
    "csum-tcp": (True, in4(), True),
    "csum-udp6": (True, in6(udp6(), UDP), True),
    "csum-bad-tcp": (True, in4(tcp4(check="bad")), False),
    "csum-icmp": (True, in4(icmp_echo(DATA), ICMP), False),
    "csum-udp-no-checksum": (True, in4(udp4(check=0), UDP), False),
}


@ksft_variants(LEVELS)
def csum_level(csum, inner, unnecessary):
    """The verdict that is left when the tunnel device has taken its share of it."""
    PAIR.b.cmd(f"ip link add g0 type gretap local 10.9.0.2 remote 10.9.0.1 key 77 "
               f"{'csum' if csum else ''}")
    defer(PAIR.b.cmd, "ip link del g0")
    Port("g0", "b").set_ipv6(False)
    PAIR.b.cmd("ip link set g0 up promisc on")
    PAIR.b.cmd("ethtool -K g0 gro off")
    listener = Listener("g0", ns="b", vnet=True, match=lambda f: f[:12] == INNER_B + INNER_A)
    TX.send(tunnelled(inner, 77, csum))
    got = listener.take(1)
    ksft_eq(len(got), 1, "frames out of the tunnel")
    ksft_eq(bytes(got[0]), inner, "frame out of the tunnel")
    ksft_eq(got[0].unnecessary, unnecessary, "CHECKSUM_UNNECESSARY")
    no_csum_fault()


ksft_run(setup)
