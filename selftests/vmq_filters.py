#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# seconds: 45
"""Filters of virtual machines: by VSID and inner MAC, by MAC and VLAN; said by ethtool
to queues and to RSS contexts, by tc on the port and on a tunnel. Which of several that
overlap decides. What tc filters match, count and refuse, and how they come and go.

All traffic is on queue 0 but for what a filter sends elsewhere; the device's counters
tell the queue that each frame reached.

Copyright (C) 2026 nvnic contributors
"""

import collections

from lib.flowframes import D6, M, N, O, P, P6, SCTP, VSID, X, X6, ether, nvgre, packet
from lib.frames import (ETH_P_8021AD, ETH_P_8021Q, ETH_P_ARP, ETH_P_IP, ETH_P_TEB, GRE, UDP, gre,
                        ipv4, mac)
from lib.hwstats import Watch, rule_counts
from lib.ktap import ksft_case, ksft_eq, ksft_ge, ksft_in, ksft_run, ksft_true, ksft_variants
from lib.nvnic import Port, netns_add, new_adapter
from lib.shell import cmd, defer, wait_for
from lib.steering import add_rule, quiet_ports, reaches
from lib.stream import Stream
from lib.tc import Tc

PAIR = TX = None
QUEUES = 8
FILTERS = 4096
SHAPES = 64

T4, T6 = packet(), packet(D6)
U4 = packet(l4=UDP)
ARP = bytes(28)
E4, E6 = ether(T4), ether(T6)
KEY = f"enc_key_id {VSID << 8}"


def setup():
    global PAIR, TX
    PAIR, TX = quiet_ports(QUEUES)


def goes(queue, *frames):
    return reaches(PAIR.b, TX, queue, *frames)


def to(queue):
    return f"skbedit queue_mapping {queue} skip_sw"


def rule(words, loc=None):
    return add_rule(PAIR.b, words, loc)


def contexts(count):
    """RSS contexts 1 to COUNT, each with one queue, that of its number."""
    for n in range(1, count + 1):
        out = PAIR.b.cmd(f"ethtool -X nvn1 context new start {n} equal 1").stdout
        ksft_in(f"New RSS context is {n}\n", out)
        defer(PAIR.b.cmd, f"ethtool -X nvn1 context {n} delete")


def external(name="g0", kind="gretap"):
    """A tunnel in the namespace of nvn1 that filters give the VSID to."""
    PAIR.b.cmd(f"ip link add {name} type {kind} external")
    defer(PAIR.b.cmd, f"ip link del {name}", fail=False)
    tunnel = Port(name, PAIR.b.ns)
    tunnel.set_ipv6(False)
    tunnel.up()
    return tunnel


# ---- virtual machines ----

N1, N2, N3, N4 = (f"02:aa:00:00:00:1{n}" for n in range(1, 5))

# VM: its VSID, inner MAC, inner VLAN (None: any). Its number is its queue.
VMS = {
    1: (VSID, N1, None),
    2: (VSID + 1, N1, None),        # the same MAC under another VSID
    3: (VSID, N2, None),            # another MAC under the same VSID
    4: (VSID, N3, 7),               # a VLAN inside
    5: (VSID, N3, None),            # the same without, or with another
    6: (0, N4, None),
    7: (0xffffff, N4, None),
}


def vm(number, payload=T4, **kw):
    """A frame to a VM."""
    vsid, dst, vid = VMS[number]
    inner = ether(payload, dst=dst, tags=[(ETH_P_8021Q, 0x6000 | vid)] if vid else (),
                  proto=ETH_P_ARP if payload == ARP else None)
    return nvgre(inner, vsid, **kw)


def inside(vsid, dst, payload=T4, tags=(), **kw):
    return nvgre(ether(payload, dst=dst, tags=tags), vsid, **kw)


