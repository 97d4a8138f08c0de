#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# seconds: 30
"""Filter rules: each flow type and field, what they must not match, inside and
outside of tunnels, actions, precedence, counters, limits, refusals, and rules that
come and go under traffic.

All traffic is on queue 0 but for what a rule sends elsewhere; the device's counters
tell the queue that each frame reached.

Copyright (C) 2026 nvnic contributors
"""

import collections
import errno
import re
import struct

from lib import rxnfc
from lib.flowframes import D, D6, M, N, O, P, P6, S, S6, SCTP, VSID, X, X6, ether, nvgre, packet
from lib.frames import (ETH_P_8021AD, ETH_P_8021Q, ETH_P_ARP, ETH_P_IP, ETH_P_TEB, FRAGMENT, GRE,
                        HOPOPTS, TCP, UDP, Sender, addr, ext, frag_ext, gre, ipv4, ipv6, unfilled,
                        vnet_hdr)
from lib.hwstats import Watch, rule_counts
from lib.ktap import (ksft_case, ksft_eq, ksft_ge, ksft_in, ksft_raises, ksft_run, ksft_true,
                      ksft_variants)
from lib.shell import cmd, defer, wait_for
from lib.steering import add_rule, quiet_ports, reaches, remove_rule
from lib.stream import Stream

PAIR = TX = None
QUEUES = 8
LOCATIONS = 4096
SHAPES = 64

T4, T6 = packet(), packet(D6)


# ---- rules ----

def setup():
    global PAIR, TX
    PAIR, TX = quiet_ports(QUEUES)


def remove(loc):
    remove_rule(PAIR.b, loc)


def rule(words, loc=None):
    return add_rule(PAIR.b, words, loc)


def refused(words, text):
    """The rule is refused, the log says why, and what there was is as before."""
    before = PAIR.b.cmd("ethtool -n nvn1").stdout
    mark = len(cmd("dmesg").stdout)
    out = PAIR.b.cmd(f"ethtool -N nvn1 flow-type {words}", fail=False)
    ksft_true(out.ret or "Cannot" in out.stderr or "rror" in out.stderr,
              f"taken: {words}: {out.stdout}{out.stderr}")
    if " context " in words and rxnfc.core_looks_up_contexts():
        ksft_in("Invalid argument", out.stderr, f"reason why {words} is refused")
    else:
        ksft_in(text, cmd("dmesg").stdout[mark:], f"reason why {words} is refused")
    ksft_eq(PAIR.b.cmd("ethtool -n nvn1").stdout, before, "the rules")
    return out.stderr


def goes(what, queue, *more):
    """Frames reach this queue (None: they are dropped by a rule), and no other."""
    return reaches(PAIR.b, TX, queue, what, *more)


def frames_of(loc):
    """Frames that the rule at a location has taken."""
    return rule_counts(PAIR.b)[loc][0]


def listing():
    """ethtool -n, as {location: text}."""
    out = PAIR.b.cmd("ethtool -n nvn1").stdout
    return {int(m[1]): m[2] for m in re.finditer(r"Filter: (\d+)\n(.*?)\n\n", out, re.S)}


# ---- every flow type and field ----

def esp(**kw):
    return ether(packet(l4=50, **kw))


