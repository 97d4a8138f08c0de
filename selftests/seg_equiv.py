#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# timeout: 400
"""The device segments as the kernel does: every byte of every frame.

The same super-frames, made by hand, go through the same interfaces four times:
cut by the device (native), by the device with the outer headers made by the
stack (partial), by the stack with the device's checksums (csum), and by the
stack alone (software). What the wire tap sees must be equal, but for the outer
IPv4 ID that the stack draws for each super-frame; that one must count. A
segmenter in Python (lib/frames.py), written from the rules, is the third
opinion, and the counters tell who really did the work.

Copyright (C) 2026 nvnic contributors
"""

import functools
import random
import struct

from lib.frames import (ACK, CWR, DSTOPTS, ECE, ETH_P_8021AD, ETH_P_8021Q, FIN, HOPOPTS, ICMP6,
                        MIN_FRAME, PSH, ROUTING, TCP, UDP, BadFrame, Listener, Sender, addr,
                        dissect, eth, ext, good_sum, hexdiff, ip_type, ipv4, ipv6, layer, mac,
                        routing_ext, segment, tcp, udp, vlan)
from lib.hwstats import Watch, by_queue
from lib.ktap import ksft_case, ksft_eq, ksft_ge, ksft_run, ksft_true, ksft_variants
from lib.nvnic import WIRE, Pair
from lib.shell import cmd, defer, undo, undo_depth

PAIR = None
TAP = None
GROUPS = {}
CSUM_TUNNELS = set()
RECORDS = {}
BATCH = []
UNDO = []

DATA = random.Random(5).randbytes(1 << 17)
# What fits below 64 KiB with any of the encapsulations around it
LARGE = 65535 - 14 - 4 - 48 - 16 - 14 - 40 - 32

SEGMENT = ("tx_tcp_segmentation", "tx_tcp6_segmentation", "tx_tcp_ecn_segmentation",
           "tx_tcp_mangleid_segmentation", "tx_gre_segmentation", "tx_gre_csum_segmentation",
           "tx_udp_segmentation")
MODES = {
    "native": {},
    "partial": {},
    "csum": dict.fromkeys(SEGMENT, False),
    "software": dict.fromkeys(SEGMENT + ("tx_checksum_ip_generic",), False),
}

KINDS = ("gretap", "ip6gretap", "gre", "ip6gre")
TUNNELS = [(kind, key, csum, vlan) for kind in KINDS for key in (False, True)
           for csum in (False, True) for vlan in (False, True)]

TCP_FLAGS = (ACK, ACK | PSH, ACK | FIN | PSH, ACK | CWR, ACK | ECE, ACK | PSH | FIN | CWR | ECE)
TIMESTAMP = bytes([1, 1, 8, 10]) + bytes(range(8))


# The stack's segmenting with the device's checksums is no offload of its own:
# a sample is enough.
WITH_CSUM = ("plain", "plain.vlan", "shapes", "limits", "routing", "gretap.key", "ip6gretap.csum",
             "gre.key.csum", "ip6gre", "tunnel-shapes")


def plan(mss):
    """What is sent through each flow: (payload bytes, TCP flags, IPv4 ID)."""
    yield 1, ACK | PSH, 1
    yield mss - 1, ACK, 2
    yield mss, ACK | PSH, 3
    yield mss + 1, ACK | PSH | FIN, 0xffff
    yield 2 * mss, ACK | PSH | CWR, 5
    for flags in TCP_FLAGS:
        yield 3 * mss - 1, flags, 0xfffe
    yield LARGE, ACK | PSH | CWR | ECE, 0xfff0