WHOLE = vm(1)
# Frames and the queue that each must reach
CASES = {
    **{f"vm{n}": (vm(n), n) for n in VMS},
    **{f"vm{n}-over6": (vm(n, outer=P6), n) for n in VMS},
    **{f"vm{n}-arp": (vm(n, ARP), n) for n in VMS},
    "two-vsids-one-mac": (inside(VSID + 2, N1), 0),
    "two-macs-one-vsid": (inside(VSID, N4), 0),
    "mac-of-another-vsid": (inside(VSID + 1, N2), 0),
    "any-flowid": (vm(1, flowid=255), 1),
    "vsid-in-the-wrong-bits": (inside(VSID >> 8, N1, flowid=VSID & 255), 0),
    "vsid-next-to-all-ones": (inside(0xfffffe, N4), 0),
    "inner-vlan": (inside(VSID, N3, tags=[(ETH_P_8021Q, 7)]), 4),
    "inner-vlan-other": (inside(VSID, N3, tags=[(ETH_P_8021Q, 8)]), 5),
    "inner-vlan-of-any": (inside(VSID, N1, tags=[(ETH_P_8021Q, 7)]), 1),
    "inner-priority-tag": (inside(VSID, N3, tags=[(ETH_P_8021Q, 0xe000)]), 5),
    "inner-vlan-second-tag": (inside(VSID, N3, tags=[(ETH_P_8021Q, 8), (ETH_P_8021Q, 7)]), 5),
    "outer-vlan": (vm(1, tags=[(ETH_P_8021Q, 9)]), 1),
    "outer-vlan-is-not-inner": (vm(5, tags=[(ETH_P_8021Q, 7)]), 5),
    "vlan-inside-and-outside": (vm(4, tags=[(ETH_P_8021Q, 8)]), 4),
    "two-tags-outside": (vm(4, tags=[(ETH_P_8021AD, 8), (ETH_P_8021Q, 9)]), 4),
    "gre-checksum": (vm(1, csum=True), 0),
    "gre-sequence": (vm(1, seq=1), 0),
    "gre-both": (vm(1, seq=1, csum=True), 0),
    "gre-no-key": (vm(6, key=None), 0),
    "gre-version-1": (vm(1, flags=1), 0),
    "gre-ip": (nvgre(T4, proto=ETH_P_IP), 0),
    "not-gre": (ether(T4, dst=N1), 0),
    "not-gre-vlan": (ether(T4, dst=N3, tags=[(ETH_P_8021Q, 7)]), 0),
    "mac-outside-only": (nvgre(ether(T4, dst="02:aa:00:00:00:99"), VSID).replace(
        mac("02:bb:00:00:00:02"), mac(N1)), 0),
    "fragment-inside": (vm(1, packet(df=False, mf=True)), 1),
    "last-fragment-inside": (vm(2, packet(df=False, frag=100)), 2),
    "fragment-outside": (ether(ipv4(O, P, GRE, gre(ETH_P_TEB, ether(T4, dst=N1),
                                                   key=VSID << 8), mf=True, df=False)), 0),
    "last-fragment-outside": (ether(ipv4(O, P, GRE, gre(ETH_P_TEB, ether(T4, dst=N1),
                                                        key=VSID << 8), frag=1, df=False)), 0),
    "truncated-in-outer-ip": (WHOLE[:30], 0),
    "truncated-in-gre": (WHOLE[:38], 0),
    "truncated-in-inner-mac": (WHOLE[:55], 0),
    "truncated-in-inner-ip": (WHOLE[:64], 0),
    # The same, if the outer IP header knows of it
    "cut-in-inner-mac": (nvgre(ether(T4, dst=N1)[:13]), 0),
    "cut-in-inner-ip": (nvgre(ether(T4, dst=N1)[:22]), 1),
    "cut-in-inner-tag": (nvgre(ether(T4, dst=N3, tags=[(ETH_P_8021Q, 7)])[:16]), 0),
}


def by_ethtool(action):
    for n, (vsid, dst, vid) in VMS.items():
        rule(f"ether dst {dst} user-def {vsid:#x} " + (f"vlan {vid} m 0xf000 " if vid else "") +
             f"{action} {n}", loc=n)


def by_tc(tc, action, **kwargs):
    for n, (vsid, dst, vid) in VMS.items():
        match = f"enc_key_id {vsid << 8} dst_mac {dst}"
        if vid:
            tc.add(f"{match} vlan_id {vid} {action[0](n)}", action[1](n), protocol="802.1q",
                   **kwargs)
        else:
            tc.add(f"{match} {action[0](n)}", action[1](n), **kwargs)


def ethtool_queue():
    by_ethtool("action")


def ethtool_context():
    contexts(len(VMS))
    by_ethtool("context")


def tc_queue():
    by_tc(Tc(PAIR.b), (lambda n: "", to))


