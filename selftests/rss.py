#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# seconds: 20
"""Receive hash and spreading: what is hashed, what the stack is told, which
queue gets it, and how the user sets it.

A classic BPF filter on a packet socket compares the hash and the queue that the
driver has written into the sk_buff, all 32 bits of it; the counters of the
queues tell what the device did.

Copyright (C) 2026 nvnic contributors
"""

import errno
import itertools
import os
import random
import re
import struct

from lib import rxnfc
from lib.flowframes import toeplitz, transport
from lib.frames import (ETH_P_8021Q, ETH_P_ARP, ETH_P_IP, ETH_P_IPV6, ETH_P_TEB, FRAGMENT, GRE,
                        ICMP, TCP, UDP, Listener, Sender, addr, eth, frag_ext, gre, ip, ipv4, ipv6,
                        mac, skb_filter, udp, vlan)
from lib.hwstats import Watch
from lib.ktap import (ksft_case, ksft_eq, ksft_in, ksft_le, ksft_pr, ksft_raises, ksft_run,
                      ksft_true, ksft_variants)
from lib.nvnic import Pair
from lib.shell import KsftSkipEx, defer, wait_for
from lib.stream import Stream

PAIR = TX = None
QUEUES = 8
ENTRIES = 512
MAC_A, MAC_B = mac("02:4e:56:00:00:00"), mac("02:4e:56:00:00:01")

KEY = bytes.fromhex("6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b4"
                    "77cb2da38030f20c6a42b73bbeac01fa")

# Microsoft, "Verifying the RSS Hash Calculation":
# source, its port, destination, its port, hash of addresses, with ports
VECTORS = (
    ("66.9.149.187", 2794, "161.142.100.80", 1766, 0x323e8fc2, 0x51ccc178),
    ("199.92.111.2", 14230, "65.69.140.83", 4739, 0xd718262a, 0xc626b0ea),
    ("24.19.198.95", 12898, "12.22.207.184", 38024, 0xd2d0a5de, 0x5c2b394a),
    ("38.27.205.30", 48228, "209.142.163.6", 2217, 0x82989176, 0xafc7327f),
    ("153.39.163.191", 44251, "202.188.127.2", 1303, 0x5d1809c5, 0x10e828a2),
    ("3ffe:2501:200:1fff::7", 2794, "3ffe:2501:200:3::1", 1766, 0x2cc18cd5, 0x40207d3d),
    ("3ffe:501:8::260:97ff:fe40:efab", 14230, "ff02::1", 4739, 0x0f0c461c, 0xdde51bbf),
    ("3ffe:1900:4545:3:200:f8ff:fe21:67cf", 44251, "fe80::200:f8ff:fe21:67cf", 38024,
     0x4b61e985, 0x02d1feef),
)


# ---- frames ----

S, D = addr("10.1.0.1"), addr("10.1.0.2")
S6, D6 = addr("fd01::1"), addr("fd01::2")
O, P = addr("10.2.0.1"), addr("10.2.0.2")
O6, P6 = addr("fd02::1"), addr("fd02::2")


def packet(src, dst, l4, sport=1000, dport=2000, **kw):
    return ip(src, dst, l4, transport(src, dst, l4, sport, dport), **kw)


def frame(packet_, proto=None):
    proto = proto or (ETH_P_IP if packet_[0] >> 4 == 4 else ETH_P_IPV6)
    return eth(MAC_B, MAC_A, proto, packet_)


def nvgre(inner, src=O, dst=P, csum=False, key=0x123400):
    inner_proto = ETH_P_IP if inner[0] >> 4 == 4 else ETH_P_IPV6
    body = gre(ETH_P_TEB, eth(MAC_A, MAC_B, inner_proto, inner, pad=False), key=key, csum=csum)
    return frame(ip(src, dst, GRE, body))


def fragment6(src, dst, offset, more):
    body = udp(src, dst, 1000, 2000, b"x" * 40)
    return ipv6(src, dst, FRAGMENT, frag_ext(UDP, offset, more) + body)


def tuple_of(src, dst, ports=(1000, 2000)):
    return src + dst + (struct.pack("!HH", *ports) if ports else b"")


# ---- the port ----