# rule: (frames that it takes, frames that it leaves alone)
MATCH = {
    f"ether dst {N}": (
        [ether(T4), ether(bytes(46), proto=0x88b5), ether(T6, tags=[(ETH_P_8021Q, 5)])],
        [ether(T4, dst=M), ether(T4, dst="02:aa:00:00:00:03")]),
    f"ether src {M}": ([ether(T6)], [ether(T6, src=N)]),
    "ether proto 0x88b5": ([ether(bytes(46), proto=0x88b5),
                            ether(bytes(46), proto=0x88b5, tags=[(ETH_P_8021AD, 1),
                                                                 (ETH_P_8021Q, 2)])],
                           [ether(bytes(46), proto=0x88b6), ether(T4)]),
    f"ether dst {N} m 00:00:00:00:00:ff src {M} proto 0x0800": (
        [ether(T4), ether(T4, dst="02:aa:00:00:00:77")],
        [ether(T4, dst="02:ab:00:00:00:02"), ether(T4, src=N), ether(T6)]),
    "ip4 src-ip 10.1.0.1 dst-ip 10.1.0.2": (
        [ether(T4), ether(packet(l4=UDP)), ether(packet(l4=89)),
         ether(packet(df=False, frag=100))],
        [ether(packet(X)), ether(T6), ether(bytes(28), proto=ETH_P_ARP)]),
    "ip4 dst-ip 10.1.0.0 m 0.0.255.255": ([ether(T4), ether(packet(X))],
                                          [ether(ipv4(S, addr("10.2.0.2"), TCP, T4[20:]))]),
    "ip4 tos 0x2e l4proto 17": ([ether(packet(l4=UDP, tos=0x2e))],
                                [ether(packet(l4=UDP)), ether(packet(tos=0x2e))]),
    "ip4 l4data 0x03e807d0 l4proto 50": ([esp()], [esp(dport=2001), ether(T4)]),
    "ip6 src-ip fd01::1 dst-ip fd01::2": (
        [ether(T6), ether(packet(D6, UDP)), ether(packet(D6, 89))],
        [ether(packet(X6)), ether(T4)]),
    "ip6 dst-ip fd01:: m ::ffff:ffff:ffff:ffff": (
        [ether(T6), ether(packet(X6))], [ether(ipv6(S6, addr("fd02::2"), TCP, T6[40:]))]),
    "ip6 tclass 0x2e l4proto 17": ([ether(packet(D6, UDP, tos=0x2e))],
                                   [ether(packet(D6, UDP)), ether(packet(D6, tos=0x2e))]),
    "ip6 l4proto 6 l4data 0x03e807d0": (
        [ether(T6), ether(ipv6(S6, D6, HOPOPTS, ext(TCP) + T6[40:]))],
        [ether(packet(D6, dport=1)), ether(packet(D6, UDP))]),
    **{f"{name}{v} {ports}": (
        [ether(packet(d, l4)), ether(packet(d, l4), tags=[(ETH_P_8021Q, 9)])],
        [ether(packet(d, l4, 1001, 2001)), ether(packet(d, other)),
         ether(packet(D6 if v == 4 else D, l4)), ether(frag)])
       for name, l4, other in (("tcp", TCP, UDP), ("udp", UDP, SCTP), ("sctp", SCTP, TCP))
       for v, d, frag in ((4, D, packet(D, l4, df=False, mf=True)),
                          (6, D6, ipv6(S6, D6, FRAGMENT, frag_ext(l4, 0, True) +
                                       packet(D6, l4)[40:])))
       for ports in ("src-port 1000", "dst-port 2000", "src-port 1000 dst-port 2000")},
    "tcp4 src-ip 10.1.0.1 dst-ip 10.1.0.2 src-port 1000 dst-port 2000 tos 0x10": (
        [ether(packet(tos=0x10))],
        [ether(T4), ether(packet(X, tos=0x10)), ether(packet(tos=0x10, sport=999))]),
    "udp6 dst-ip fd01::2 tclass 1 dst-port 2000 m 0x000f": (
        [ether(packet(D6, UDP, tos=1)), ether(packet(D6, UDP, tos=1, dport=2015))],
        [ether(packet(D6, UDP, tos=1, dport=2016)), ether(packet(X6, UDP, tos=1))]),
    "tcp4": ([ether(T4), ether(packet(df=False, mf=True))], [ether(packet(l4=UDP)), ether(T6)]),
    # VLAN fields
    "ether vlan 0x2064": ([ether(T4, tags=[(ETH_P_8021Q, 0x2064)]),
                           ether(T6, tags=[(ETH_P_8021AD, 0x2064), (ETH_P_8021Q, 7)])],
                          [ether(T4, tags=[(ETH_P_8021Q, 0x0064)]), ether(T4),
                           ether(T4, tags=[(ETH_P_8021Q, 7), (ETH_P_8021Q, 0x2064)])]),
    "tcp4 dst-port 2000 vlan 0x64 m 0xf000": (
        [ether(T4, tags=[(ETH_P_8021Q, 0x2064)]), ether(T4, tags=[(ETH_P_8021Q, 0x64)])],
        [ether(T4), ether(T4, tags=[(ETH_P_8021Q, 0x65)])]),
    "ip6 vlan-etype 0x88a8": ([ether(T6, tags=[(ETH_P_8021AD, 1)])],
                              [ether(T6, tags=[(ETH_P_8021Q, 1)]), ether(T6)]),
    "ether vlan 0 m 0xf000": ([ether(T4, tags=[(ETH_P_8021Q, 0xe000)])],
                              [ether(T4), ether(T4, tags=[(ETH_P_8021Q, 1)])]),
    f"udp4 dst-port 2000 dst-mac {N}": ([ether(packet(l4=UDP))],
                                        [ether(packet(l4=UDP), dst=M), ether(T4)]),
}