def tc_context():
    contexts(len(VMS))
    by_tc(Tc(PAIR.b), (lambda n: f"hw_tc {n}", lambda n: ""))


def tunnel_context():
    """On the tunnel itself, where the core lets nobody skip the software."""
    contexts(len(VMS))
    by_tc(Tc(external()), (lambda n: f"hw_tc {n}", lambda n: "pass"), flags="")


@ksft_variants([ethtool_queue, ethtool_context, tc_queue, tc_context, tunnel_context])
def table(how):
    """Each frame of the table reaches its queue."""
    how()
    wrong = []
    for name, (frame, queue) in CASES.items():
        try:
            goes(queue, frame)
        except AssertionError as error:
            wrong.append(f"{name}: {error}")
    ksft_eq(wrong, [], "frames that went elsewhere")
    PAIR.b.set_priv_flag("nvgre-offload", False)
    for n in VMS:
        goes(0, vm(n))


# ---- overlaps ----

@ksft_case
def ethtool_before_tc():
    """The first table with a filter that fits decides, whatever locations and priorities
    say; in each the first filter does."""
    tc = Tc(PAIR.b)
    late = tc.add(f"{KEY} dst_mac {N}", to(6), prio=40)
    early = tc.add(KEY, to(5), prio=2)
    rule(f"ether user-def {VSID:#x} action 4", loc=4000)
    rule(f"tcp4 dst-port 2000 user-def {VSID:#x} action 3", loc=3000)
    goes(3, nvgre(E4))
    goes(4, nvgre(E6))
    PAIR.b.cmd("ethtool -N nvn1 delete 3000")
    goes(4, nvgre(E4))
    PAIR.b.cmd("ethtool -N nvn1 delete 4000")
    goes(5, nvgre(E4))
    tc.delete(early)
    goes(6, nvgre(E4))
    rule(f"ether dst {N} action -1", loc=1)
    goes(None, nvgre(E4))
    PAIR.b.cmd("ethtool -K nvn1 ntuple off")
    defer(PAIR.b.cmd, "ethtool -K nvn1 ntuple on")
    goes(6, nvgre(E4))
    tc.delete(late)
    goes(0, nvgre(E4))


@ksft_case
def three_tables():
    """ethtool before tc before the queues of a macvlan; those go by the outer address, the
    others by what is inside of NVGRE."""
    station = "02:00:00:00:01:01"
    plain = ether(T4, dst=station)
    tunnelled = nvgre(E4).replace(mac("02:bb:00:00:00:02"), mac(station))
    PAIR.b.set_features(l2_fwd_offload=True)
    netns_add("v1")
    cmd("sysctl -qw net.ipv6.conf.default.disable_ipv6=1", ns="v1")
    PAIR.b.cmd(f"ip link add vm1 link nvn1 netns v1 address {station} type macvlan mode bridge")
    cmd("ip link set vm1 up", ns="v1")
    PAIR.b.set("promisc off")
    defer(PAIR.b.set, "promisc on")
    goes(QUEUES, plain, tunnelled)
    tc = Tc(PAIR.b)
    outside, inside_ = tc.add(f"dst_mac {station}", to(5)), tc.add(KEY, to(6))
    goes(5, plain)
    goes(6, tunnelled)
    locs = [rule(f"ether dst {station} action 4"), rule(f"ether user-def {VSID:#x} action 3")]
    goes(4, plain)
    goes(3, tunnelled)
    for loc in locs:
        PAIR.b.cmd(f"ethtool -N nvn1 delete {loc}")
    goes(5, plain)
    goes(6, tunnelled)
    tc.delete(outside)
    tc.delete(inside_)
    goes(QUEUES, plain, tunnelled)
    PAIR.b.cmd("ethtool -K nvn1 l2-fwd-offload off")
    goes(0, plain, tunnelled)


# ---- what tc filters match ----