def setup():
    global PAIR, TX
    PAIR = Pair(ns_a=None, ipv6=False)
    PAIR.b.cmd(f"ethtool -L nvn1 combined {QUEUES}")
    PAIR.b.cmd("ethtool -K nvn1 gro off")
    PAIR.b.set("promisc on")
    set_key(KEY)
    TX = Sender("nvn0")


def set_key(key):
    PAIR.b.cmd(f"ethtool -X nvn1 hkey {key.hex(':')}")


def rxfh():
    """(table, key) as ethtool -x shows them."""
    out = PAIR.b.cmd("ethtool -x nvn1").stdout
    table = []
    for line in re.findall(r"^ *\d+: +([\d ]+)$", out, re.M):
        table += [int(n) for n in line.split()]
    key = re.search(r"RSS hash key:\n([0-9a-f:]+)", out)[1]
    return table, bytes.fromhex(key.replace(":", ""))


def fields(flow, what=None):
    """The fields hashed for a flow type, set back when the case ends."""
    if what is None:
        return PAIR.b.cmd(f"ethtool -n nvn1 rx-flow-hash {flow}").stdout
    PAIR.b.cmd(f"ethtool -N nvn1 rx-flow-hash {flow} {what}")
    if what != "sdfn":
        defer(PAIR.b.cmd, f"ethtool -N nvn1 rx-flow-hash {flow} sdfn")
    return what


def expect_hash(what, value, kind, queue=None):
    """A frame gives this hash in the sk_buff, on this queue, counted as rss_KIND."""
    table, _ = rxfh() if queue is None else (None, None)
    queue = table[value % ENTRIES] if queue is None else queue
    listener = Listener("nvn1", ns="b", bpf=skb_filter(value, queue))
    seen = Watch(PAIR.b)
    TX.send(what)
    got = listener.take(1)
    listener.close()
    if not got:
        moved = {k: v for k, v in seen.delta().items() if re.match(r"hw_rx\d+_(frames|rss)", k)}
        raise AssertionError(f"no sk_buff with hash {value:#010x} on queue {queue}; {moved}")
    ksft_eq(seen.queues("rx", "frames"), {queue: 1}, "frames on queues")
    wait_for(lambda: seen.rx(f"rss_{kind}") == 1, f"the counter rss_{kind}")
    return seen


# ---- vectors ----

@ksft_variants(["ip", "tcp", "tcp-as-ip", "udp", "udp-as-ip", "first-fragment", "later-fragment"])
def vectors(kind):
    l4 = {"tcp": TCP, "tcp-as-ip": TCP, "udp": UDP, "udp-as-ip": UDP}.get(kind, 253)
    for family in (4, 6):
        if kind.endswith("-as-ip"):
            fields(f"{kind[:3]}{family}", "sd")
    first = kind.startswith("first")
    for source, sport, target, dport, of_addresses, with_ports in VECTORS:
        src, dst = addr(source), addr(target)
        if not kind.endswith("fragment"):
            whole = packet(src, dst, l4, sport, dport)
        elif len(src) == 4:
            whole = packet(src, dst, TCP, sport, dport, df=False, mf=first, frag=0 if first else 8)
        else:
            whole = fragment6(src, dst, 0 if first else 8, first)
        ports = kind in ("tcp", "udp")
        value = with_ports if ports else of_addresses
        expect_hash(frame(whole), value, "l4" if ports else "l3", value % ENTRIES % QUEUES)


# ---- tunnels ----

IN4, IN6 = packet(S, D, TCP), packet(S6, D6, TCP)
OUTER, OUTER6 = tuple_of(O, P, None), tuple_of(O6, P6, None)

