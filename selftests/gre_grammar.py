#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# seconds: 20
# timeout: 900
"""What Linux takes for an NVGRE frame, the device must not take for anything else.

A VM sends frames in the name of an NVGRE identity, VSID and inner source address, that a
rule gives to somebody else: with each flag, version and protocol of GRE, in fragments,
behind extension headers, with lengths that lie, behind VLAN tags, in other tunnels, and
with several of these at random. gretap and ip6gretap of the kernel are the reference. Each
frame is sent three times: past the spoof check, to see which of them the kernel delivers;
with the check, which must refuse every one of those; and past the check to a port with a
rule that drops the VSID, which must see them too, but for what filters.rst says that no
rule sees.

NVNIC_GRE_FRAMES is how many frames are random (1500 without it), NVNIC_SEED with which
seed (1).

Copyright (C) 2026 nvnic contributors
"""

import collections
import itertools
import os
import random
import struct

from lib.frames import (AUTH, DSTOPTS, ETH_P_8021AD, ETH_P_8021Q, ETH_P_IP, ETH_P_IPV6, ETH_P_TEB,
                        FRAGMENT, GRE, HOPOPTS, ICMP6, ROUTING, TCP, UDP, Listener, Sender, addr,
                        checksum, eth, ext, frag_ext, gre, ip, ip_type, ipv4, ipv6, mac,
                        routing_ext, tcp, udp, vlan)
from lib.hwstats import Watch
from lib.ktap import ksft_case, ksft_eq, ksft_ge, ksft_pr, ksft_run, ksft_variants
from lib.nvnic import Pair, netns_add
from lib.shell import cmd, wait_for
from lib.station import Station
from lib.steering import add_rule

PAIR = VM = SEND = MAC_A = None
FRAMES = int(os.environ.get("NVNIC_GRE_FRAMES", "1500"))
SEED = int(os.environ.get("NVNIC_SEED", "1"))

VICTIM, PEER = mac("02:aa:00:00:00:02"), mac("02:aa:00:00:00:01")
# Small enough to be the session of ERSPAN as well
VSID = 2
KEY = VSID << 8
ETH_P_TEST, ETH_P_ERSPAN, ETH_P_ERSPAN2, ETH_P_WCCP, ETH_P_PPP = (0x88b5, 0x88be, 0x22eb, 0x883e,
                                                                 0x880b)
MAGIC = b"grammar:"
C, R, K, S = 0x8000, 0x4000, 0x2000, 0x1000
# Senders: a tunnel for each, but the last one, whose frames the external tunnels get
PLAIN, CSUM, SEQ, ROUTED, KEYLESS, EXTERNAL = range(1, 7)
ENDS = {PLAIN: f"key {KEY}", CSUM: f"key {KEY} csum", SEQ: f"key {KEY} seq", KEYLESS: ""}
CHUNK = 100
TAGS, HEADERS = 2, 256

numbers = itertools.count(1)


def setup():
    global PAIR, VM, SEND, MAC_A
    PAIR = Pair()
    MAC_A = mac(PAIR.a.mac())
    PAIR.b.set_ipv6(False)
    PAIR.a.cmd("ethtool -L nvn0 combined 1")
    PAIR.a.wait_carrier()
    # The receiver takes all that Linux can be told to take.
    for knob in ("ipv4.conf.all.accept_source_route", "ipv4.conf.nvn0.accept_source_route",
                 "ipv6.conf.all.accept_source_route", "ipv6.conf.nvn0.accept_source_route",
                 "ipv6.conf.all.seg6_enabled", "ipv6.conf.nvn0.seg6_enabled",
                 "ipv6.conf.all.rpl_seg_enabled", "ipv6.conf.nvn0.rpl_seg_enabled"):
        PAIR.a.cmd(f"sysctl -qw net.{knob}=1", fail=False)
    for family in (4, 6):
        for number, words in ENDS.items():
            tunnel(family, f"n{family}{number}", "ip6gretap" if family == 6 else "gretap",
                   f"local {PAIR.a.addr(family)} remote {source(family, number)} {words}")
        tunnel(family, f"n{family}{ROUTED}", "ip6gre" if family == 6 else "gre",
               f"local {PAIR.a.addr(family)} remote {source(family, ROUTED)}")
        tunnel(family, f"n{family}{EXTERNAL}", "ip6gretap" if family == 6 else "gretap",
               "external")
    netns_add("v1")
    cmd("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1",
        ns="v1")
    PAIR.b.cmd("ethtool -K nvn1 l2-fwd-offload on")
    VM = Station(1, PAIR.b, "v1")
    for loc, vsid in ((8, VSID), (9, 0)):
        add_rule(PAIR.b, f"ether dst {VICTIM.hex(':')} user-def {vsid} action 0", loc)
    SEND = Sender("vm1", ns="v1")