# (protocol, match): (frames that it takes, frames that it leaves alone)
MATCH = {
    ("all", f"dst_mac {N}"): (
        [E4, E6, ether(ARP, proto=ETH_P_ARP), ether(T4, tags=[(ETH_P_8021Q, 5)])],
        [ether(T4, dst=M), nvgre(E4), nvgre(E4).replace(mac("02:bb:00:00:00:02"), mac(N))]),
    ("all", f"src_mac {M} dst_mac 02:aa:00:00:00:00/ff:ff:ff:ff:ff:00"): (
        [E4, ether(T6, dst="02:aa:00:00:00:77")], [ether(T4, src=N), ether(T4, dst=f"03{N[2:]}")]),
    ("ip", f"dst_mac {N}"): (
        [E4, ether(U4)], [E6, ether(ARP, proto=ETH_P_ARP), ether(T4, tags=[(ETH_P_8021Q, 5)])]),
    ("0x88b5", ""): ([ether(bytes(46), proto=0x88b5)], [ether(bytes(46), proto=0x88b6), E4]),
    ("ip", "src_ip 10.1.0.1 dst_ip 10.1.0.0/24"): (
        [E4, ether(packet(l4=89)), ether(packet(df=False, frag=100))], [ether(packet(X)), E6]),
    ("ipv6", "src_ip fd01::1 dst_ip fd01::/112"): (
        [E6, ether(packet(D6, UDP))], [ether(packet(X6)), E4]),
    ("ip", "ip_proto tcp ip_tos 0x2e"): (
        [ether(packet(tos=0x2e))], [E4, ether(packet(l4=UDP, tos=0x2e))]),
    ("ip", "ip_proto tcp src_port 1000 dst_port 2000"): (
        [E4], [ether(U4), ether(packet(dport=1)), ether(packet(df=False, mf=True))]),
    ("ipv6", "ip_proto udp dst_port 2000/0xfff0"): (
        [ether(packet(D6, UDP)), ether(packet(D6, UDP, dport=2015))],
        [ether(packet(D6, UDP, dport=2016)), E6]),
    ("ip", "ip_proto sctp dst_port 2000"): ([ether(packet(l4=SCTP))], [E4]),
    ("802.1q", f"vlan_id 5 dst_mac {N}"): (
        [ether(T4, tags=[(ETH_P_8021Q, 5)]), ether(T6, tags=[(ETH_P_8021Q, 0xe005)])],
        [E4, ether(T4, tags=[(ETH_P_8021Q, 6)]), ether(T4, tags=[(ETH_P_8021AD, 5)]),
         ether(T4, tags=[(ETH_P_8021Q, 6), (ETH_P_8021Q, 5)])]),
    ("802.1ad", "vlan_id 5 vlan_prio 3 vlan_ethtype ip dst_ip 10.1.0.2"): (
        [ether(T4, tags=[(ETH_P_8021AD, 0x6005)])],
        [ether(T4, tags=[(ETH_P_8021AD, 0x8005)]), ether(T6, tags=[(ETH_P_8021AD, 0x6005)])]),
    ("802.1q", ""): ([ether(T4, tags=[(ETH_P_8021Q, 0)])], [E4]),
    ("all", KEY): ([nvgre(E4), nvgre(E6, outer=P6), nvgre(E4, flowid=9)],
                   [E4, nvgre(E4, VSID + 1), nvgre(E4, csum=True)]),
    ("ip", f"{KEY} ip_proto tcp dst_port 2000"): (
        [nvgre(E4)], [nvgre(E6), nvgre(ether(U4)), nvgre(E4, VSID + 1), E4]),
    ("802.1q", f"{KEY} vlan_id 7"): (
        [nvgre(ether(T4, tags=[(ETH_P_8021Q, 7)]))],
        [nvgre(E4), nvgre(E4, tags=[(ETH_P_8021Q, 7)])]),
}


@ksft_variants({f"{protocol}-{match}".replace(" ", "-"): (protocol, match)
                for protocol, match in MATCH})
def match(protocol, words):
    """A filter takes its frames and no other; tc knows how many."""
    takes, leaves = MATCH[protocol, words]
    tc = Tc(PAIR.b)
    prio = tc.add(words, to(5), protocol=protocol)
    ksft_eq(goes(5, *takes)["rx_rule"], len(takes), "counter of the queue")
    goes(0, *leaves)
    ksft_eq(tc.count(prio), (len(takes), sum(map(len, takes))), "counters of the filter")
    option, = tc.list().values()
    ksft_eq((option.get("in_hw"), option.get("in_hw_count")), (True, 1), "in_hw")
    tc.delete(prio)
    goes(0, takes[0])


# ---- actions and order ----