@ksft_variants([*MATCH])
def match(words):
    """A rule takes its frames and no other; its counters know how many."""
    takes, leaves = MATCH[words]
    loc = rule(f"{words} action 5")
    ksft_eq(goes(takes[0], 5, *takes[1:])["rx_rule"], len(takes), "counter of the queue")
    ksft_eq(goes(leaves[0], 0, *leaves[1:])["rx_rule"], 0, "counter of the queue")
    ksft_eq(rule_counts(PAIR.b), {loc: (len(takes), sum(map(len, takes)))},
            "counters of the rule")
    remove(loc)
    goes(takes[0], 0)
    ksft_eq(rule_counts(PAIR.b), {}, "counters of a rule that is gone")


# ---- tunnels ----

E4, E6 = ether(T4), ether(T6)
VS = f"user-def {VSID:#x}"

# name: (rule, frame, nvgre-offload, taken)
TUNNELS = {
    "inner-ports": ("tcp4 dst-port 2000", nvgre(E4), True, True),
    "inner-over6": ("tcp6 dst-port 2000", nvgre(E6, outer=P6), True, True),
    "inner-mac": (f"ether dst {N}", nvgre(E4), True, True),
    "inner-vlan": ("ether vlan 7", nvgre(ether(T4, tags=[(ETH_P_8021Q, 7)])), True, True),
    "outer-vlan-is-not-inner": ("ether vlan 7", nvgre(E4, tags=[(ETH_P_8021Q, 7)]), True, False),
    "outer-address-is-not-inner": ("ip4 dst-ip 10.2.0.2", nvgre(E4), True, False),
    "outer-mac-is-not-inner": ("ether dst 02:bb:00:00:00:02", nvgre(E4), True, False),
    "off-outer-address": ("ip4 dst-ip 10.2.0.2 l4proto 47", nvgre(E4), False, True),
    "off-outer-mac": ("ether dst 02:bb:00:00:00:02", nvgre(E6, outer=P6), False, True),
    "off-outer-vlan": ("ether vlan 7", nvgre(E4, tags=[(ETH_P_8021Q, 7)]), False, True),
    "off-inner-ports": ("tcp4 dst-port 2000", nvgre(E4), False, False),
    "off-inner-mac": (f"ether dst {N}", nvgre(E4), False, False),
    "vsid": (f"ether {VS}", nvgre(E4), True, True),
    "vsid-any-flowid": (f"ether {VS}", nvgre(E4, flowid=255), True, True),
    "vsid-over6": (f"ether {VS}", nvgre(E6, outer=P6), True, True),
    "vsid-arp": (f"ether {VS}", nvgre(ether(bytes(28), proto=ETH_P_ARP)), True, True),
    "vsid-fragment-inside": (f"ether {VS}", nvgre(ether(packet(df=False, mf=True))), True, True),
    "vsid-and-mac": (f"ether dst {N} {VS}", nvgre(E4), True, True),
    "vsid-other-mac": (f"ether dst {M} {VS}", nvgre(E4), True, False),
    "vsid-and-ports": (f"tcp4 dst-port 2000 {VS}", nvgre(E4), True, True),
    "vsid-masked": (f"ether user-def {VSID & ~0xff:#x} m 0xff", nvgre(E4, VSID ^ 3), True, True),
    "vsid-0": ("ether user-def 0", nvgre(E4, 0), True, True),
    "vsid-0-untunneled": ("ether user-def 0", E4, True, False),
    "vsid-other": (f"ether {VS}", nvgre(E4, VSID + 1), True, False),
    "vsid-flowid-shift": (f"ether {VS}", nvgre(E4, VSID >> 8, VSID & 255), True, False),
    "vsid-off": (f"ether {VS}", nvgre(E4), False, False),
    "vsid-untunneled": (f"ether {VS}", E4, True, False),
    "vsid-gre-checksum": (f"ether {VS}", nvgre(E4, csum=True), True, False),
    "vsid-gre-sequence": (f"ether {VS}", nvgre(E4, seq=1), True, False),
    "vsid-gre-both": (f"ether {VS}", nvgre(E4, seq=1, csum=True), True, False),
    "vsid-gre-no-key": (f"ether {VS}", nvgre(E4, key=None), True, False),
    "vsid-gre-ip": (f"ether {VS}", nvgre(T4, proto=ETH_P_IP), True, False),
    "vsid-gre-version-1": (f"ether {VS}", nvgre(E4, flags=1), True, False),
    "vsid-outer-fragment": (f"ether {VS}", ether(ipv4(
        O, P, GRE, gre(ETH_P_TEB, E4, key=VSID << 8), mf=True, df=False)), True, False),
    "gre-checksum-is-outer": ("ip4 dst-ip 10.2.0.2 l4proto 47", nvgre(E4, csum=True), True, True),
    "gre-checksum-not-inner": ("tcp4 dst-port 2000", nvgre(E4, csum=True), True, False),
    "gre-ip-is-outer": ("ip4 dst-ip 10.2.0.2", nvgre(T4, proto=ETH_P_IP), True, True),
    "truncated-inner": (f"ether {VS}", nvgre(E4[:13]), True, False),
    "truncated-inner-ip": (f"ether dst {N} {VS}", nvgre(E4[:20]), True, True),
}