class Flow:
    """A stream of packets of one shape into one interface.

    @l2: the interface takes Ethernet frames, with @tags in them. @exts: first
    header and bytes between IPv6 header and L4. @l4_dst: the destination that
    L4 is summed for. @by: who is to cut it in native mode, "device" or "stack",
    or None if it does not matter.
    """

    def __init__(self, name, dev, family, l4, *, l2=True, tunnel=False, mss=1300, tags=(),
                 options=b"", ip_options=b"", exts=None, l4_dst=None, sends=None, tweak=None,
                 by="device"):
        self.name, self.dev, self.family, self.l4, self.l2 = name, str(dev), family, l4, l2
        self.tunnel, self.mss, self.tags, self.tweak, self.by = tunnel, mss, tags, tweak, by
        self.options, self.ip_options, self.exts = options, ip_options, exts
        self.sends = list(sends or plan(mss))
        if l4 == UDP:
            self.sends = list({size: (size, 0, ident) for size, _, ident in self.sends}.values())
        self.src = addr("10.1.0.1" if family == 4 else "fd01::1")
        self.dst = addr("10.1.0.2" if family == 4 else "fd01::2")
        self.l4_dst = l4_dst or self.dst
        self.proto = 0 if l2 else ip_type(self.src)

    def build(self, size, flags, ident, check="seed"):
        payload = DATA[ident % 1000:][:size]
        if self.tweak:
            payload = self.tweak(self, payload, flags, ident)
        if self.l4 == TCP:
            l4 = tcp(self.src, self.l4_dst, 40000, 5001, payload, seq=0xffffff00, ack=7,
                     flags=flags, options=self.options, check=check)
        else:
            l4 = udp(self.src, self.l4_dst, 40000, 5001, payload, check=check)
        if self.family == 4:
            packet = ipv4(self.src, self.dst, self.l4, l4, ident=ident, options=self.ip_options,
                          tos=3 if flags & CWR else 0)
        else:
            first, between = self.exts or (self.l4, b"")
            packet = ipv6(self.src, self.dst, first, between + l4, flow=0x12345)
        if not self.l2:
            return packet
        proto = ip_type(self.src)
        for tpid, tci in reversed(self.tags):
            packet, proto = vlan(tci, proto, packet), tpid
        return eth(PEER_MAC, OWN_MAC, proto, packet, pad=False)


def group(name, *flows):
    GROUPS[name] = flows


def tunnel_name(kind, key, csum, tagged):
    words = (("key", key), ("csum", csum), ("vlan", tagged))
    return ".".join([kind] + [word for word, on in words if on])


def make_underlay():
    """Routes and neighbours for the remote ends, plain and behind a VLAN device."""
    BATCH.extend(("link add link nvn0 name nvn0.5 type vlan id 5",
                  "addr add 10.9.5.1/24 dev nvn0.5", "addr add fd09:5::1/64 dev nvn0.5 nodad",
                  "link set nvn0.5 up"))
    UNDO.append("link del nvn0.5")
    for over_vlan, dev in enumerate(("nvn0", "nvn0.5")):
        BATCH.append(f"route add 10.7{over_vlan}.0.0/24 dev {dev}")
        BATCH.append(f"route add fd7{over_vlan}::/64 dev {dev}")
        for n in range(1, 65):
            for remote in (f"10.7{over_vlan}.0.{n}", f"fd7{over_vlan}::{n:x}"):
                BATCH.append(f"neigh add {remote} lladdr {PEER_MAC.hex(':')} dev {dev}")


def make_interfaces():
    """Carry out what the functions above have planned, in one go."""
    cmd("ip -batch -", stdin="\n".join(BATCH) + "\n")
    BATCH.clear()


def make_tunnel(number, kind, key, csum, over_vlan, options=""):
    """A tunnel of which only the near end exists."""
    dev = f"g{number}"
    six = kind.startswith("ip6")
    local = ("fd09:5::1" if over_vlan else "fd09::1") if six else \
        ("10.9.5.1" if over_vlan else "10.9.0.1")
    remote = f"fd7{over_vlan:d}::{number + 1:x}" if six else f"10.7{over_vlan:d}.0.{number + 1}"
    words = (["key", str(5000 << 8 | number)] if key else []) + (["csum"] if csum else [])
    CSUM_TUNNELS.update({dev} if csum else ())
    BATCH.append(f"link add {dev} type {kind} local {local} remote {remote} "
                 f"{' '.join(words)} {options}")
    BATCH.append(f"link set {dev} up")
    UNDO.append(f"link del {dev}")
    return dev


