# SPDX-License-Identifier: GPL-2.0
"""nvnic selftests: frames of one flow, plain and in tunnels, and the receive hash.

Copyright (C) 2026 nvnic contributors
"""

import struct

from .frames import (ETH_P_IP, ETH_P_IPV6, ETH_P_TEB, GRE, TCP, UDP, addr, eth, gre, ip, mac, tcp,
                     udp, vlan)

SCTP = 132
VSID = 5001

M, N = "02:aa:00:00:00:01", "02:aa:00:00:00:02"
S, D, X = addr("10.1.0.1"), addr("10.1.0.2"), addr("10.1.9.2")
S6, D6, X6 = addr("fd01::1"), addr("fd01::2"), addr("fd01::9:2")
O, P = addr("10.2.0.1"), addr("10.2.0.2")
O6, P6 = addr("fd02::1"), addr("fd02::2")


def transport(src, dst, l4, sport, dport):
    """TCP, UDP, or ports and nothing known behind them."""
    if l4 == TCP:
        return tcp(src, dst, sport, dport, b"x" * 20)
    if l4 == UDP:
        return udp(src, dst, sport, dport, b"x" * 20)
    return struct.pack("!HH", sport, dport) + bytes(20)


def packet(dst=D, l4=TCP, sport=1000, dport=2000, tos=0, src=None, **kw):
    src = src or (S if len(dst) == 4 else S6)
    kw["tos" if len(dst) == 4 else "tclass"] = tos
    return ip(src, dst, l4, transport(src, dst, l4, sport, dport), **kw)


def ether(payload, dst=N, src=M, proto=None, tags=()):
    """A frame, with VLAN tags (protocol, TCI) from the outside in."""
    proto = proto or (ETH_P_IP if payload[0] >> 4 == 4 else ETH_P_IPV6)
    for tpid, tci in reversed(tags):
        payload, proto = vlan(tci, proto, payload), tpid
    return eth(mac(dst), mac(src), proto, payload)


def nvgre(inner, vsid=VSID, flowid=0, outer=P, tags=(), proto=ETH_P_TEB, **kw):
    src = O if len(outer) == 4 else O6
    kw.setdefault("key", vsid << 8 | flowid)
    return ether(ip(src, outer, GRE, gre(proto, inner, **kw)), dst="02:bb:00:00:00:02",
                 src="02:bb:00:00:00:01", tags=tags)


def toeplitz(key, data):
    """The definition of the hash, bit by bit; behind its end the key begins again."""
    window, bits = int.from_bytes(key * 2, "big"), len(key) * 16
    result = 0
    for i in range(len(data) * 8):
        if data[i // 8] & 0x80 >> i % 8:
            result ^= window >> (bits - 32 - i) & 0xffffffff
    return result