@ksft_variants({name: (name,) for name in TUNNELS})
def tunnel(name):
    words, what, nvgre_on, taken = TUNNELS[name]
    if not nvgre_on:
        PAIR.b.set_priv_flag("nvgre-offload", False)
    loc = rule(f"{words} action 3")
    goes(what, 3 if taken else 0)
    ksft_eq(frames_of(loc), int(taken), "counter of the rule")


@ksft_case
def vsids_share_inner_addresses():
    """The same inner MAC, IP and ports under many VSIDs: each to its own queue."""
    for n in range(1, QUEUES):
        rule(f"ether dst {N} user-def {VSID + n} action {n}")
    for n in range(1, QUEUES):
        goes(nvgre(E4, VSID + n), n)
        goes(nvgre(ether(T4, dst=M), VSID + n), 0)


@ksft_variants(["down", "up"])
def checksum_makes_the_address(tap):
    """A rule, and the hash, see what a checksum that is filled on the way makes of the
    frame, whether or not the tap has it filled first."""
    cmd(f"ip link set nvnwire0 {tap}")
    defer(cmd, "ip link set nvnwire0 down")
    loc = rule("tcp4 src-ip 10.1.0.1 action 3")
    sender, seen = Sender("nvn0", vnet=True), Watch(PAIR.b)
    sender.send(unfilled(E4, 26), vnet_hdr(csum_start=26))
    wait_for(lambda: seen["wire_rx_frames"] >= 1, "the frame")
    ksft_eq(seen.queues("rx", "frames"), {3: 1}, "queues")
    ksft_eq(frames_of(loc), 1, "counter of the rule")