def tunnel(family, name, kind, words):
    PAIR.a.cmd(f"ip link add {name} type {kind} {words}")
    PAIR.a.cmd(f"ip link set {name} up")
    if family == 6:
        PAIR.a.cmd(f"sysctl -qw net.ipv6.conf.{name}.disable_ipv6=1")


def source(family, number):
    return f"10.3.0.{number}" if family == 4 else f"fd03::{number}"


# ---- frames ----

class Spoof:
    """A frame in the victim's name, or several that the receiver puts together.

    What it is made of are attributes; build() makes it. blind: why no rule sees it, in a
    word of filters.rst.
    """

    def __init__(self, name, family=4, sender=PLAIN, **parts):
        self.name, self.family, self.sender = f"{name} over IPv{family}", family, sender
        self.flags, self.proto, self.key, self.front = K, ETH_P_TEB, KEY, b""
        self.tags, self.inner_tags, self.exts, self.ip, self.pieces = (), (), (), {}, None
        self.trailer, self.limit, self.blind, self.start = b"", None, None, None
        self.__dict__.update(parts)
        self.number = next(numbers)
        self.frames = self.build()

    def inner(self):
        payload, proto = MAGIC + struct.pack("!Q", self.number) + bytes(30), ETH_P_TEST
        for tpid, tci in reversed(self.inner_tags):
            payload, proto = vlan(tci, proto, payload), tpid
        # Cut short, it still says which it is.
        to = self.start or b"\2" + self.number.to_bytes(3, "big") + bytes(2)
        return eth(to, VICTIM, proto, payload, pad=False)

    def gre(self):
        """As the flags say, whatever they say."""
        fields = bytes(4) if self.flags & C else b""
        if self.flags & K:
            fields += struct.pack("!I", self.key)
        if self.flags & S:
            fields += struct.pack("!I", self.number)
        body = fields + self.front + self.inner()
        head = struct.pack("!HH", self.flags, self.proto)
        if self.flags & C:
            body = struct.pack("!H", checksum(head + body)) + body[2:]
        return head + body

    def packets(self):
        src = addr(source(self.family, self.sender))
        dst = addr(PAIR.a.addr(self.family))
        body, proto = self.gre()[:self.limit], GRE
        if self.family == 4:
            if self.pieces is None:
                return [ipv4(src, dst, proto, body, **self.ip)]
            return [ipv4(src, dst, proto, body[at:to], ident=self.number & 0xffff, df=False,
                         mf=to < len(body), frag=at // 8) for at, to in self.spans(body)]
        for header in reversed(self.exts):
            body, proto = header(proto) + body, header.proto
        if self.pieces is None:
            return [ipv6(src, dst, proto, body, **self.ip)]
        return [ipv6(src, dst, FRAGMENT, frag_ext(proto, at // 8, to < len(body), self.number) +
                     body[at:to]) for at, to in self.spans(body)]

    def spans(self, body):
        ends = [0, *self.pieces, len(body)]
        return list(zip(ends, ends[1:]))

    def build(self):
        out = []
        for packet in self.packets():
            proto = ETH_P_IP if self.family == 4 else ETH_P_IPV6
            for tpid, tci in reversed(self.tags):
                packet, proto = vlan(tci, proto, packet), tpid
            out.append(eth(MAC_A, mac(VM.station()), proto, packet + self.trailer))
        return out

    def unseen(self):
        """Why no rule sees it; None: one has to."""
        front = len(self.frames[0]) - len(self.inner()) - len(self.trailer)
        for why, is_so in ((self.blind, self.blind), ("fragments", self.pieces),
                           ("tags", len(self.tags) > TAGS),
                           ("beyond 256 bytes",
                            front + 14 + 4 * min(len(self.inner_tags), TAGS) > HEADERS),
                           ("C or S", self.flags & (C | S)), ("no key", not self.flags & K),
                           ("no Ethernet in it", self.proto != ETH_P_TEB)):
            if is_so:
                return why
        return None


class Ext:
    """An IPv6 extension header, made when it is known what follows."""

    def __init__(self, proto, make):
        self.proto, self.make = proto, make

    def __call__(self, following):
        return self.make(following)


def options(kind, size=6):
    """Hop-by-hop or destination options of SIZE bytes, unknown ones that are skipped."""
    body = b"".join(bytes([0x1e, min(size - at, 256) - 2]) + bytes(min(size - at, 256) - 2)
                    for at in range(0, size, 256))
    return Ext(kind, lambda proto: ext(proto, body))


def atomic(bits=0, reserved=0):
    return Ext(FRAGMENT, lambda proto: struct.pack("!BBHI", proto, reserved, bits, 7))


def routing(kind, left, *addresses):
    return Ext(ROUTING, lambda proto: routing_ext(proto, kind, left, [addr(a) for a in addresses]))


# ---- the three ways ----

def send(spoofs):
    """Send them all from the VM's queue, and wait until each has been sent or refused."""
    seen, sent = Watch(PAIR.b), 0
    frames = [frame for spoof in spoofs for frame in spoof.frames]
    for at in range(0, len(frames), CHUNK):
        for frame in frames[at:at + CHUNK]:
            SEND.send(frame)
            sent += 1
        wait_for(lambda: seen.tx("requests") >= sent, "the frames to be sent or refused")
    return seen


def delivered(spoofs):
    """Those whose inner frame the kernel delivers."""
    mine = lambda f: f[6:12] == VICTIM
    ears = [Listener(f"n{family}{number}", ns=PAIR.a.ns, match=mine)
            for family in (4, 6) for number in (*ENDS, EXTERNAL)]
    PAIR.b.set_priv_flag("vmq-spoof-check", False)
    last = [Spoof("last", family, number, flags=K | {CSUM: C, SEQ: S}.get(number, 0))
            for family in (4, 6) for number in (*ENDS, EXTERNAL) if number != KEYLESS]
    last += [Spoof("last", family, KEYLESS, flags=0) for family in (4, 6)]
    send(spoofs + last)
    got = set()
    wanted = {spoof.number for spoof in last}

    def take():
        for ear in ears:
            for frame in ear.drain():
                at = frame.find(MAGIC) + len(MAGIC)
                short = at < len(MAGIC) or at + 8 > len(frame)
                got.add(int.from_bytes(frame[1:4] if short else frame[at:at + 8], "big"))
        return wanted <= got
    wait_for(take, "a plain frame to every tunnel")
    for ear in ears:
        ksft_eq(ear.lost(), 0, "frames that a listener lost")
        ear.close()
    PAIR.b.set_priv_flag("vmq-spoof-check", True)
    return [spoof for spoof in spoofs if spoof.number in got]


def arriving(spoofs):
    """Those of which every frame arrives at the other port."""
    ear = Listener("nvn0", ns=PAIR.a.ns, match=lambda f: f[6:12] == mac(VM.station()))
    seen = send(spoofs)
    got = {bytes(frame) for frame in ear.drain()}
    ksft_eq(ear.lost(), 0, "frames that the listener lost")
    ear.close()
    return [spoof for spoof in spoofs if got.issuperset(spoof.frames)], len(got), seen


def judge(spoofs, least=1):
    """Nothing that the kernel delivers escapes the check, or a rule that ought to see it."""
    told = delivered(spoofs)
    frames = sum(len(spoof.frames) for spoof in spoofs)
    past, arrived, seen = arriving(spoofs)
    ksft_eq(seen.tx("drop_spoof"), frames - arrived, "counted as refused")
    PAIR.b.set_priv_flag("vmq-spoof-check", False)
    rules = [add_rule(PAIR.a, f"ether user-def {vsid} action -1", 20 + vsid) for vsid in (0, VSID)]
    unruled, arrived, _ = arriving(spoofs)
    for rule in rules:
        PAIR.a.cmd(f"ethtool -N nvn0 delete {rule}")
    PAIR.b.set_priv_flag("vmq-spoof-check", True)
    unseen = collections.Counter(spoof.unseen() for spoof in told if spoof in unruled)
    missed = [spoof.name for spoof in told if spoof in unruled and not spoof.unseen()]
    ksft_pr(f"{len(spoofs)} spoofed: {len(told)} delivered, {len(spoofs) - len(past)} refused, "
         f"{len(spoofs) - len(unruled)} dropped by the rule; delivered past the rule: "
         f"{ {why: n for why, n in unseen.items() if why} }")
    ksft_ge(len(told), least, "delivered by the kernel")
    ksft_eq([spoof.name for spoof in told if spoof in past], [],
            "delivered by the kernel, and not refused")
    ksft_eq(missed, [], "delivered by the kernel, and not seen by the rule")


# ---- cases ----

FAMILIES = (4, 6)


@ksft_variants([*FAMILIES])
def flags(family):
    """Each bit of the flags alone, with the key and without, each pair, and each version."""
    bits = [1 << n for n in range(16)]
    values = {K, 0, *bits, *(K | bit for bit in bits), *range(8), *(K | n for n in range(8)),
              *(K | a | b for a in bits for b in bits)}
    judge([Spoof(f"flags {value:#06x}", family, EXTERNAL, flags=value)
           for value in sorted(values)] +
          [Spoof(f"flags {value:#06x} to a tunnel of its own", family, number, flags=value)
           for number in (PLAIN, CSUM, SEQ, KEYLESS) for value in sorted(values)
           if not value & 0x4007], least=9)


@ksft_variants([*FAMILIES])
def protocols(family):
    """Whatever GRE holds: ERSPAN, whose session Linux takes for the key, too."""
    def erspan(version):
        head = struct.pack("!HHI", version << 12, KEY, 0)
        return head + (bytes(8) if version == 2 else b"")

    # Well-formed IP, and Ethernet to a tunnel that asks for no protocol
    spoofs = [Spoof("plain", family),
              Spoof("IPv4", family, EXTERNAL, proto=ETH_P_IP, start=bytes([0x45, 0, 0, 60, 0, 0])),
              Spoof("IPv6", family, EXTERNAL, proto=ETH_P_IPV6,
                    start=bytes([0x60, 0, 0, 0, 0, 20]))]
    for proto in (0, ETH_P_IP, ETH_P_IPV6, ETH_P_8021Q, 0x8847, ETH_P_PPP, ETH_P_WCCP, 0x00fe,
                  0x2000, ETH_P_TEST, 0xffff):
        spoofs += [Spoof(f"protocol {proto:#06x}, flags {value:#06x}", family, number,
                         proto=proto, flags=value)
                   for value in (0, K, K | S) for number in (PLAIN, ROUTED, EXTERNAL)]
    for proto, version in ((ETH_P_ERSPAN, 1), (ETH_P_ERSPAN2, 2), (ETH_P_ERSPAN, 0),
                           (ETH_P_ERSPAN2, 1)):
        spoofs += [Spoof(f"ERSPAN {proto:#06x} version {version}, flags {value:#06x}", family,
                         number, proto=proto, front=erspan(version), flags=value, key=KEY)
                   for value in (0, S, K, K | S) for number in (PLAIN, SEQ, KEYLESS, EXTERNAL)]
    judge(spoofs)


@ksft_variants([*FAMILIES])
def keys(family):
    """Any FlowID; no key at all is 0 to some tunnels."""
    judge([Spoof(f"FlowID {flowid}", family, EXTERNAL, key=vsid << 8 | flowid)
           for vsid in (0, VSID) for flowid in (0, 1, 0x80, 0xff)] +
          [Spoof(f"no key for {number}", family, number, flags=value)
           for number in (PLAIN, KEYLESS, EXTERNAL) for value in (0, 0x0800, C, S)] +
          [Spoof("key 0", family, number, key=0) for number in (KEYLESS, EXTERNAL)], least=8)


@ksft_case
def extensions():
    """IPv6 extension headers in front of GRE."""
    local = PAIR.a.v6
    chains = {
        "hop-by-hop": [options(HOPOPTS)],
        "destination options": [options(DSTOPTS)],
        "many": [options(HOPOPTS), options(DSTOPTS), routing(0, 0, local), options(DSTOPTS)],
        "hop-by-hop of 180 bytes": [options(HOPOPTS, 180)],
        "options beyond 256 bytes": [options(DSTOPTS, 200)],
        "options far beyond 256 bytes": [options(HOPOPTS, 1000)],
        "hop-by-hop, not the first": [options(DSTOPTS), options(HOPOPTS)],
        "authentication": [Ext(AUTH, lambda p: struct.pack("!BBHII", p, 4, 0, 1, 1) + bytes(12))],
        "atomic fragment": [atomic()],
        "atomic fragment, reserved bits": [atomic(6, 0xff)],
        "atomic fragment, then options": [atomic(), options(DSTOPTS)],
        "options, then an atomic fragment": [options(HOPOPTS), options(DSTOPTS), atomic()],
        "two atomic fragments": [atomic(), atomic()],
        "first fragment of more": [atomic(1)],
        **{f"routing header {kind}, {left} left": [routing(kind, left, local)]
           for kind in (0, 2, 3, 4, 5, 253) for left in (0, 1)},
        **{f"routing header {kind} and an atomic fragment": [routing(kind, 0, local), atomic()]
           for kind in (0, 2, 3, 4)},
    }
    judge([Spoof(name, 6, exts=exts, blind="routing header" if "1 left" in name else None)
           for name, exts in chains.items()], least=8)


@ksft_variants([*FAMILIES])
def lengths(family):
    """The IP length says less than is there, or more, or 0; bytes behind the packet."""
    whole = len(Spoof("whole", family).frames[0]) - 14
    spoofs = []
    if family == 4:
        spoofs += [Spoof(f"total length {total}", 4, ip={"total": total})
                   for total in (0, 1, 19, 20, 24, 28, 41, 42, whole - 1, whole, whole + 1, 65535)]
        spoofs += [Spoof(f"IHL {ihl}", 4, ip={"ihl": ihl}) for ihl in range(16)]
        spoofs += [Spoof(f"options of {size} bytes", 4, ip={"options": bytes([1] * size)})
                   for size in (4, 20, 40)]
        route = bytes([1, 131, 7, 4]) + addr(PAIR.a.v4)
        used = route[:3] + b"\x08" + route[4:]
        spoofs += [Spoof("source route", 4, ip={"options": route}),
                   Spoof("source route, used up", 4, ip={"options": used})]
    else:
        for exts in ((), (options(HOPOPTS),), (options(DSTOPTS),), (options(HOPOPTS), atomic()),
                     (options(HOPOPTS), options(DSTOPTS))):
            real = len(Spoof("real", 6, exts=exts).frames[0]) - 54
            spoofs += [Spoof(f"payload length {length} of {real}, {len(exts)} headers", 6,
                             exts=exts, ip={"length": length})
                       for length in (0, 1, 4, 8, 12, 22, real - 30, real - 1, real, real + 1,
                                      65535)]
        jumbo = Ext(HOPOPTS, lambda p: bytes([p, 0, 0xc2, 4]) + struct.pack("!I", 66000))
        spoofs.append(Spoof("jumbogram", 6, exts=(jumbo,), ip={"length": 0}))
        spoofs.append(Spoof("length 0, bytes behind", 6, exts=(options(HOPOPTS),), trailer=bytes(9),
                            ip={"length": 0}))
    spoofs += [Spoof(f"{size} bytes behind", family, trailer=bytes(size)) for size in (1, 4, 600)]
    spoofs += [Spoof(f"cut to {limit} bytes of GRE", family, limit=limit)
               for limit in (0, 3, 4, 7, 8, 13, 20, 21, 22, 25, 38)]
    judge(spoofs, least=5)


@ksft_case
def fragments():
    """Put together by the receiver; each piece is refused, or at least one."""
    spoofs = [Spoof(f"fragments at {pieces}", family, pieces=pieces, exts=exts)
              for family, exts in ((4, ()), (6, ()), (6, (options(DSTOPTS),)))
              for pieces in ((8,), (16,), (8, 16), (8, 16, 24, 32))]
    spoofs += [Spoof(f"flags of the fragment {df} {mf}", 4, ip={"df": df, "mf": mf})
               for df in (0, 1, 2, 3) for mf in (0, 1)]
    judge(spoofs, least=4)


@ksft_variants([*FAMILIES])
def tags(family):
    """VLAN 0 is no VLAN, however often; tags inside."""
    some = [(tpid, tci) for tpid in (ETH_P_8021Q, ETH_P_8021AD) for tci in (0, 0xe000, 5)]
    stacks = [(), *((tag,) for tag in some), *itertools.product(some[:3], repeat=2),
              (some[0],) * 3, (some[0],) * 4, (some[0],) * 9, (some[3], some[0], some[1])]
    judge([Spoof(f"tags {stack}", family, tags=stack) for stack in stacks] +
          [Spoof(f"tags inside {stack}", family, inner_tags=stack) for stack in stacks], least=5)


class Nested(Spoof):
    """GRE that holds IP, or Ethernet with IP, that holds the victim's NVGRE."""

    def __init__(self, outside, number, carrier, **parts):
        self.outside, self.through, self.carrier = outside, number, carrier
        super().__init__(f"in IPv{outside} {carrier.__name__}, {parts}",
                         blind="a tunnel in a tunnel", **parts)

    def build(self):
        packet, = self.packets()
        src, dst = addr(source(self.outside, self.through)), addr(PAIR.a.addr(self.outside))
        return [eth(MAC_A, mac(VM.station()), ip_type(src),
                    ip(src, dst, GRE, self.carrier(packet)))]


@ksft_variants([*FAMILIES])
def tunnels(family):
    """A tunnel that lies in another one is not looked into, and so not sent."""
    to = PAIR.a.cmd(f"cat /sys/class/net/n{family}{EXTERNAL}/address").stdout.strip()

    def ip_type_of(packet):
        return ETH_P_IP if packet[0] >> 4 == 4 else ETH_P_IPV6

    def ip_in_gre(packet):
        return gre(ip_type_of(packet), packet)

    def nvgre(packet):
        return gre(ETH_P_TEB, eth(mac(to), PEER, ip_type_of(packet), packet), key=77 << 8)
    inside = ({}, {"family": 6}, {"flags": K | 0x0100}, {"ip": {"options": bytes([1] * 8)}},
              {"family": 6, "exts": (atomic(),)})
    judge([Nested(family, number, carrier, **parts)
           for carrier, number in ((ip_in_gre, ROUTED), (nvgre, EXTERNAL)) for parts in inside],
          least=4)


MUTATIONS = (
    lambda rng, parts: parts.update(flags=parts["flags"] | rng.choice((1 << rng.randrange(16),
                                                                       rng.randrange(0x1000)))),
    lambda rng, parts: parts.update(flags=parts["flags"] & ~K),
    lambda rng, parts: parts.update(key=rng.choice((0, KEY, KEY | rng.randrange(256)))),
    lambda rng, parts: parts.update(sender=rng.choice((*ENDS, EXTERNAL))),
    lambda rng, parts: parts.update(tags=[(rng.choice((ETH_P_8021Q, ETH_P_8021AD)), 0)
                                          for _ in range(rng.randrange(5))]),
    lambda rng, parts: parts.update(inner_tags=[(ETH_P_8021Q, rng.randrange(0x10000))
                                                for _ in range(rng.randrange(4))]),
    lambda rng, parts: parts.update(trailer=bytes(rng.randrange(64))),
    lambda rng, parts: parts["exts"].append(rng.choice(
        (options(HOPOPTS, rng.randrange(2, 120)), options(DSTOPTS, rng.randrange(2, 60)), atomic(),
         atomic(rng.choice((2, 4, 6)), 9), routing(rng.choice((0, 2, 4, 9)), 0, "fd09::1")))),
    lambda rng, parts: parts["ip"].update({"options": bytes([1] * 4 * rng.randrange(1, 11))}
                                          if parts["family"] == 4 else
                                          {"length": rng.choice((0, rng.randrange(300)))}),
    lambda rng, parts: parts.update(pieces=[8 * rng.randrange(1, 6)]),
    lambda rng, parts: parts.update(proto=rng.choice((ETH_P_TEB, ETH_P_ERSPAN, ETH_P_IP)),
                                    front=bytes([0x10, 0, VSID, 0]) + bytes(4)),
)


def random_spoof(rng):
    parts = {"family": rng.choice(FAMILIES), "sender": PLAIN, "flags": K, "exts": [], "ip": {}}
    for _ in range(rng.choice((1, 1, 2, 2, 3, 4))):
        rng.choice(MUTATIONS)(rng, parts)
    if parts["family"] == 4:
        parts["exts"] = []
    if "pieces" in parts:
        parts["ip"] = {}
    # First, or the kernel does not look at it
    parts["exts"].sort(key=lambda header: header.proto != HOPOPTS)
    return Spoof(f"random {parts}", **parts)


@ksft_case
def at_random():
    rng = random.Random(SEED)
    ksft_pr(f"seed {SEED}")
    judge([random_spoof(rng) for _ in range(FRAMES)], least=FRAMES // 20)


@ksft_case
def innocent():
    """What is in nobody's name is sent, and no rule sees it: other identities, other
    protocols, flags or not."""
    other = mac("02:aa:00:00:00:77")
    src, dst = addr("10.3.0.1"), addr(PAIR.a.v4)
    src6, dst6 = addr("fd03::1"), addr(PAIR.a.v6)
    inner = eth(PEER, other, ETH_P_TEST, bytes(40), pad=False)
    packets = [ipv4(src, dst, UDP, udp(src, dst, 1, 2, bytes(30))),
               ipv4(src, dst, TCP, tcp(src, dst, 1, 2, bytes(30))),
               ipv4(src, dst, UDP, bytes(40), df=False, mf=True),
               ipv6(src6, dst6, FRAGMENT, frag_ext(UDP, 0, 1) + bytes(40)),
               ipv6(src6, dst6, FRAGMENT, frag_ext(UDP, 0, 0) + udp(src6, dst6, 1, 2, bytes(9))),
               ipv6(src6, dst6, HOPOPTS, ext(ICMP6) + bytes(40))]
    packets += [ip(a, b, GRE, gre(ETH_P_TEB, inner, key=(VSID + 1) << 8, flags=bits))
                for a, b in ((src, dst), (src6, dst6)) for bits in (0, 0x0800, 0x0ff8, 0x0080)]
    packets += [ip(a, b, GRE, gre(ETH_P_TEB, eth(PEER, VICTIM, ETH_P_TEST, bytes(40), pad=False),
                                  key=(VSID + 1) << 8)) for a, b in ((src, dst), (src6, dst6))]
    packets += [ip(a, b, GRE, gre(ETH_P_IP, packets[0], key=KEY)) for a, b in ((src, dst),
                                                                             (src6, dst6))]
    frames = [eth(MAC_A, mac(VM.station()), ETH_P_IP if p[0] >> 4 == 4 else
                  ETH_P_IPV6, p + struct.pack("!H", n)) for n, p in enumerate(packets)]
    frames.append(eth(MAC_A, mac(VM.station()), ETH_P_TEST, bytes(50)))
    add_rule(PAIR.a, f"ether user-def {VSID} action -1", 20)
    ear = Listener("nvn0", ns=PAIR.a.ns, match=lambda f: f[6:12] == mac(VM.station()))
    for frame in frames:
        SEND.send(frame)
    ksft_eq([bytes(f).hex() for f in ear.exactly(len(frames))], [f.hex() for f in frames],
            "frames that arrive")


ksft_run(setup)
