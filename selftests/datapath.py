#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# seconds: 40
# cpus: 2
"""The plain data path: sizes, addresses, carrier, statistics, namespaces, flow
control, the wire tap.

Copyright (C) 2026 nvnic contributors
"""

import contextlib
import fcntl
import os
import random
import re
import socket
import struct
import time

from lib.capture import Capture
from lib.frames import (ETH_P_IP, ICMP, SO_RCVBUFFORCE, UDP, Listener, Sender, addr, dissect, eth,
                        ipv4, mac, udp)
from lib.hwstats import Watch, hwstats
from lib.ktap import (ksft_case, ksft_eq, ksft_ge, ksft_in, ksft_le, ksft_run, ksft_true,
                      ksft_variants)
from lib.nvnic import WIRE, Pair, Port, Transfer, netns_add, new_adapter
from lib.shell import KsftSkipEx, cmd, defer, in_netns, wait_for
from lib.stream import Stream

PAIR = None
DATA = random.Random(1).randbytes(1 << 16)


def setup():
    global PAIR
    PAIR = Pair(ns_a=None)
    cmd(f"ip link set {WIRE} up")
    defer(cmd, f"ip link set {WIRE} down", fail=False)


def set_mtu(mtu):
    for port in PAIR.ports:
        port.set(f"mtu {mtu}")
        defer(back_to_1500, port)


def back_to_1500(port):
    """Below 1280 IPv6 leaves the interface and takes its addresses along."""
    port.set("mtu 1500")
    port.cmd(f"ip addr replace {port.v6}/64 dev {port} nodad")


def udp_pair(pair):
    """A connected socket on the first port and the one on the second that it sends to."""
    with in_netns(pair.b.ns):
        there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with in_netns(pair.a.ns):
        here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for sock in (here, there):
        defer(sock.close)
        sock.settimeout(10)
    there.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
    there.bind((pair.b.v4, 0))
    here.bind((pair.a.v4, 0))
    here.connect(there.getsockname()[:2])
    there.connect(here.getsockname()[:2])
    return here, there


# ---- sizes ----

@ksft_variants((mtu, family) for mtu in (68, 552, 1500, 1665, 9216) for family in (4, 6)
               if family == 4 or mtu >= 1280)