# ---- actions ----

@ksft_case
def drop():
    loc = rule("udp4 dst-port 2000 action -1")
    missed = PAIR.b.link()["stats64"]["rx"]
    goes(ether(packet(l4=UDP)), None, *[ether(packet(l4=UDP, sport=n)) for n in (1, 2)])
    goes(E4, 0)
    ksft_eq(frames_of(loc), 3, "counter of the rule")
    now = PAIR.b.link()["stats64"]["rx"]
    ksft_eq((now["errors"], now["missed_errors"]), (missed["errors"], missed["missed_errors"]),
            "a drop that was asked for is no error")


@ksft_case
def first_location_wins():
    rule("tcp4 dst-port 2000 action 4", loc=40)
    goes(E4, 4)
    rule(f"ether dst {N} action 2", loc=20)
    goes(E4, 2)
    rule("ip4 action 6", loc=60)
    goes(E4, 2)
    rule("tcp4 dst-port 2000 action -1", loc=0)
    goes(E4, None)
    for loc, queue in ((0, 2), (20, 4), (40, 6), (60, 0)):
        remove(loc)
        goes(E4, queue)


@ksft_case
def equal_rules():
    """Rules that look at the same: the first one counts, then the next."""
    for loc, queue in ((7, 3), (3, 5), (5, 4)):
        rule(f"tcp4 dst-port 2000 action {queue}", loc=loc)
    for loc, queue in ((3, 5), (5, 4), (7, 3)):
        goes(E4, queue)
        remove(loc)
    goes(E4, 0)


@ksft_case
def replace_in_place():
    """A location is taken over; without one, the rule that looks at the same."""
    loc = rule("tcp4 dst-port 2000 action 3")
    goes(E4, 3, E4)
    ksft_eq(frames_of(loc), 2, "counter")
    ksft_eq(rule("tcp4 dst-port 2000 action 5"), loc, "location of the same match")
    ksft_eq(list(listing()), [loc], "rules")
    goes(E4, 5)
    ksft_eq(frames_of(loc), 1, "counter starts again")
    rule("udp4 dst-port 2000 action 6", loc=loc)
    goes(E4, 0)
    goes(ether(packet(l4=UDP)), 6)
    ksft_in("Action: Direct to queue 6", listing()[loc], "listing")


@ksft_case
def locations():
    """Lowest free, first and last; count and list."""
    with rxnfc.Ethtool(PAIR.b) as dev:
        ksft_eq(dev.rings(), QUEUES, "rings")
        ksft_eq(dev.count(), (0, LOCATIONS | 0x80000000), "count of an empty table")
        port = struct.Struct("!8xHHB")
        for want, where in ((0, rxnfc.ANY), (1, rxnfc.FIRST), (LOCATIONS - 1, rxnfc.LAST),
                            (LOCATIONS - 2, rxnfc.LAST), (2, rxnfc.ANY)):
            got = dev.insert(rxnfc.TCP4, port.pack(0, want, 0), port.pack(0, 0xffff, 0), 1, where)
            defer(remove, got)
            ksft_eq(got, want, "location")
        ksft_eq(dev.locations(), [0, 1, 2, LOCATIONS - 2, LOCATIONS - 1], "locations")
        for room in (0, 4):
            with ksft_raises(OSError, "a list that has not enough room") as error:
                dev.locations(room)
            ksft_eq(error.exception.errno, errno.EMSGSIZE, "list with too little room")
        dev.delete(1)
        ksft_eq(dev.count()[0], 4, "count")


# ---- listing ----

@ksft_variants([f"ether dst {N} src {M} proto 0x800 action 1",
                "ip4 src-ip 10.1.0.1 dst-ip 10.1.0.0 m 0.0.0.255 tos 5 l4proto 17 action 2",
                "tcp6 src-ip fd01::1 dst-port 80 tclass 3 action -1",
                f"udp4 dst-port 2000 vlan 5 m 0xf000 {VS} action 4", "sctp4 src-port 9 action 0"])