# name: (frame, what is hashed, hashed inside)
INNER = {
    "nvgre-tcp4": (nvgre(IN4), tuple_of(S, D), True),
    "nvgre-tcp6": (nvgre(IN6), tuple_of(S6, D6), True),
    "nvgre-over6": (nvgre(IN4, O6, P6), tuple_of(S, D), True),
    "nvgre-udp4": (nvgre(packet(S, D, UDP)), tuple_of(S, D), True),
    "gre-csum": (nvgre(IN4, csum=True), tuple_of(S, D), True),
    "gre-ip": (frame(ipv4(O, P, GRE, gre(ETH_P_IP, IN4))), tuple_of(S, D), True),
    "icmp": (nvgre(packet(S, D, ICMP)), OUTER, False),
    "icmp-over6": (nvgre(packet(S, D, ICMP), O6, P6), OUTER6, False),
    "arp": (frame(ipv4(O, P, GRE, gre(ETH_P_TEB, eth(MAC_A, MAC_B, ETH_P_ARP, bytes(28)),
                                     key=7))), OUTER, False),
    "inner-fragment": (nvgre(packet(S, D, TCP, mf=True, df=False)), OUTER, False),
    "outer-fragment": (frame(ipv4(O, P, GRE, nvgre(IN4)[34:], mf=True, df=False)), OUTER, False),
    "gre-version-1": (frame(ipv4(O, P, GRE, gre(ETH_P_IP, IN4, flags=1))), OUTER, False),
}


@ksft_variants(INNER)
def inner(what, hashed, inside):
    seen = expect_hash(what, toeplitz(KEY, hashed), "l4" if len(hashed) in (12, 36) else "l3")
    ksft_eq(seen.rx("rss_inner"), int(inside), "rss_inner")


@ksft_variants(["rss-inner", "nvgre-offload"])
def only_outer(flag):
    """Without one of the flags everything behind GRE hashes by its outer addresses."""
    PAIR.b.set_priv_flag(flag, False)
    for name, outer in (("nvgre-tcp4", OUTER), ("nvgre-over6", OUTER6), ("gre-csum", OUTER),
                        ("icmp", OUTER)):
        seen = expect_hash(INNER[name][0], toeplitz(KEY, outer), "l3")
        ksft_eq(seen.rx("rss_inner"), 0, "rss_inner")


@ksft_case
def inner_udp_without_ports():
    fields("udp4", "sd")
    expect_hash(INNER["nvgre-udp4"][0], toeplitz(KEY, tuple_of(S, D, None)), "l3")


@ksft_case
def not_ip():
    """Nothing to hash: queue of entry 0, no hash."""
    expect_hash(frame(bytes(50), 0x88b5), 0, "none", rxfh()[0][0])


@ksft_case
def vlan_tags_do_not_count():
    for tags in (1, 2):
        body, proto = IN4, ETH_P_IP
        for tag in range(tags):
            body, proto = vlan(tag + 1, proto, body), ETH_P_8021Q
        expect_hash(frame(body, ETH_P_8021Q), toeplitz(KEY, tuple_of(S, D)), "l4")


@ksft_case
def hashing_off():
    """rx-hashing off: no hash in the sk_buff."""
    PAIR.b.set_features(receive_hashing=False)
    listener = Listener("nvn1", ns="b", bpf=skb_filter(0))
    for what in (frame(IN4), frame(IN6), INNER["nvgre-tcp4"][0], INNER["icmp"][0]):
        TX.send(what)
        ksft_eq(len(listener.take(1)), 1, "sk_buffs without a hash")


# ---- one tunnel, many flows ----