def tunnel_flows(dev, kind, odd, over_vlan):
    l2 = kind.endswith("tap")
    for family in (4, 6):
        for l4 in (TCP, UDP):
            mss = 1301 if odd ^ (family == 4) else 1300
            yield Flow(f"{'tcp' if l4 == TCP else 'udp'}{family}", dev, family, l4, l2=l2,
                       tunnel=True, mss=mss, options=TIMESTAMP if odd else b"",
                       sends=few(mss) if over_vlan else plan(mss))


def few(mss):
    """A short plan for the odd shapes."""
    return [(1, ACK, 1), (mss + 1, ACK | PSH, 0xffff), (5 * mss, ACK | PSH | FIN, 9)]


def zero_in_second(flow, payload, flags, ident):
    """Payload that gives the second segment the checksum 0."""
    if len(payload) <= flow.mss:
        return payload
    at = flow.mss + 100
    payload = payload[:at] + bytes(2) + payload[at + 2:]
    flow.tweak = lambda *args: payload
    second = segment(flow.build(len(payload), flags, ident), flow.mss)[1]
    flow.tweak = zero_in_second
    l4 = layer(dissect(second), "tcp", "udp")
    field = l4.off + (16 if flow.l4 == TCP else 6)
    return payload[:at] + second[field:field + 2] + payload[at + 2:]


def make_plain():
    for tagged, dev in enumerate(("nvn0", "nvn0.5")):
        group("plain.vlan" if tagged else "plain", *[
            Flow(f"{name}{family}", dev, family, l4, mss=1301 if tagged else 1300,
                 options=b"" if tagged else TIMESTAMP)
            for family in (4, 6) for name, l4 in (("tcp", TCP), ("udp", UDP))])
    two = ((ETH_P_8021AD, 7), (ETH_P_8021Q, 8))
    group("shapes",
          Flow("ip-options", "nvn0", 4, TCP, ip_options=bytes([148, 4, 0, 0]), sends=few(1300)),
          Flow("ip-options-max", "nvn0", 4, UDP, ip_options=bytes([1] * 40), sends=few(1300)),
          Flow("tcp-options-max", "nvn0", 6, TCP, options=bytes([1] * 40), sends=few(1300)),
          Flow("ext-headers-tcp", "nvn0", 6, TCP, exts=(HOPOPTS, ext(DSTOPTS) + ext(TCP)),
               sends=few(1300)),
          Flow("ext-headers-udp", "nvn0", 6, UDP, exts=(HOPOPTS, ext(DSTOPTS) + ext(UDP)),
               sends=few(1300)),
          Flow("tag-in-frame", "nvn0", 4, TCP, tags=((ETH_P_8021Q, 7),), sends=few(1300)),
          Flow("tag-in-frame6", "nvn0", 6, UDP, tags=((ETH_P_8021Q, 7),), sends=few(1300)),
          Flow("two-tags", "nvn0", 6, TCP, tags=two, sends=few(1300), by=None),
          Flow("two-tags-udp", "nvn0", 4, UDP, tags=two, sends=few(1300), by=None),
          Flow("mss-8", "nvn0", 4, TCP, mss=8, sends=[(2000, ACK | PSH, 0xff80)]),
          Flow("mss-9-udp", "nvn0", 4, UDP, mss=9, sends=[(9 * 100 + 1, ACK, 0xff80)]),
          Flow("udp-checksum-0", "nvn0", 4, UDP, tweak=zero_in_second, sends=few(1300)),
          Flow("udp6-checksum-0", "nvn0", 6, UDP, tweak=zero_in_second, sends=few(1300)))
    # 64 KiB in all is the first size that the stack keeps to itself.
    group("limits",
          Flow("64k-1", "nvn0", 4, TCP, sends=[(65535 - 54, ACK, 1)]),
          Flow("64k", "nvn0", 4, TCP, sends=[(65536 - 54, ACK, 1)], by="stack"),
          Flow("64k-1-udp6", "nvn0", 6, UDP, sends=[(65535 - 62, 0, 1)]),
          Flow("headers-254", "nvn0", 6, TCP, exts=(DSTOPTS, ext(TCP, bytes(174))),
               options=bytes([1] * 4), mss=1100, sends=few(1100)),
          Flow("headers-258", "nvn0", 6, TCP, exts=(DSTOPTS, ext(TCP, bytes(174))),
               options=bytes([1] * 8), mss=1100, sends=few(1100), by="stack"),
          Flow("headers-302-udp", "nvn0", 6, UDP, exts=(DSTOPTS, ext(UDP, bytes(238))),
               mss=1100, sends=few(1100), by="stack"))
    # Behind a routing header TCP is summed for where it ends.
    via, end = addr("fd01::2"), addr("fd01::ffff")
    chain = ext(DSTOPTS) + ext(ROUTING)
    group("routing",
          *[Flow(name, "nvn0", 6, TCP, exts=(first, before + routing_ext(TCP, kind, left, (at,))),
                 l4_dst=sum_for, mss=1200, sends=few(1200), by=by)
            for name, kind, left, at, sum_for, by, first, before in (
                ("done", 0, 0, end, via, "device", ROUTING, b""),
                ("chain", 0, 0, end, via, "device", HOPOPTS, chain),
                ("srh", 4, 1, end, end, None, ROUTING, b""),
                ("mobile", 2, 1, end, end, None, ROUTING, b""),
                ("unknown", 9, 1, end, end, None, ROUTING, b""))])