@ksft_case
def actions():
    """Queue, drop, pass (to the main table), and hw_tc: an RSS context."""
    contexts(2)
    tc = Tc(PAIR.b)
    prios = [tc.add(KEY, "", prio=1, flags="skip_sw hw_tc 2"),
             tc.add("enc_key_id 256", "pass", prio=2),
             tc.add("enc_key_id 512", "pass", prio=3, flags="skip_sw hw_tc 1"),
             tc.add(f"dst_mac {N}", "drop", prio=4),
             tc.add("", to(7), prio=5)]
    goes(2, nvgre(E4))
    goes(0, nvgre(E4, 1))
    goes(1, nvgre(E4, 2))
    goes(None, E4, E6)
    goes(7, ether(T4, dst=M))
    ksft_eq([tc.count(p)[0] for p in prios[1:]], [1, 1, 2, 1], "counters")
    out = PAIR.b.cmd("ethtool -X nvn1 context 2 delete", fail=False)
    ksft_true(out.ret, "a context that a filter leads to is deleted")
    goes(2, nvgre(E4))


@ksft_case
def priorities():
    """The lowest priority value decides, in whatever order filters came."""
    tc = Tc(PAIR.b)
    for prio, queue in ((400, 4), (100, 1), (700, 7), (200, 2), (600, 6), (300, 3), (500, 5)):
        tc.add(f"{KEY} dst_mac {N}", to(queue), prio=prio)
    for queue in range(1, 8):
        goes(queue, nvgre(E4))
        tc.delete(queue * 100)
    goes(0, nvgre(E4))


@ksft_case
def same_priority():
    """Of one priority that decides whose mask came first, as in tc itself."""
    tc = Tc(PAIR.b)
    tc.add(f"{KEY} dst_mac {N}", to(1), prio=9, handle=1)
    tc.add(KEY, to(2), prio=9, handle=2)
    tc.add("ip_proto tcp dst_port 2000", to(3), prio=10, protocol="ip")
    goes(1, nvgre(E4))
    goes(2, nvgre(ether(T4, dst=M)))
    # Where a filter has left a gap, one of a later mask must not go before.
    PAIR.b.cmd("tc filter del dev nvn1 ingress pref 9 handle 1 flower")
    tc.add(f"{KEY} src_mac {M}", to(4), prio=9, handle=4)
    goes(2, nvgre(E4))


@ksft_case
def locations_move():
    """Filters come between others until they have to move: order and counters stay."""
    tc = Tc(PAIR.b)
    low, high, count = 1, 1 << 15, 0
    tc.add(f"{KEY} dst_mac {N}", to(1), prio=low)
    tc.add(f"{KEY} dst_mac {N}", to(2), prio=high)
    while high - low > 1:
        # One from below, one from above, ever closer.
        middle = (low + high) // 2
        count += 1
        tc.add(f"{KEY} dst_mac {N}", to(3), prio=middle)
        goes(1, nvgre(E4))
        low, high = (middle, high) if count % 2 else (low, middle)
    ksft_eq(tc.count(1)[0], count, "counter of the first filter")
    tc.delete(1)
    goes(3, nvgre(E4))
    prios = sorted(prio for prio, _ in tc.list())
    for prio in prios[:-1]:
        goes(3, nvgre(E4))
        ksft_ge(tc.count(prio)[0], 1, f"counter of priority {prio}, the first one now")
        tc.delete(prio)
    goes(2, nvgre(E4))


@ksft_case
def change_and_replace():
    tc = Tc(PAIR.b)
    prio = tc.add(f"{KEY} dst_mac {N}", to(3), handle=1)
    goes(3, nvgre(E4))
    for verb, queue in (("change", 4), ("replace", 5)):
        tc.add(f"{KEY} dst_mac {N}", to(queue), prio=prio, verb=verb, handle=1)
        goes(queue, nvgre(E4))
    ksft_eq(len(tc.list()), 1, "filters")
    tc.add(f"{KEY} dst_mac {M}", to(5), prio=prio, verb="change", handle=1)
    goes(0, nvgre(E4))
    tc.delete(prio)
    goes(0, nvgre(ether(T4, dst=M)))


# ---- refusals ----