@ksft_variants(["gre", "plain"])
def spread(kind):
    """256 flows use all queues evenly; each stays on one."""
    flows = [packet(S, D, TCP, 1024 + 7 * n, 5001) for n in range(256)]
    frames = [nvgre(f) if kind == "gre" else frame(f) for f in flows]
    table, key = rxfh()
    want = {}
    for n in range(256):
        queue = table[toeplitz(key, tuple_of(S, D, (1024 + 7 * n, 5001))) % ENTRIES]
        want[queue] = want.get(queue, 0) + 1
    for _ in range(2):
        seen = Watch(PAIR.b)
        for f in frames:
            TX.send(f)
        wait_for(lambda: seen.rx("frames") == 256, "256 frames")
        ksft_eq(seen.queues("rx", "frames"), want, "frames on queues")
    ksft_eq(sorted(want), list(range(QUEUES)), "queues used")
    ksft_le(max(want.values()), 256 // QUEUES * 2, "frames on the busiest queue")
    seen.mark()
    for n in range(8):
        for _ in range(4):
            TX.send(frames[n])
    wait_for(lambda: seen.rx("frames") == 32, "32 frames")
    ksft_true(all(v % 4 == 0 for v in seen.queues("rx", "frames").values()),
              "a flow changed its queue")


# ---- ethtool -X ----

def restore_default():
    defer(PAIR.b.cmd, "ethtool -X nvn1 default")


@ksft_variants([*((f"equal {n}", [i % n for i in range(ENTRIES)]) for n in (1, 3, 8)),
                ("start 4 equal 4", [4 + i % 4 for i in range(ENTRIES)]),
                ("start 7 equal 1", [7] * ENTRIES),
                ("weight 1 0 0 1", [0] * 256 + [3] * 256),
                ("weight 1 7", [0] * 64 + [1] * 448),
                ("default", [i % QUEUES for i in range(ENTRIES)])])
def table(words, want):
    restore_default()
    PAIR.b.cmd(f"ethtool -X nvn1 {words}")
    ksft_eq(rxfh()[0], want, "table")
    for n in range(16):
        ports = (3000 + n, 80)
        value = toeplitz(KEY, tuple_of(S, D, ports))
        seen = Watch(PAIR.b)
        TX.send(frame(packet(S, D, TCP, *ports)))
        wait_for(lambda: seen.rx("frames"), "the frame")
        ksft_eq(seen.queues("rx", "frames"), {want[value % ENTRIES]: 1}, f"hash {value:#x}")


@ksft_case
def key():
    """A key can be set and read, changes the hash at once, and leaves the table alone."""
    defer(set_key, KEY)
    before = rxfh()[0]
    for seed in range(3):
        new = random.Random(seed).randbytes(40)
        set_key(new)
        ksft_eq(rxfh(), (before, new), "table and key")
        expect_hash(frame(IN4), toeplitz(new, tuple_of(S, D)), "l4")
        expect_hash(frame(IN6), toeplitz(new, tuple_of(S6, D6)), "l4")


@ksft_case
def key_of_a_fresh_port():
    """Never zero, and not the same for the two ports unless the kernel's is."""
    out = PAIR.a.cmd("ethtool -x nvn0").stdout
    key = re.search(r"RSS hash key:\n([0-9a-f:]+)", out)[1]
    ksft_eq(len(key.split(":")), 40, "bytes of the key")
    ksft_true(len(set(key.split(":"))) > 8, "the key looks like random bytes")
    ksft_true(re.search(r"toeplitz: on", out), "Toeplitz is on")


@ksft_case
def key_and_table_at_once():
    restore_default()
    defer(set_key, KEY)
    new = bytes(range(1, 41))
    PAIR.b.cmd(f"ethtool -X nvn1 equal 2 hkey {new.hex(':')}")
    ksft_eq(rxfh(), ([i % 2 for i in range(ENTRIES)], new), "table and key")


@ksft_case
def survives_down_and_up():
    restore_default()
    PAIR.b.cmd("ethtool -X nvn1 weight 1 0 0 1")
    fields("udp4", "sd")
    before = rxfh()
    PAIR.b.down()
    ksft_eq(rxfh(), before, "table and key while down")
    PAIR.b.up()
    PAIR.a.wait_carrier()
    ksft_eq(rxfh(), before, "table and key")
    PAIR.b.set("promisc on")
    expect_hash(frame(packet(S, D, UDP)), toeplitz(KEY, tuple_of(S, D, None)), "l3")


@ksft_case
def follows_channels():
    """The default table grows with the channels, a table of the user's stays."""
    restore_default()
    defer(PAIR.b.cmd, f"ethtool -L nvn1 combined {QUEUES}")
    PAIR.b.cmd("ethtool -L nvn1 combined 4")
    ksft_eq(rxfh()[0], [i % 4 for i in range(ENTRIES)], "default table of 4")
    PAIR.b.cmd("ethtool -L nvn1 combined 5")
    ksft_eq(rxfh()[0], [i % 5 for i in range(ENTRIES)], "default table of 5")
    PAIR.b.cmd("ethtool -X nvn1 weight 1 0 0 1")
    PAIR.b.cmd("ethtool -L nvn1 combined 6")
    ksft_eq(rxfh()[0], [0] * 256 + [3] * 256, "the user's table")
    result = PAIR.b.cmd("ethtool -L nvn1 combined 3", expect_fail=True)
    ksft_in("netlink error", result.stderr, "refusal of fewer channels than the table uses")
    ksft_eq(rxfh()[0], [0] * 256 + [3] * 256, "the user's table")
    expect_hash(frame(IN4), toeplitz(KEY, tuple_of(S, D)), "l4")


@ksft_variants([("tcp4", "sdfn"), ("tcp6", "sdfn"), ("udp4", "sdfn"), ("udp6", "sdfn"),
                ("ip4", "sd"), ("ip6", "sd"), ("sctp4", "sd"), ("ah4", "sd"), ("esp6", "sd")])
def fields_by_default(flow, want):
    flow = {"ip4": "ipv4", "ip6": "ipv6"}.get(flow, flow)
    result = PAIR.b.cmd(f"ethtool -n nvn1 rx-flow-hash {flow}", fail=False)
    if "bad command line" in result.stderr:
        raise KsftSkipEx(f"this ethtool does not know the flow type {flow}")
    text = result.stdout
    ksft_true("IP SA" in text and "IP DA" in text, f"addresses: {text}")
    ksft_eq("L4 bytes 0 & 1" in text, want == "sdfn", f"ports: {text}")


BITS = {"s": rxnfc.IP_SRC, "d": rxnfc.IP_DST, "f": rxnfc.SPORT, "n": rxnfc.DPORT,
        "l": rxnfc.FLOW_LABEL}


def some_of(letters):
    """All combinations of one or more letters, in their order."""
    return ["".join(words) for size in range(1, len(letters) + 1)
            for words in itertools.combinations(letters, size)]


def hashed_part(letters, src, dst, ports, label=0):
    parts = {"s": src, "d": dst, "f": struct.pack("!H", ports[0]), "n": struct.pack("!H", ports[1]),
             "l": struct.pack("!I", label)}
    return b"".join(parts[x] for x in "sdfnl" if x in letters)


# name: (flow type, addresses, protocol, fields that it has)
FLOWS = {
    "tcp4": (rxnfc.TCP4, (S, D), TCP, "sdfn"),
    "tcp6": (rxnfc.TCP6, (S6, D6), TCP, "sdfn"),
    "udp4": (rxnfc.UDP4, (S, D), UDP, "sdfn"),
    "udp6": (rxnfc.UDP6, (S6, D6), UDP, "sdfn"),
    "ipv4": (rxnfc.IPV4, (S, D), 253, "sd"),
    "ipv6": (rxnfc.IP6, (S6, D6), 253, "sd"),
}


def set_fields(dev, flow, what):
    want = sum(BITS[x] for x in what)
    dev.set_fields(flow, want)
    ksft_eq(dev.fields(flow), want, f"fields {what}")


@ksft_variants(FLOWS)
def each_field(flow, addresses, proto, has):
    """Any combination of fields can be set and read, and is what is hashed."""
    dev, what = rxnfc.Ethtool(PAIR.b), frame(packet(*addresses, proto))
    defer(dev.sock.close)
    defer(dev.set_fields, flow, dev.fields(flow))
    table_ = rxfh()[0]
    for some in some_of(has):
        set_fields(dev, flow, some)
        value = toeplitz(KEY, hashed_part(some, *addresses, (1000, 2000)))
        expect_hash(what, value, "l4" if some == "sdfn" else "l3", table_[value % ENTRIES])


@ksft_variants(["tcp4", "udp6"])
def fields_by_name(flow):
    """As ethtool sets and shows them."""
    names = {"s": "IP SA", "d": "IP DA", "f": "L4 bytes 0 & 1", "n": "L4 bytes 2 & 3"}
    for what in ("s", "dn", "f", "sdf", "sdfn"):
        fields(flow, what)
        shown = fields(flow)
        ksft_eq({x for x, text in names.items() if text in shown}, set(what), "fields")


def kernel_has_flow_label():
    return tuple(map(int, os.uname().release.split(".")[:2])) >= (6, 17)


@ksft_variants({f"{name}.{what}": (flow, what) for name, flow, whats in (
        ("tcp6", rxnfc.TCP6, ("l", "sl", "fnl", "sdl", "sdfnl")), ("udp6", rxnfc.UDP6, ("sdfnl",)),
        ("ipv6", rxnfc.IP6, ("l", "dl"))) for what in whats})
def flow_label(flow, what):
    """The flow label, without the traffic class, behind all other fields."""
    if not kernel_has_flow_label():
        raise KsftSkipEx("this kernel does not know the flow label as a hash field")
    dev = rxnfc.Ethtool(PAIR.b)
    defer(dev.sock.close)
    defer(dev.set_fields, flow, dev.fields(flow))
    set_fields(dev, flow, what)
    l4 = {rxnfc.TCP6: TCP, rxnfc.UDP6: UDP, rxnfc.IP6: 253}[flow]
    for label, tclass in ((0, 0), (0x12345, 0xff), (0xfffff, 0)):
        value = toeplitz(KEY, hashed_part(what, S6, D6, (1000, 2000), label))
        expect_hash(frame(packet(S6, D6, l4, flow=label, tclass=tclass)), value,
                    "l4" if what == "sdfnl" else "l3")


@ksft_variants(["label of IPv4", "ports of AH", "nothing", "protocol", "context that is not there",
                "context beyond all"])
def fields_by_ioctl_refused(what):
    """What ethtool itself would not ask for"""
    dev = rxnfc.Ethtool(PAIR.b)
    defer(dev.sock.close)
    flow, data, context, error = {
        "label of IPv4": (rxnfc.TCP4, rxnfc.IP_SRC | rxnfc.FLOW_LABEL, 0, errno.EINVAL),
        "ports of AH": (0x09, rxnfc.SPORT, 0, errno.EINVAL),
        "nothing": (rxnfc.TCP4, 0, 0, errno.EINVAL),
        "protocol": (rxnfc.TCP4, rxnfc.IP_SRC | 1 << 3, 0, errno.EINVAL),
        "context that is not there": (rxnfc.TCP4, rxnfc.IP_SRC, 5, errno.ENOENT),
        "context beyond all": (rxnfc.TCP4, rxnfc.IP_SRC, 0x12345678, errno.ENOENT),
    }[what]
    before = dev.fields(flow)
    with ksft_raises(OSError, "it was taken") as caught:
        dev.set_fields(flow, data, context)
    ksft_eq(caught.exception.errno, error, "errno")
    ksft_eq(dev.fields(flow), before, "fields after a refusal")
    if context:
        with ksft_raises(OSError, "it was shown") as caught:
            dev.fields(flow, context)
        ksft_eq(caught.exception.errno, error, "errno of a look")


@ksft_variants([*((flow, what) for flow in ("tcp4", "udp6") for what in ("m", "sdv", "t")),
                ("ah4", "sdfn"), ("esp6", "sdfn"), ("sctp4", "sdfn")])
def fields_refused(flow, what):
    before = fields(flow)
    result = PAIR.b.cmd(f"ethtool -N nvn1 rx-flow-hash {flow} {what}", fail=False)
    # ethtool 6.1 ends with 0 all the same.
    ksft_in("Invalid argument", result.stderr, "what ethtool says")
    ksft_eq(fields(flow), before, "fields after a refusal")


@ksft_case
def changes_under_traffic():
    """Key, table and fields change under a stream; it must not notice."""
    restore_default()
    defer(set_key, KEY)
    defer(fields, "tcp4", "sdfn")
    seen = Watch(PAIR.b)
    stream = Stream(PAIR.a, PAIR.b)
    for n in range(12):
        set_key(random.Random(n).randbytes(40))
        PAIR.b.cmd(f"ethtool -X nvn1 {('equal 2', 'weight 1 7', 'start 4 equal 4')[n % 3]}")
        PAIR.b.cmd(f"ethtool -N nvn1 rx-flow-hash tcp4 {('sd', 'sdfn')[n % 2]}")
        stream.moving()
    stream.check()
    ksft_pr(f"the stream was on {len(seen.queues('rx', 'frames'))} queues")
    ksft_eq(seen.rx("missed") + seen.rx("err_desc") + seen.rx("err_dma"), 0, "lost frames")
    ksft_true(PAIR.b.carrier(), "carrier")


ksft_run(setup)