def make_tunnel_shapes():
    tap = make_tunnel(60, "gretap", True, False, False)
    six = make_tunnel(61, "ip6gretap", True, True, False, "encaplimit none")
    group("tunnel-shapes",
          Flow("inner-tag", tap, 4, TCP, tunnel=True, tags=((ETH_P_8021Q, 9),), sends=few(1300),
               by=None),
          Flow("inner-two-tags", tap, 6, TCP, tunnel=True,
               tags=((ETH_P_8021AD, 9), (ETH_P_8021Q, 8)), sends=few(1300), by=None),
          Flow("inner-ext-headers", tap, 6, TCP, tunnel=True, exts=(DSTOPTS, ext(TCP)),
               sends=few(1300)),
          Flow("inner-ip-options", tap, 4, UDP, tunnel=True, ip_options=bytes([1] * 8),
               sends=few(1300)),
          Flow("no-encap-limit", six, 4, TCP, tunnel=True, sends=few(1300)),
          Flow("no-encap-limit6", six, 6, UDP, tunnel=True, sends=few(1300)),
          Flow("inner-mss-8", tap, 4, TCP, tunnel=True, mss=8, sends=[(2000, ACK | PSH, 0xff80)]),
          Flow("inner-udp-checksum-0", tap, 4, UDP, tunnel=True, tweak=zero_in_second,
               sends=few(1300)))


def ours(frame):
    """From one port to the other, and no neighbour discovery."""
    at = 18 if frame[12:14] == b"\x81\x00" else 14
    kind = frame[at - 2:at]
    return frame[:12] == PEER_MAC + OWN_MAC and kind != b"\x08\x06" and \
        not (kind == b"\x86\xdd" and frame[at + 6] == ICMP6)


def setup():
    global PAIR, TAP, OWN_MAC, PEER_MAC
    PAIR = Pair(ns_a=None)
    OWN_MAC, PEER_MAC = mac(PAIR.a.mac()), mac(PAIR.b.mac())
    default = "/proc/sys/net/ipv6/conf/default/disable_ipv6"
    defer(lambda: cmd("ip -force -batch -", stdin="\n".join(reversed(UNDO)) + "\n", fail=False))
    make_underlay()
    make_interfaces()
    make_plain()
    for number, row in enumerate(TUNNELS):
        dev = make_tunnel(number, *row)
        group(tunnel_name(*row), *tunnel_flows(dev, row[0], (number >> 1) & 1, row[3]))
    make_tunnel_shapes()
    with open(default, "w") as knob:
        knob.write("1")
    try:
        make_interfaces()
    finally:
        with open(default, "w") as knob:
            knob.write("0")
    cmd(f"ip link set {WIRE} up")
    defer(cmd, f"ip link set {WIRE} down", fail=False)
    TAP = Listener(WIRE, match=ours)