# (protocol, match, action): what tc says
REFUSED = {
    ("all", KEY, to(QUEUES)): f"queue {QUEUES} out of range, port has {QUEUES}",
    ("all", f"enc_key_id {VSID << 8 | 5}", to(1)): "VSID << 8, FlowID 0x5 cannot be matched",
    ("all", f"{KEY} enc_dst_ip 10.2.0.2", to(1)): "outer addresses (enc_src_ip, enc_dst_ip)",
    ("all", f"{KEY} enc_dst_port 4789", to(1)): "outer ports (enc_dst_port)",
    ("all", f"{KEY} enc_tos 4", to(1)): "outer TOS and TTL",
    ("802.1q", "vlan_id 5 vlan_ethtype 802.1q cvlan_id 6", to(1)): "a second VLAN tag",
    ("all", "num_of_vlans 1", to(1)): "number of tags",
    ("ip", "ip_proto tcp dst_port 1-9", to(1)): "ranges of ports",
    ("ip", "ip_proto tcp tcp_flags 0x2", to(1)): "tcp_flags",
    ("ip", "ip_proto icmp type 8", to(1)): "fields of ICMP or ARP",
    ("ip", "ip_ttl 3", to(1)): "ip_ttl",
    ("ip", "ip_flags frag", to(1)): "control.flags",
    ("mpls_uc", "mpls_label 5", to(1)): "headers other than",
    ("all", KEY, "mirred egress redirect dev lo"): "action must be skbedit queue_mapping, drop",
    ("all", KEY, f"{to(1)} action drop skip_sw"): "action must be skbedit queue_mapping, drop",
    ("all", f"{KEY} hw_tc 9", ""): "hw_tc must be the number of an existing RSS context",
    ("all", f"{KEY} hw_tc 0", to(1)): "action must be",
    ("all", KEY, "skbedit queue_mapping 1 hw_stats delayed skip_sw"): "HW stats type",
    ("all", f"chain 1 {KEY}", to(1)): "chain 0",
}


@ksft_variants({" ".join(key).replace(" ", "-"): key for key in REFUSED})
def refusal(protocol, words, action):
    tc = Tc(PAIR.b)
    tc.add(KEY, to(1), prio=9000)
    chain = ""
    if words.startswith("chain 1 "):
        chain, words = "chain 1", words[8:]
    port = PAIR.b if not chain else f"{PAIR.b} {chain}"
    said = cmd(f"tc filter add dev {port} ingress pref 1 protocol {protocol} flower {words} "
               f"skip_sw " + (f"action {action}" if action else ""), ns=PAIR.b.ns,
               expect_fail=True).stderr
    ksft_in(REFUSED[protocol, words if not chain else f"{chain} {words}", action], said,
            "reason of the refusal")
    goes(1, nvgre(E4))
    ksft_eq(len(tc.list()), 1, "filters")


@ksft_case
def too_many_shapes():
    """64 different masks; one more is refused, and what is there stays."""
    tc = Tc(PAIR.b)
    for n in range(1, SHAPES + 1):
        tc.add(f"{KEY} ip_proto tcp dst_port 2000/0x7d0 src_port 1000/{n:#x}", to(3), protocol="ip")
    goes(3, nvgre(E4))
    ksft_in(f"no free match profile, at most {SHAPES}", tc.refused(f"src_mac {M}", to(1)))
    ksft_eq(len(tc.list()), SHAPES, "filters")
    goes(3, nvgre(E4))
    # ethtool has 64 of its own.
    rule("udp4 dst-port 2000 action 2")
    goes(2, nvgre(ether(U4)))


@ksft_case
def software_falls_back():
    """Without skip_sw a filter that the device cannot have stays in software."""
    tc = Tc(PAIR.b)
    tc.add("ip_proto tcp tcp_flags 0x2", "drop", protocol="ip", flags="")
    options, = tc.list().values()
    ksft_true(options.get("not_in_hw"), "not_in_hw")
    prio = tc.add(f"dst_mac {N}", "drop", flags="")
    ksft_true([o.get("in_hw") for (p, _), o in tc.list().items() if p == prio] == [True], "in_hw")
    goes(None, E4)


@ksft_case
def offload_off():
    """hw-tc-offload goes when no filter needs it; then filters are refused."""
    tc = Tc(PAIR.b)
    prio = tc.add(KEY, to(3))
    mark = len(cmd("dmesg").stdout)
    PAIR.b.cmd("ethtool -K nvn1 hw-tc-offload off", fail=False)
    ksft_true(PAIR.b.features()["hw-tc-offload"], "hw-tc-offload stays on")
    ksft_in("hw-tc-offload cannot be turned off", cmd("dmesg").stdout[mark:], "log")
    goes(3, nvgre(E4))
    for on in (False, True):
        PAIR.b.set_features(rx_checksumming=on)
    ksft_true(PAIR.b.features()["hw-tc-offload"], "hw-tc-offload stays on")
    tc.delete(prio)
    # The stack goes on to want it off, and does not ask twice.
    PAIR.b.cmd("ethtool -K nvn1 hw-tc-offload on")
    PAIR.b.set_features(hw_tc_offload=False)
    ksft_in("TC offload is disabled", tc.refused(KEY, to(3)), "refusal")
    goes(0, nvgre(E4))