def listed(words):
    """ethtool -n shows the rule; what it shows is what ethtool -N took."""
    loc = rule(words)
    text = listing()[loc]
    out = PAIR.b.cmd(f"ethtool -n nvn1 rule {loc}").stdout
    ksft_in(text.strip().splitlines()[-1], out, "one rule")
    action = words.split()[-1]
    ksft_in("Action: Drop" if action == "-1" else f"Action: Direct to queue {action}", text)
    for value in re.findall(r"(?:src-ip|dst-ip|dst|src) (\S+)", words):
        ksft_in(value, text.lower(), "address")
    if VS in words:
        ksft_in(f"User-defined: {VSID:#x}", text, "VSID")
    ksft_in("Total 1 rules", PAIR.b.cmd("ethtool -n nvn1").stdout, "count")


# ---- limits and refusals ----

# rule: reason in the log
REFUSED = {
    f"tcp4 dst-port 1 action {QUEUES}": f"queue {QUEUES} out of range, port has {QUEUES}",
    "tcp4 dst-port 1 action 127": "queue 127 out of range, port has 8",
    "tcp4 dst-port 1 vf 1 queue 0": "out of range, port has 8",
    "tcp4 dst-port 1 action -2": "action must be a queue",
    "ah4 spi 1 action 1": "is not supported, use ether",
    "esp6 spi 1 action 1": "is not supported, use ether",
    f"tcp4 dst-port 1 action 1 loc {LOCATIONS}":
        f"location {LOCATIONS} out of range, table has {LOCATIONS}",
    "ether user-def 0x1000000 action 1": "user-def must be a VSID",
    "ether user-def 0x100000000 m 0 action 1": "user-def must be a VSID",
    "tcp4 dst-port 1 context 9": "RSS context 9 does not exist",
    "tcp4 dst-port 1 context 4000000": "RSS context 4000000 does not exist",
}


@ksft_variants({words.replace(" ", "-"): (words, text) for words, text in REFUSED.items()})
def refusal(words, text):
    rule("udp4 dst-port 5 action 1")
    refused(words, text)
    goes(E4, 0)


@ksft_case
def no_such_rule():
    for words in ("-N nvn1 delete 5", "-N nvn1 delete 5000000", "-n nvn1 rule 5"):
        out = PAIR.b.cmd(f"ethtool {words}", fail=False)
        ksft_in("No such file or directory", out.stderr, words)


@ksft_case
def too_many_shapes():
    """The device takes 64 different masks; one more is refused, and what is there stays."""
    for n in range(SHAPES):
        rule(f"tcp4 dst-port 2000 src-port 1000 m {n:#x} action 3", loc=n)
    goes(E4, 3)
    refused("udp6 dst-port 1 action 1", f"no free match profile, at most {SHAPES}")
    # In the place of the only rule with its mask, and with a mask in use
    rule("udp6 dst-port 2000 action 2", loc=9)
    goes(ether(packet(D6, UDP)), 2)
    rule("udp6 dst-port 2001 action 4", loc=100)
    goes(ether(packet(D6, UDP, dport=2001)), 4)
    refused("tcp6 src-port 1 m 0xf action 1 loc 100", "no free match profile")
    ksft_in("Action: Direct to queue 4", listing()[100], "rule that was not replaced")


@ksft_case
def ntuple_off():
    """ntuple-filters off removes the rules and refuses new ones."""
    rule("tcp4 dst-port 2000 action 3")
    goes(E4, 3)
    PAIR.b.set_features(ntuple_filters=False)
    goes(E4, 0)
    ksft_eq(listing(), {}, "rules")
    refused("tcp4 dst-port 2000 action 3", "ntuple-filters is off")
    PAIR.b.set_features(ntuple_filters=True)
    goes(E4, 0)
    rule("tcp4 dst-port 2000 action 3")
    goes(E4, 3)