def ping(mtu, family):
    """Pings of all sizes up to the MTU, never fragmented."""
    set_mtu(mtu)
    head = 28 if family == 4 else 48
    for size in sorted({0, 1, 18, mtu // 2, mtu - head - 1, mtu - head}):
        cmd(f"ping -{family} -c 2 -i 0.02 -W 10 -M do -s {size} {PAIR.b.addr(family)}")


def spans():
    """Payload sizes of datagrams around the ends of receive buffers at a large MTU."""
    for edge in (1664, 3712, 7424):
        for step in (-1, 0, 1):
            yield edge - 42 + step
    yield 9216 - 28


@ksft_case
def jumbo_bytes():
    """A frame that fills several receive buffers is whole."""
    set_mtu(9216)
    here, there = udp_pair(PAIR)
    for size in spans():
        here.send(DATA[size:size + size])
        ksft_eq(there.recv(1 << 16), DATA[size:size + size], f"datagram of {size} bytes")
        there.send(DATA[:size])
        ksft_eq(here.recv(1 << 16), DATA[:size], f"answer of {size} bytes")


@ksft_case
def larger_than_peer_takes():
    """A frame beyond the receiver's MTU and two tags is dropped there, and counted."""
    PAIR.a.set("mtu 9000")
    defer(PAIR.a.set, "mtu 1500")
    sender = Sender("nvn0")
    listener = Listener("nvn1", ns="b", match=lambda f: f[12:14] == b"\x88\xb5")
    own, peer = mac(PAIR.a.mac()), mac(PAIR.b.mac())
    seen = Watch(PAIR.b)
    for length in (1522, 1523, 1600, 9014, 60):
        sender.send(eth(peer, own, 0x88b5, DATA[:length - 14]))
    ksft_eq([len(f) for f in listener.take(2)], [1522, 60], "lengths received")
    ksft_eq(seen["wire_rx_drop_oversize"], 3, "wire_rx_drop_oversize")


@ksft_case
def mtu_shrinks_under_traffic():
    stream = Stream(PAIR.a, PAIR.b)
    # The receiver's must never be the smaller one.
    for mtu, order in ((9216, "ba"), (1400, "ab"), (9216, "ba"), (576, "ab"), (1500, "ba")):
        for side in order:
            (PAIR.a if side == "a" else PAIR.b).set(f"mtu {mtu}")
            stream.moving()
    for port in PAIR.ports:
        back_to_1500(port)
    stream.check()


@ksft_variants(["software-sg", "threads", "small-rings"])
def both_ways(how):
    """TCP in both directions at once."""
    if how == "software-sg":
        PAIR.a.set_features(tx_scatter_gather=False)
    elif how == "threads":
        for port in PAIR.ports:
            port.set_priv_flag("engine-threads", True)
    else:
        for port in PAIR.ports:
            port.cmd(f"ethtool -G {port} rx 64 tx 64")
            defer(port.cmd, f"ethtool -G {port} rx 1024 tx 1024")
    seen = [Watch(port) for port in PAIR.ports]
    transfers = [Transfer(PAIR.a, PAIR.b, 6 << 20), Transfer(PAIR.b, PAIR.a, 6 << 20, family=6)]
    again = [t.check() for t in transfers]
    ksft_le(sum(again), 20, "retransmitted segments")
    for watch in seen:
        lost = {k: v for k, v in watch.delta().items()
                if re.match(r"(tx|rx)_(drop|missed|err|bad)|dma_faults|csr_bad", k)}
        ksft_eq(lost, {}, f"what went wrong on {watch.port}")


# ---- addresses ----

OTHER, GROUP = mac("02:00:00:00:be:ef"), mac("01:00:5e:7f:00:07")
SIOCADDMULTI, SIOCDELMULTI = 0x8931, 0x8932


def groups_of(port, groups, request):
    """Join or leave many groups: "ip -batch" ends after its first "maddr"."""
    with in_netns(port.ns):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sock:
        for group in groups:
            fcntl.ioctl(sock, request, struct.pack("16sH14s", port.ifname.encode(), 0, group))


def arrives(listener, sender, dst, marker=[0]):
    """Does a frame to this address come out of nvn1? A broadcast after it tells."""
    marker[0] += 1
    own = mac(PAIR.a.mac())
    sender.send(eth(dst, own, 0x88b5, struct.pack("!I", marker[0])))
    sender.send(eth(b"\xff" * 6, own, 0x88b6, struct.pack("!I", marker[0])))
    got = listener.take(1)
    if got and got[0][12:14] == b"\x88\xb5":
        return len(listener.take(1)) == 1
    ksft_eq(len(got), 1, "the broadcast that follows")
    return False


def filters():
    """On one CPU, so that all goes through one TX queue, in order."""
    defer(os.sched_setaffinity, 0, os.sched_getaffinity(0))
    os.sched_setaffinity(0, {0})
    return Sender("nvn0"), Listener("nvn1", ns="b",
                                    match=lambda f: f[12:14] in (b"\x88\xb5", b"\x88\xb6"))


@ksft_case
def unicast_filter():
    sender, listener = filters()
    seen = Watch(PAIR.b)
    ksft_true(arrives(listener, sender, mac(PAIR.b.mac())), "own address")
    ksft_true(not arrives(listener, sender, OTHER), "somebody else's address")
    ksft_ge(seen["wire_rx_drop_filtered"], 1, "wire_rx_drop_filtered")
    PAIR.b.set("promisc on")
    ksft_true(arrives(listener, sender, OTHER), "somebody else's address, promiscuous")
    PAIR.b.set("promisc off")
    ksft_true(not arrives(listener, sender, OTHER), "somebody else's address again")
    PAIR.b.cmd(f"bridge fdb add {OTHER.hex(':')} dev nvn1 self permanent")
    defer(PAIR.b.cmd, f"bridge fdb del {OTHER.hex(':')} dev nvn1 self", fail=False)
    ksft_true(arrives(listener, sender, OTHER), "an address added with bridge fdb")
    PAIR.b.cmd(f"bridge fdb del {OTHER.hex(':')} dev nvn1 self")
    ksft_true(not arrives(listener, sender, OTHER), "an address that was removed")
    PAIR.b.cmd(f"ip link add mv0 link nvn1 address {OTHER.hex(':')} type macvlan mode bridge")
    defer(PAIR.b.cmd, "ip link del mv0", fail=False)
    PAIR.b.cmd("ip link set mv0 up")
    on_macvlan = Listener("mv0", ns="b", match=lambda f: f[12:14] == b"\x88\xb5")
    sender.send(eth(OTHER, mac(PAIR.a.mac()), 0x88b5, b"to the macvlan"))
    ksft_eq(len(on_macvlan.take(1)), 1, "frames at the macvlan")


@ksft_case
def multicast_filter():
    sender, listener = filters()
    ksft_true(not arrives(listener, sender, GROUP), "a group not joined")
    PAIR.b.cmd(f"ip maddr add {GROUP.hex(':')} dev nvn1")
    defer(PAIR.b.cmd, f"ip maddr del {GROUP.hex(':')} dev nvn1", fail=False)
    seen = Watch(PAIR.b)
    ksft_true(arrives(listener, sender, GROUP), "a group joined")
    ksft_ge(seen["wire_rx_multicast"], 1, "wire_rx_multicast")
    PAIR.b.cmd(f"ip maddr del {GROUP.hex(':')} dev nvn1")
    ksft_true(not arrives(listener, sender, GROUP), "a group left")
    PAIR.b.set("allmulticast on")
    ksft_true(arrives(listener, sender, GROUP), "any group with allmulticast")
    ksft_true(not arrives(listener, sender, OTHER), "a unicast address with allmulticast")
    PAIR.b.set("allmulticast off")
    ksft_true(not arrives(listener, sender, GROUP), "a group without allmulticast")


@ksft_case
def more_addresses_than_filters():
    """From the 64th address on the port takes all groups rather than miss one."""
    sender, listener = filters()
    groups = [mac(f"01:00:5e:01:00:{n:02x}") for n in range(80)]
    groups_of(PAIR.b, groups, SIOCADDMULTI)
    try:
        for group in (groups[0], groups[40], groups[79], GROUP):
            ksft_true(arrives(listener, sender, group), f"group {group.hex(':')}")
        ksft_true(not arrives(listener, sender, OTHER), "somebody else's unicast address")
    finally:
        groups_of(PAIR.b, groups, SIOCDELMULTI)
    ksft_true(not arrives(listener, sender, groups[79]), "a group that was left")


@ksft_case
def address_changes_live():
    old = PAIR.b.mac()
    defer(PAIR.b.set, f"address {old}")
    sender, listener = filters()
    PAIR.b.set(f"address {OTHER.hex(':')}")
    ksft_true(arrives(listener, sender, OTHER), "the new address")
    ksft_true(not arrives(listener, sender, mac(old)), "the old address")
    cmd("ip neigh flush dev nvn0")
    cmd("ping -c 1 -W 5 10.9.0.2")
    PAIR.b.set("address 01:00:00:00:00:01", expect_fail=True)
    ksft_eq(PAIR.b.mac(), OTHER.hex(":"), "address after a group address was refused")


# ---- link ----

@ksft_variants(["a", "b"])
def carrier_follows_peer(which):
    port, peer = (PAIR.a, PAIR.b) if which == "a" else (PAIR.b, PAIR.a)
    for _ in range(3):
        peer.down()
        port.wait_carrier(False)
        peer.up()
        port.wait_carrier()
        peer.wait_carrier()
    peer.cmd(f"ip addr replace {peer.v6}/64 dev {peer} nodad")
    port.cmd(f"ping -c 1 -W 5 {peer.v4}")


@ksft_case
def speed_is_told():
    text = cmd("ethtool nvn0").stdout
    ksft_true(re.search(r"Speed: \d+Mb/s", text) and "Duplex: Full" in text, text)
    ksft_in("Link detected: yes", text)


# ---- statistics ----

def new_pair():
    """The ports of a second adapter, and a capture of all that they ever send."""
    names = new_adapter(1)
    capture = Capture("nvnwire1")
    for name in names:
        cmd(f"ip link set {name} promisc on")
    return Pair("c", "d", ifnames=names), capture


@ksft_variants(["lso", "no-lso", "uso"])
def stats_count_the_wire(how):
    """ip -s link counts frames of the wire, not super-frames, and all their bytes."""
    pair, cap = new_pair()
    own = mac(pair.a.mac())
    if how == "no-lso":
        pair.a.set_features(tx_tcp_segmentation=False, tx_tcp6_segmentation=False)
    if how == "uso":
        here, there = udp_pair(pair)
        here.setsockopt(socket.IPPROTO_UDP, 103, 1000)
        for _ in range(20):
            here.send(DATA[:50500])
            for _ in range(51):
                there.recv(1 << 16)
    else:
        Transfer(*pair.ports, 2 << 20).check()

    apart = None

    def agree():
        """Do the stack's counters and the frames of the wire?"""
        nonlocal apart
        stats = [port.link()["stats64"] for port in pair.ports]
        frames = cap.drain()
        sent = [f for f in frames if f[6:12] == own]
        back = [f for f in frames if f[6:12] != own]
        ksft_ge(len(sent), 1000, "frames on the wire")
        apart = [f"{way}_{unit} of {port}: {told[way][unit]} is not {number}"
                 for port, told, tx, rx in zip(pair.ports, stats, (sent, back), (back, sent))
                 for way, what in (("tx", tx), ("rx", rx))
                 for unit, number in (("packets", len(what)), ("bytes", sum(map(len, what))))
                 if told[way][unit] != number]
        return not apart
    # A driver counts when it looks at the completions.
    with contextlib.suppress(AssertionError):
        wait_for(agree, "the drivers to count it all")
    ksft_eq(apart, [], "counted by the stack and seen on the wire")
    cap.stop()


def without_discovery():
    """No frame of IPv6 neighbour or group discovery until the case ends."""
    for port in PAIR.ports:
        port.set_ipv6(False)
        defer(port.set_ipv6, True)


def settle():
    """Until both ports have been silent for a moment."""
    last = None

    def silent():
        nonlocal last
        now = [hwstats(p)["wire_tx_frames"] for p in PAIR.ports]
        last, same = now, now == last
        time.sleep(0.05)
        return same
    wait_for(silent, "the wire to fall silent")


def busy_counters(port):
    """Sums over queues, which -L must not make smaller."""
    return {k: v for k, v in hwstats(port).items() if v and not re.match(r"(hw_)?[tr]x\d", k)}


@ksft_case
def counters_survive():
    """Down and up, other rings, fewer channels: no counter goes back."""
    defer(PAIR.a.cmd, "ethtool -L nvn0 combined 2")
    defer(PAIR.a.cmd, "ethtool -G nvn0 rx 1024 tx 1024")
    defer(back_to_1500, PAIR.a)
    PAIR.a.cmd("ethtool -L nvn0 combined 4")
    Transfer(PAIR.a, PAIR.b, 1 << 20).check()
    for change in ("ip link set nvn0 down", "ip link set nvn0 up", "ethtool -G nvn0 rx 256 tx 128",
                   "ethtool -L nvn0 combined 1", "ip link set nvn0 mtu 9000",
                   "ethtool -L nvn0 combined 3"):
        before = busy_counters(PAIR.a), PAIR.a.link()["stats64"], PAIR.a.qstats()
        cmd(change)
        after = busy_counters(PAIR.a), PAIR.a.link()["stats64"], PAIR.a.qstats()
        for old, new in zip(before, after):
            for name, value in old.items():
                if isinstance(value, dict):
                    for sub, number in value.items():
                        ksft_ge(new[name][sub], number, f"{name} {sub} after {change}")
                else:
                    ksft_ge(new[name], value, f"{name} after {change}")
    back_to_1500(PAIR.a)
    PAIR.a.wait_carrier()
    Transfer(PAIR.a, PAIR.b, 1 << 20).check()


@ksft_case
def conservation():
    """What was sent is what was delivered and what was dropped, cause by cause."""
    without_discovery()
    PAIR.a.set("mtu 3000")
    defer(PAIR.a.set, "mtu 1500")
    sender, own, peer = Sender("nvn0"), mac(PAIR.a.mac()), mac(PAIR.b.mac())
    tx, rx = Watch(PAIR.a), Watch(PAIR.b)
    for n in range(90):
        dst, length = ((peer, 100), (OTHER, 200), (peer, 2000))[n % 3]
        sender.send(eth(dst, own, 0x88b5, bytes(length)))
    wait_for(lambda: tx["wire_tx_frames"] >= 90, "90 frames on the wire")
    settle()
    there = rx.delta()
    ksft_eq(there["wire_rx_frames"], tx["wire_tx_frames"], "frames received by the port")
    drops = {k: v for k, v in there.items() if k.startswith("wire_rx_drop")}
    ksft_eq(drops, {"wire_rx_drop_filtered": 30, "wire_rx_drop_oversize": 30}, "drops")
    ksft_eq(there["rx_frames"] + there["rx_missed"] + sum(drops.values()),
            there["wire_rx_frames"], "delivered and dropped")
    ksft_eq(tx.delta()["tx_frames"], tx.delta()["tx_requests"], "frames of the TX queues")


@ksft_case
def bql():
    """Byte queue limits see the queues fill and empty."""
    if os.cpu_count() == 1:
        raise KsftSkipEx("one CPU completes all frames before another task can look")
    base = "/sys/class/net/nvn0/queues"
    stream = Stream(PAIR.a, PAIR.b)

    def value(name):
        total_ = 0
        for queue in os.listdir(base):
            if queue.startswith("tx-"):
                with open(f"{base}/{queue}/byte_queue_limits/{name}") as knob:
                    total_ += int(knob.read())
        return total_
    peak = 0
    end = time.monotonic() + 20
    while not peak and time.monotonic() < end:
        peak = value("inflight")
    stream.check()
    wait_for(lambda: value("inflight") == 0, "all bytes to be completed")
    ksft_ge(peak, 60, "bytes in flight at some time")


# ---- namespaces ----

MOVES = (("b",), ("a",), ("a", "b"), ("b", "a"), ("a", "b", "w"), ("w", "b", "a", "b", "a"))


@ksft_variants({"-".join(moves): (moves,) for moves in MOVES})
def netns(moves):
    """Ports and tap go to other namespaces in any order, and come back."""
    names = {"a": "nvn0", "b": "nvn1", "w": WIRE}
    where = {"a": None, "b": "b", "w": None}
    spare = [netns_add(f"spare{n}") for n in range(len(moves))]

    def move(which, target):
        cmd(f"ip link set {names[which]} netns {target or '/proc/1/ns/net'}", ns=where[which])
        where[which] = target
        port = Port(names[which], target)
        if which in "ab":
            port.address(f"10.9.0.{'ab'.index(which) + 1}/24", f"fd09::{'ab'.index(which) + 1}/64")
        port.up()

    def go_home():
        for which, home in (("w", None), ("b", "b"), ("a", None)):
            if where[which] != home:
                move(which, home)
    defer(go_home)
    for which, target in zip(moves, spare):
        move(which, target)
        cmd("ping -c 1 -W 10 -w 10 10.9.0.2", ns=where["a"])
        cmd("ping -c 1 -W 10 -w 10 fd09::1", ns=where["b"])


@ksft_case
def dying_netns_gives_port_back():
    home = netns_add("dying")
    cmd(f"ip link set nvn1 netns {home}", ns="b")
    cmd("ip link set nvn1 up", ns=home)
    PAIR.a.wait_carrier()
    cmd(f"ip netns del {home}")
    wait_for(lambda: os.path.isdir("/sys/class/net/nvn1"), "nvn1 in the first namespace")
    PAIR.a.wait_carrier(False)
    cmd("ip link set nvn1 netns b")
    PAIR.b.address("10.9.0.2/24", "fd09::2/64")
    PAIR.b.up()
    PAIR.a.wait_carrier()
    cmd("ping -c 1 -W 5 10.9.0.2")


# ---- the tap ----

@ksft_case
def tap_shows_both_ways():
    with Capture() as cap:
        cmd("ping -c 3 -i 0.02 -s 100 10.9.0.2")
        icmp = [f for f in cap.stop() if f[12:14] == b"\x08\x00" and f[23] == ICMP]
    ksft_eq([f[34] for f in icmp], [8, 0] * 3, "requests and answers, in turn")
    for f in icmp:
        dissect(f)


@ksft_case
def tap_down_shows_nothing():
    cmd(f"ip link set {WIRE} down")
    defer(cmd, f"ip link set {WIRE} up")
    before = Port(WIRE).link()["stats64"]
    cmd("ping -c 2 -i 0.02 10.9.0.2")
    ksft_eq(Port(WIRE).link()["stats64"], before, "statistics of the tap")


@ksft_case
def tap_takes_nothing():
    """The tap listens: it has no address, and what is sent to it goes nowhere."""
    ksft_eq(cmd(f"ip -6 addr show dev {WIRE}").stdout, "", "IPv6 addresses of the tap")
    seen = [Watch(p) for p in PAIR.ports]
    listener = Listener("nvn1", ns="b", match=lambda f: f[12:14] == b"\x88\xb7")
    Sender(WIRE).send(eth(mac(PAIR.b.mac()), OTHER, 0x88b7, DATA[:100]))
    Sender("nvn0").send(eth(mac(PAIR.b.mac()), OTHER, 0x88b7, b"marker"))
    got = listener.take(1)
    ksft_eq(got[0][14:20], b"marker", "the first frame to arrive")
    ksft_ge(seen[0]["wire_tx_frames"], 1, "frames of the port")


# ---- flow control and full rings ----

def burst(sender, count):
    """Super-frames of tiny datagrams: far more frames than a small ring has buffers."""
    own, peer = mac(PAIR.a.mac()), mac(PAIR.b.mac())
    src, dst = addr("10.1.0.1"), addr("10.1.0.2")
    frame = eth(peer, own, ETH_P_IP, ipv4(src, dst, UDP, udp(src, dst, 7, 7, DATA[:1270],
                                                           check="seed")), pad=False)
    for _ in range(count):
        sender.send_super(frame, 10)
    return count * 127


def deep_queue():
    """A queueing discipline that drops nothing: what is lost is the NIC's affair."""
    cmd("tc qdisc replace dev nvn0 root pfifo limit 20000")
    defer(cmd, "tc qdisc del dev nvn0 root")


def small_receiver():
    deep_queue()
    PAIR.b.cmd("ethtool -G nvn1 rx 64")
    defer(PAIR.b.cmd, "ethtool -G nvn1 rx 1024")
    PAIR.a.wait_carrier()


@ksft_case
def flow_control_loses_nothing():
    small_receiver()
    sender = Sender("nvn0", vnet=True)
    tx, rx = Watch(PAIR.a), Watch(PAIR.b)
    sent = burst(sender, 100)
    wait_for(lambda: rx["rx_frames"] >= sent, f"{sent} frames", timeout=30)
    ksft_ge(tx["tx_held"], 1, "times held back")
    ksft_eq(rx["rx_missed"], 0, "rx_missed")
    ksft_eq(tx["uso_frames"], sent, "uso_frames")
    text = cmd("ethtool -I -a nvn0", fail=False).stdout
    if "rx_pause_frames" in text:
        ksft_ge(int(re.search(r"rx_pause_frames: (\d+)", text)[1]), 1, "pause frames")


@ksft_variants(["sender", "receiver"])
def without_flow_control(who):
    """Then the receiver drops what it has no buffer for, and counts it."""
    small_receiver()
    port, way = (PAIR.a, "rx") if who == "sender" else (PAIR.b, "tx")
    port.cmd(f"ethtool -A {port} {way} off")
    defer(port.cmd, f"ethtool -A {port} {way} on")
    sender = Sender("nvn0", vnet=True)
    tx, rx = Watch(PAIR.a), Watch(PAIR.b)
    before = PAIR.b.link()["stats64"]["rx"]
    sent = burst(sender, 100)
    wait_for(lambda: tx["uso_frames"] == sent, f"{sent} frames sent", timeout=30)
    settle()
    there = rx.delta()
    ksft_ge(there["rx_missed"], 1, "rx_missed")
    ksft_eq(there["rx_frames"] + there["rx_missed"] + there["wire_rx_drop_filtered"],
            there["wire_rx_frames"], "frames")
    ksft_eq(tx["tx_held"], 0, "tx_held")
    after = PAIR.b.link()["stats64"]["rx"]
    ksft_eq(after["missed_errors"] - before["missed_errors"], there["rx_missed"],
            "rx_missed_errors of ip -s -s link")


@ksft_case
def flow_control_off_under_hold():
    """Switching flow control off frees a sender that is being held."""
    small_receiver()
    sender = Sender("nvn0", vnet=True)
    seen = Watch(PAIR.a)
    defer(PAIR.a.cmd, "ethtool -A nvn0 rx on tx on")
    sent = 0
    for n in range(10):
        sent += burst(sender, 30)
        cmd(f"ethtool -A nvn0 rx {('off', 'on')[n % 2]}")
    wait_for(lambda: seen["uso_frames"] == sent, f"{sent} frames sent", timeout=30)


@ksft_case
def full_tx_ring_loses_nothing():
    """64 descriptors: the queue stops and wakes, the receiver gets it all."""
    PAIR.a.cmd("ethtool -G nvn0 tx 64")
    defer(PAIR.a.cmd, "ethtool -G nvn0 tx 1024")
    PAIR.a.wait_carrier()
    deep_queue()
    here, there = udp_pair(PAIR)
    tx = Watch(PAIR.a)
    for n in range(2000):
        here.send(struct.pack("!I", n) + DATA[:400])
    for n in range(2000):
        ksft_eq(struct.unpack("!I", there.recv(2000)[:4])[0], n, "datagram")
    lost = tx["tx_drop"] + tx["tx_busy"] + tx["tx_dma_map_err"]
    ksft_eq(lost, 0, "dropped or refused by the driver")


ksft_run(setup)