@ksft_case
def channels():
    """Filters survive -L; fewer queues than a filter needs are refused with a text."""
    defer(PAIR.b.cmd, f"ethtool -L nvn1 combined {QUEUES}")
    tc = Tc(PAIR.b)
    prio = tc.add(KEY, to(5))
    mark = len(cmd("dmesg").stdout)
    PAIR.b.cmd("ethtool -L nvn1 combined 5", expect_fail=True)
    ksft_in("a tc filter uses queue 5", cmd("dmesg").stdout[mark:], "log")
    for count in (6, 12, QUEUES):
        PAIR.b.cmd(f"ethtool -L nvn1 combined {count}")
        PAIR.b.wait_carrier()
        goes(5, nvgre(E4))
    ksft_eq(tc.count(prio)[0], 3, "counter")
    tc.delete(prio)
    PAIR.b.cmd("ethtool -L nvn1 combined 5")


@ksft_case
def down_and_up():
    tc = Tc(PAIR.b)
    tc.add(KEY, to(5))
    PAIR.b.down()
    tc.add(f"enc_key_id {(VSID + 1) << 8}", to(6))
    gone = tc.add(f"enc_key_id {(VSID + 2) << 8}", to(7))
    tc.delete(gone)
    PAIR.b.up()
    PAIR.a.wait_carrier()
    PAIR.b.wait_carrier()
    for n, queue in enumerate((5, 6, 0)):
        goes(queue, nvgre(E4, VSID + n))


# ---- tunnels ----

@ksft_variants([("gretap", P), ("ip6gretap", P6)])
def tunnel(kind, outer):
    """Filters of an external tunnel are executed by the port, and counted."""
    contexts(3)
    g0 = external(kind=kind)
    tc = Tc(g0)
    drop = tc.add(f"{KEY} dst_mac {N}", "drop", flags="")
    steer = tc.add(KEY, "pass", flags="hw_tc 3")
    for options in tc.list().values():
        ksft_eq((options.get("in_hw"), options.get("in_hw_count")), (True, 1), "in_hw")
    frames = [nvgre(E4, outer=outer), nvgre(E6, outer=outer)]
    goes(None, *frames)
    ksft_eq(tc.count(drop), (2, sum(map(len, frames))), "counters")
    goes(3, nvgre(ether(T4, dst=M), outer=outer))
    ksft_eq(tc.count(steer)[0], 1, "counter")
    goes(0, nvgre(ether(T4, dst=M), VSID + 1, outer=outer))
    tc.delete(drop)
    goes(3, *frames)
    PAIR.b.cmd("ip link del g0")
    goes(0, *frames)


@ksft_case
def tunnel_needs_vsid():
    tc = Tc(external())
    prio = tc.add(f"dst_mac {N}", "drop", flags="verbose")
    options, = tc.list().values()
    ksft_true(options.get("not_in_hw"), "not_in_hw")
    goes(0, nvgre(E4))
    tc.delete(prio)
    # The core: no queue without skip_sw, and no skip_sw on a tunnel.
    ksft_in("use skip_sw", tc.refused(KEY, "skbedit queue_mapping 3", flags=""), "in software")
    tc.refused(KEY, to(3))


@ksft_case
def keyed_tunnel():
    """A tunnel with a VSID of its own is not offered filters."""
    tun = PAIR.tunnel("gretap", key=VSID << 8)
    tc = Tc(tun.b)
    tc.add(KEY, "drop", flags="")
    options, = tc.list().values()
    ksft_true(options.get("not_in_hw"), "not_in_hw")