# ---- sending and recording ----

def record_group(flows):
    """Send all of a group. Returns ({(flow, send): frames}, counters of the device)."""
    seen = Watch(PAIR.a)
    got = {}
    for flow in flows:
        sender = Sender(flow.dev, vnet=True, proto=flow.proto)
        for send in flow.sends:
            size = send[0]
            frame = flow.build(*send)
            sender.send_super(frame, flow.mss, l2=flow.l2)
            got[flow, send] = TAP.take(max(1, -(-size // flow.mss)))
        sender.close()
    extra = TAP.drain()
    if extra:
        got[flow, send] += extra
    ksft_eq(TAP.lost(), 0, "frames lost by the capture itself")
    return got, seen.delta()


def name_in(mode, name):
    """Is a group sent in a mode?"""
    if mode == "partial":
        return GROUPS[name][0].tunnel
    return mode != "csum" or name in WITH_CSUM


def record(mode, name):
    """Send a group in a mode, once, and the others with it: switching is slow."""
    if (mode, name) in RECORDS:
        return
    todo = [n for n in GROUPS if (mode, n) not in RECORDS and name_in(mode, n)]
    depth = undo_depth()
    PAIR.a.set_features(**{f: True for f in SEGMENT + ("tx_checksum_ip_generic",)} | MODES[mode])
    PAIR.a.set_priv_flag("gre-gso-partial", mode == "partial")
    try:
        for name in todo:
            RECORDS[mode, name] = record_group(GROUPS[name])
    finally:
        for error in undo(depth):
            raise error


# ---- looking at what was recorded ----

def outer_at(frame):
    return 18 if frame[12:14] == b"\x81\x00" else 14


def normal(frames, flow):
    """Frames with the outer IPv4 ID counted from 0; it must step by one where one packet
    has gone through the tunnel. Of many, cut before it, each takes an ID from a
    generator that skips some as time passes."""
    if not flow.tunnel or not frames or frames[0][outer_at(frames[0])] >> 4 != 4:
        return [bytes(f) for f in frames]
    at = outer_at(frames[0])
    first = int.from_bytes(frames[0][at + 4:at + 6], "big")
    out = []
    for n, frame in enumerate(frames):
        ksft_true(good_sum(frame[at:at + 20]), f"frame {n}: outer IPv4 checksum is wrong")
        ident = int.from_bytes(frame[at + 4:at + 6], "big")
        if flow.by:
            ksft_eq((ident - first) & 0xffff, n, "step of the outer IPv4 ID")
        out.append(frame[:at + 4] + n.to_bytes(2, "big") + frame[at + 6:at + 10] + b"\0\0" +
                   frame[at + 12:])
    return out


def inner_part(frame, flow):
    """The part of a wire frame that is the packet the flow has made."""
    layers = dissect(frame)
    if not flow.tunnel:
        return bytes(frame)
    g = layer(layers, "gre")
    return bytes(frame[g.off + g.hlen:])


def check_rules(flow, send, frames):
    """Each frame's own lengths and checksums, and the rules of segmentation."""
    want = segment(flow.build(*send), flow.mss, l2=flow.l2, pad=not flow.tunnel)
    if not flow.tunnel and flow.dev != "nvn0":
        want = [tagged(w, 5) for w in segment(flow.build(*send), flow.mss, pad=False)]
    got = [inner_part(f, flow) for f in frames]
    ksft_eq(len(got), len(want), f"{label(flow, send)}: frames")
    for n, (a, b) in enumerate(zip(got, want)):
        if a != b:
            raise AssertionError(f"{label(flow, send)}: frame {n}, rules: {hexdiff(a, b)}")


def tagged(frame, tci):
    whole = frame[:12] + struct.pack("!HH", ETH_P_8021Q, tci) + frame[12:]
    return whole.ljust(MIN_FRAME, b"\0")


def label(flow, send):
    return f"{flow.name} {send[0]} bytes flags {send[1]:#x}"


def compare(name, mode):
    record(mode, name)
    record("software", name)
    for (flow, send), frames in RECORDS[mode, name][0].items():
        reference = RECORDS["software", name][0][flow, send]
        what = f"{mode}, {label(flow, send)}"
        ksft_eq(len(frames), len(reference), f"{what}: frames")
        for n, (a, b) in enumerate(zip(normal(frames, flow), normal(reference, flow))):
            if a != b:
                raise AssertionError(f"{what}: frame {n}: {hexdiff(a, b)}")
        if mode == "native" and flow.l4_dst == flow.dst:
            try:
                check_rules(flow, send, frames)
            except BadFrame as error:
                raise AssertionError(f"{what}: {error}") from None


def supers(name, l4, least=1, csum=False):
    """How many sends of a group are super-frames of at least so many full segments;
    csum: only those behind GRE with a checksum."""
    return sum(send[0] > flow.mss and send[0] // flow.mss >= least
               for flow in GROUPS[name] if flow.l4 == l4 and flow.by == "device"
               for send in flow.sends if not csum or flow.dev in CSUM_TUNNELS)


def count(name, mode, counter):
    return sum(by_queue(RECORDS[mode, name][1], "tx", counter).values())


@functools.cache
def kernel_spoils_gre():
    """Has the driver found that the stack miscalculates partial UDP behind GRE with checksum?"""
    return "miscalculates GRE checksums over UDP" in cmd("dmesg").stdout


def check_workers(name, mode):
    """Who cut the super-frames?"""
    some = any(flow.by is None for flow in GROUPS[name])
    want = {"lso_native": supers(name, TCP), "lso_partial": 0, "uso": supers(name, UDP)}
    if mode == "partial" and GROUPS[name][0].tunnel:
        spoilt = supers(name, UDP, 2, csum=True) if kernel_spoils_gre() else 0
        want = {"lso_native": 0, "lso_partial": supers(name, TCP, 2),
                "uso": supers(name, UDP, 2) - spoilt}
    elif mode in ("csum", "software"):
        want, some = dict.fromkeys(want, 0), False
    for counter, value in want.items():
        (ksft_ge if some else ksft_eq)(count(name, mode, counter), value, f"{mode}: {counter}")
    for counter in ("drop_refused", "drop_mismatch", "drop_oversize", "err_desc", "err_dma"):
        ksft_eq(count(name, mode, counter), 0, f"{mode}: {counter}")
    if GROUPS[name][0].dev == "nvn0.5" or name.endswith(".vlan"):
        # The VLAN device has the stack cut it, before the port is asked.
        return
    software = RECORDS[mode, name][1]["lso_software"]
    if mode == "software":
        ksft_eq(count(name, mode, "csum"), 0, "software: csum")
    if mode in ("software", "csum"):
        ksft_ge(software, supers(name, TCP) + supers(name, UDP), f"{mode}: lso_software")
    elif mode == "native" and all(flow.by == "device" for flow in GROUPS[name]):
        ksft_eq(software, 0, "native: lso_software")


# ---- cases ----

ALL = (["plain", "plain.vlan", "shapes", "limits", "routing"] +
       [tunnel_name(*row) for row in TUNNELS] + ["tunnel-shapes"])


@ksft_variants([*ALL])
def same_bytes(name):
    for mode in ("native", "partial", "csum"):
        if name_in(mode, name):
            compare(name, mode)


@ksft_variants([*ALL])
def done_by(name):
    for mode in MODES:
        if name_in(mode, name):
            record(mode, name)
            check_workers(name, mode)


@ksft_case
def verified_by_peer():
    """The receiving port agrees with all that was sent."""
    seen = Watch(PAIR.b)
    for name in ("plain", "gretap.key", "ip6gre.key.csum"):
        RECORDS.pop(("native", name), None)
        record("native", name)
    for counter in ("csum_bad_ip", "csum_bad_inner_ip", "csum_bad_gre", "csum_bad_l4",
                    "parse_bad"):
        ksft_eq(seen.rx(counter), 0, counter)
    ksft_ge(seen.rx("csum_unnecessary"), 500, "frames verified")


ksft_run(setup)