@ksft_case
def channels():
    """Rules survive -L; fewer queues than a rule needs are refused with a text."""
    defer(PAIR.b.cmd, f"ethtool -L nvn1 combined {QUEUES}")
    loc = rule("tcp4 dst-port 2000 action 5")
    out = PAIR.b.cmd("ethtool -L nvn1 combined 5", expect_fail=True)
    ksft_in("too low for existing ntuple filter settings", out.stderr, "refusal")
    goes(E4, 5)
    for count in (6, 12, QUEUES):
        PAIR.b.cmd(f"ethtool -L nvn1 combined {count}")
        PAIR.b.wait_carrier()
        goes(E4, 5)
    ksft_eq(frames_of(loc), 4, "counter")
    remove(loc)
    PAIR.b.cmd("ethtool -L nvn1 combined 5")


@ksft_case
def down_and_up():
    """Rules survive, can be added and removed while down."""
    loc = rule("tcp4 dst-port 2000 action 5")
    goes(E4, 5)
    PAIR.b.down()
    kept = listing()
    rule("udp4 dst-port 2000 action 6", loc=77)
    gone = rule("tcp6 dst-port 2000 action 6")
    remove(gone)
    PAIR.b.up()
    PAIR.a.wait_carrier()
    PAIR.b.wait_carrier()
    ksft_eq({loc: listing()[loc]}, kept, "rule")
    goes(E4, 5)
    goes(ether(packet(l4=UDP)), 6)
    goes(ether(T6), 0)
    ksft_eq(frames_of(loc), 2, "counter")


# ---- many, and under traffic ----

@ksft_case
def full_table():
    """Every location has a rule; 1024 of them are tried; then there is no room."""
    port = struct.Struct("!8xHHB")
    mask = port.pack(0, 0xffff, 0)
    with rxnfc.Ethtool(PAIR.b) as dev:
        defer(PAIR.b.cmd, "ethtool -K nvn1 ntuple on")
        defer(PAIR.b.cmd, "ethtool -K nvn1 ntuple off")
        for n in range(LOCATIONS):
            ksft_eq(dev.insert(rxnfc.TCP4, port.pack(0, 10000 + n, 0), mask, n % 7 + 1), n,
                    "location")
        ksft_eq(dev.count()[0], LOCATIONS, "count")
        refused("udp4 dst-port 1 action 1", f"rule table is full, at most {LOCATIONS} rules")
        want = collections.Counter()
        seen = Watch(PAIR.b)
        for n in range(0, LOCATIONS, 4):
            TX.send(ether(packet(dport=10000 + n)))
            want[n % 7 + 1] += 1
        wait_for(lambda: seen.rx("frames") == sum(want.values()), "the frames")
        ksft_eq(seen.queues("rx", "frames"), dict(want), "queues")
        counts = rule_counts(PAIR.b)
        wrong = [n for n in range(LOCATIONS) if counts[n][0] != int(n % 4 == 0)]
        ksft_eq(wrong, [], "rules that count wrong")
        ksft_eq(len(listing()), LOCATIONS, "rules that ethtool -n lists")


@ksft_case
def under_traffic():
    """Rules for a stream come, change and go; it must not notice."""
    stream = Stream(PAIR.a, PAIR.b)
    port = stream.server.getsockname()[1]
    seen = Watch(PAIR.b)
    # Some of it without any rule.
    stream.moving(1 << 16)
    for n in range(30):
        loc = rule(f"tcp4 dst-port {port} action {n % 7 + 1}", loc=n % 3)
        rule(f"udp4 dst-port {n} action -1", loc=100 + n)
        stream.moving(1 << 16)
        if n % 2:
            remove(loc)
    stream.moving()
    stream.check()
    ksft_ge(len(seen.queues("rx", "frames")), QUEUES, "queues that the stream was on")
    ksft_eq(seen["wire_rx_drop_rule"], 0, "frames dropped by a rule")
    ksft_eq(seen.rx("missed") + seen.rx("err_desc") + seen["csr_bad"], 0, "what must not be")


ksft_run(setup)