@ksft_case
def namespaces():
    """A port that leaves takes its filters of tunnels along to nowhere; where it comes
    to, it takes those of the tunnels there."""
    netns_add("c")
    g0 = external()
    there = Port("g0", "c")
    cmd("ip link add g0 type gretap external", ns="c")
    tc, other = Tc(g0), Tc(there)
    tc.add(KEY, "drop", flags="")
    other.add(KEY, "drop", flags="")
    ksft_eq([o.get("in_hw_count") for t in (tc, other) for o in t.list().values()], [1, None],
            "in_hw_count")
    goes(None, nvgre(E4))

    def home():
        cmd("ip link set nvn1 netns b", ns="c")
        PAIR.b.set("promisc on up")
        PAIR.b.address("10.9.0.2/24")

    cmd("ip link set nvn1 netns c", ns="b")
    defer(home)
    moved = Port("nvn1", "c")
    moved.set_ipv6(False)
    moved.set("promisc on up")
    PAIR.a.wait_carrier()
    reaches(moved, TX, 0, nvgre(E4))
    wait_for(lambda: not any(o.get("in_hw") for o in tc.list().values()),
             "tc to know that the filter is not in hardware any more")
    cmd("ip link add g6 type ip6gretap external", ns="c")
    late = Tc(Port("g6", "c"))
    late.add(KEY, "drop", flags="")
    ksft_eq([o.get("in_hw_count") for o in late.list().values()], [1], "in_hw_count")
    reaches(moved, TX, None, nvgre(E4, outer=P6))


@ksft_case
def two_ports():
    """A tunnel's filter comes to each port in the namespace, and leaves with it."""
    first, second = "np0", "np1"
    for old, new in zip(new_adapter(5), (first, second)):
        cmd(f"ip link set {old} name {new} netns b")
        defer(cmd, f"ip link set {new} netns 1", ns="b", fail=False)
    tc = Tc(external())
    tc.add(KEY, "drop", flags="")
    ksft_eq([o["in_hw_count"] for o in tc.list().values()], [3], "ports that have it")
    cmd(f"ip link set {second} netns 1", ns="b")
    wait_for(lambda: [o["in_hw_count"] for o in tc.list().values()] == [2], "one port less")
    goes(None, nvgre(E4))


# ---- many, and under traffic ----

@ksft_case
def full_table():
    """4096 filters on one priority; 512 of them are tried; then there is no room."""
    tc = Tc(PAIR.b)
    want = collections.Counter()
    tc.batch("filter add " + tc.words(f"enc_key_id {n << 8} dst_mac {N}", to(n % 7 + 1), 5)
             for n in range(FILTERS))
    ksft_in(f"rule table is full, at most {FILTERS} rules",
            tc.refused(f"enc_key_id {FILTERS << 8}", to(1)))
    seen = Watch(PAIR.b)
    for n in range(0, FILTERS, 8):
        TX.send(nvgre(E4, n))
        want[n % 7 + 1] += 1
    wait_for(lambda: seen.rx("frames") == sum(want.values()), "the frames")
    ksft_eq(seen.queues("rx", "frames"), dict(want), "queues")
    counts = {o["keys"]["enc_key_id"] >> 8: o["actions"][0]["stats"].get("hw_packets", 0)
              for o in tc.list().values()}
    ksft_eq(len(counts), FILTERS, "filters")
    ksft_eq([n for n, count in counts.items() if count != int(n % 8 == 0)], [],
            "filters that count wrong")
    ksft_eq(sum(frames for frames, _ in rule_counts(PAIR.b, "tc").values()), sum(want.values()),
            "frames of all rules in debugfs")


@ksft_case
def under_traffic():
    """Filters for a stream come, change and go; it must not notice."""
    stream = Stream(PAIR.a, PAIR.b)
    port = stream.server.getsockname()[1]
    seen = Watch(PAIR.b)
    tc = Tc(PAIR.b)
    for n in range(30):
        prio = tc.add(f"ip_proto tcp dst_port {port}", to(n % 7 + 1), prio=100 - n, protocol="ip")
        tc.add(f"enc_key_id {n << 8}", "drop", prio=200 + n)
        stream.moving(1 << 16)
        if n % 2:
            tc.delete(prio)
    stream.moving()
    stream.check()
    ksft_ge(len(seen.queues("rx", "frames")), QUEUES - 1, "queues that the stream was on")
    ksft_eq(seen["wire_rx_drop_rule"], 0, "frames dropped by a rule")
    ksft_eq(seen.rx("missed") + seen.rx("err_desc") + seen["csr_bad"], 0, "what must not be")


ksft_run(setup)
