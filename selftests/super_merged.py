#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# timeout: 300
# seconds: 20
"""Super-frames that receive offload has merged leave again whole, with the headers that
they came with, or with others.

   a: nvn0 --- nvn1 :b: (first of adapter 1) --- (second) :c

What merges loses nothing: out must come, byte for byte, what went in, each frame with its
headers changed as they were.

Copyright (C) 2026 nvnic contributors
"""

import random
import socket
import struct

from lib import bpf
from lib.frames import ACK, ETH_P_IP, ETH_P_IPV6, PSH, Listener, Sender, dissect, eth, mac, same
from lib.hwstats import Watch
from lib.ktap import ksft_eq, ksft_ge, ksft_pr, ksft_run, ksft_true, ksft_variants
from lib.nvnic import Pair, Port
from lib.ovs import Datapath, pop_eth, push_eth, push_mpls, push_nsh
from lib.shell import cmd, defer, in_netns, undo, undo_depth
from lib.stacks import A, B, ETH_P_MPLS, ETH_P_NSH, ETH_P_OWN, build, load_segmenters

PAIR = OUT = None
MSS, BURST = 600, 14
DATA = random.Random(7).randbytes(MSS * BURST)
C = mac("02:00:00:00:00:03")


def setup():
    global PAIR, OUT
    load_segmenters()
    PAIR = Pair()
    OUT, far = PAIR.next_hop()
    for port in (OUT, far):
        port.wait_carrier()
    for wire in ("nvnwire0", "nvnwire1"):
        cmd(f"ip link set {wire} up")
        defer(cmd, f"ip link set {wire} down", fail=False)
    # The measure: a veth that does nothing by itself.
    PAIR.b.cmd("ip link add m0 type veth peer name m1")
    PAIR.b.cmd("ethtool -K m0 tso off gso off tx-udp-segmentation off tx off")
    for dev in ("m0", "m1"):
        PAIR.b.cmd(f"ip link set {dev} up addrgenmode none")
    # One poll finds the whole burst.
    PAIR.b.cmd(f"ethtool -C nvn1 adaptive-rx off rx-usecs 60000 rx-frames {BURST}")
    defer(PAIR.b.cmd, "ethtool -C nvn1 adaptive-rx on")
    PAIR.b.set("promisc on")


# How frames are merged: features of the port that receives them
HOW = {
    "tcp": {"rx_gro_list": False},
    "udp": {"rx_udp_gro_forwarding": True},
    "list": {"rx_gro_list": True},
}


def burst(stack):
    return [build(stack, DATA[n * MSS:][:MSS], seq=n * MSS, ident=n, check=None,
                  flags=ACK | PSH if n == BURST - 1 else ACK)[0] for n in range(BURST)]


class Through:
    """Bursts from nvn0 to nvn1, those to B on to the second adapter, and those to C to the
    measure."""

    def __init__(self):
        self.sender, self.seen, self.lines = Sender("nvn0", ns="a"), Watch(OUT), []
        self.tap = Listener("nvnwire1", match=is_ours)
        self.measure = Listener("m1", ns="b", match=is_ours)

    def burst(self, name, frames, want, blank=None):
        """What comes out must be WANT."""
        mark = self.seen.delta()
        for frame in frames:
            self.sender.send(frame)
        same(name, [bytes(f) for f in self.tap.take(len(want))], want, blank)
        now = self.seen.delta()
        native, software = (sum(now[row] - mark[row] for row in rows)
                            for rows in (("lso_native", "uso"), ("lso_software",)))
        self.lines.append(f"{name}: {native} cut by the device, {software} in software")

    def kernel_takes(self, name, frames, change):
        """Does the kernel send these, with nobody's help?"""
        frames = [C + frame[6:] for frame in frames]
        for frame in frames + [eth(C, A, ETH_P_OWN, b"mark")]:
            self.sender.send(frame)
        got = []
        while not got or b"mark" not in got[-1]:
            more = self.measure.take(1)
            ksft_true(more, "the frame behind the burst came")
            got.append(bytes(more[0]))
        if got[:-1] == [change(frame) for frame in frames]:
            return True
        self.lines.append(f"{name}: the kernel itself sends {len(got) - 1} of {BURST}")
        return False

    def both(self, name, frames, change):
        """What comes out of FRAMES must be what change() makes of each, unless the kernel makes
        something else."""
        if self.kernel_takes(name, frames, change):
            self.burst(name, frames, [change(frame) for frame in frames])

    def end(self, native=0, software=0):
        """So many super-frames at least"""
        ksft_pr("\n".join(self.lines))
        delta = self.seen.delta()
        ksft_eq({k: v for k, v in delta.items() if k.startswith(("tx_", "hw_tx")) and "drop" in k},
                {}, "dropped")
        ksft_ge(delta["lso_native"] + delta["uso"], native, "super-frames for the device")
        ksft_ge(delta["lso_software"], software, "super-frames for software")


def is_ours(frame):
    return frame[6:12] in (A, B)


TCP = ("ip4 tcp", "ip6 hop tcp", "q ad ip4 tcp", "q q q ip6 tcp", "pppoe ip4 tcp",
       "q pppoe ip6 tcp:12", "ip4 ip6 tcp", "mpls ip4 tcp", "nsh eth ip4 tcp",
       *(f"{outer} {gre} {inner} tcp" for outer in ("ip4", "ip6 dst", "q q q ip4")
         for gre in ("gre.key eth", "gre.csum eth", "gre.key.seq eth", "gre")
         for inner in ("ip4", "q q q ip4", "ip6 dst:200") if gre.endswith("eth") or
         not inner.startswith("q")),
       "ip4 gre.key eth nsh ip6 tcp",
       "ip4 gre.key eth mpls ip4 tcp", "ip4 gre ip4 gre ip4 tcp", "ip6 ah gre.key eth ip4 tcp")
UDP = ("ip4 udp", "ip6 udp", "ip6 dst udp", "q ad ip4 udp", "q q q ip6 udp", "pppoe ip4 udp",
       "mpls ip4 udp", "ip4 gre.key eth ip4 udp", "ip6 gre.csum ip6 udp",
       "ip4 gre.key.seq eth ip6 udp", "ip4 ip4 udp")
# Linux 7.3 loses a list behind a tunnel by itself, and warns (kernel-faults.rst).
LIST = tuple(stack for stack in TCP + UDP if stack.count("ip") == 1)
STACKS = {"tcp": TCP, "udp": UDP, "list": LIST}


def make_bridge(*devs):
    PAIR.b.cmd("ip link add br0 type bridge mcast_snooping 0")
    defer(PAIR.b.cmd, "ip link del br0")
    for dev in devs:
        PAIR.b.cmd(f"ip link set {dev} master br0")
    PAIR.b.cmd("ip link set br0 up addrgenmode none")


@ksft_variants([*HOW])
def bridged(how):
    """Each stack of headers that receive offload may merge."""
    make_bridge(PAIR.b, OUT, "m0")
    for dev, address in ((OUT, B), ("m0", C)):
        PAIR.b.cmd(f"bridge fdb add {address.hex(':')} dev {dev} master static")
    PAIR.b.set_features(**HOW[how])
    through = Through()
    for stack in STACKS[how]:
        through.both(stack, burst(stack), bytes)
    # On 6.12: no receive offload through PPPoE, and of UDP through few headers; a slow guest
    # does not get each burst into one poll.
    through.end(*{"tcp": (5, 10), "udp": (1, 1), "list": (0, 4)}[how])


# ---- XDP in the stack, on a bridge: it sees what has been merged below ----

# Headers before, and after; what stands behind both is not touched.
TURNED = (
    ("ip4", "ip4"), ("ip6 dst", "ip6 dst"), ("ip4", "q ip4"), ("ip6", "ad q ip6"),
    ("ip4", "q q q ip4"), ("ip4", "ip6 gre ip4"), ("ip6", "ip6 gre.key eth ip6"),
    ("ip4", "ad q ip6 gre.key eth q ip4"), ("ip4", "ip6 gre.csum ip4"),
    ("ip4 gre.key eth ip4", "ip4"), ("ip6 gre.csum eth ip6", "ip6"),
    ("ip6 gre eth ip4", "ip6 gre.key eth ip4"), ("ip6 gre.key.seq eth ip4", "ip4"),
    ("ip4", "nsh ip4"), ("ip6", "nsh eth ip6"), ("nsh eth ip4", "ip4"), ("pppoe ip4", "ip4"),
    ("mpls ip6", "ip6"), ("ip4 ip4", "ip4"), ("ip4 ip6", "ip6"),
)


def heads(before, after, l4):
    """What frames begin with, and what they are to begin with and go back."""
    old, new = f"{before} {l4}".split(), f"{after} {l4}".split()
    common = 0
    while old[-1 - common:] == new[-1 - common:] and common < min(len(old), len(new)):
        common += 1
    # The EtherType in front is not common.
    tail = len(build(" ".join(old[-common:]), DATA[:MSS])[0]) - 14
    old, new = (build(" ".join(words), DATA[:MSS], check=None)[0][:-tail] for words in (old, new))
    return old, A + B + new[12:]


@ksft_variants((how, frags, tag) for how in HOW for frags in ("", "frags") for tag in ("", "q"))
def turned_by_xdp(how, frags, tag):
    """XDP sends them on with other headers in front, and tells nobody. A first tag stays beside
    the frame."""
    make_bridge(PAIR.b)
    PAIR.b.cmd(f"ip link set br0 address {B.hex(':')}")
    OUT.set("mtu 9000")
    defer(OUT.set, "mtu 1500")
    OUT.wait_carrier()
    with in_netns("b"):
        ifindex = socket.if_nametoindex(OUT.ifname)
    PAIR.b.set_features(**HOW[how])
    through = Through()
    for before, after in TURNED:
        # Software cuts behind GRE only what a tunnel has made.
        if "gre" in after and (how == "list" or after.startswith("ad q") and tag):
            continue
        for l4 in {"tcp": ("tcp", "tcp:12"), "udp": ("udp",), "list": ("tcp", "udp")}[how]:
            depth = undo_depth()
            old, new = heads(before, after, l4)
            bpf.attach_xdp(Port("br0", "b"), bpf.xdp_turn(old, new, ifindex), bool(frags))
            frames = burst(f"{tag} {before} {l4}")
            beside = frames[0][12:16] if tag else b""
            want = [new[:12] + beside + new[12:] + frame[len(old) + len(beside):]
                    for frame in frames]
            through.burst(f"{before} to {after}, {l4}", frames, want, gre_csum(want[0]))
            for error in undo(depth):
                raise error
    through.end(0 if how == "list" else 8, 5)


def gre_csum(frame):
    """Where the checksum in a GRE header is, None if there is none."""
    gre = [layer for layer in dissect(frame, check=False) if layer.name == "gre"]
    return gre[0].off + 4 if gre and gre[0].flags & 0x8000 else None


# ---- Open vSwitch ----

PATH, CONTEXT = 7 << 8 | 255, bytes(range(16))


def nsh(protocol):
    """The header that push_nsh() puts in front of what has this number."""
    return struct.pack("!HBBI16s", 63 << 6 | 6, 1, protocol, PATH, CONTEXT)


# (actions for frames to an address, what they make of a frame)
VSWITCH = {
    "mpls": (lambda to: (push_mpls(100),),
             lambda frame: frame[:12] + struct.pack("!HI", ETH_P_MPLS, 100 << 12 | 1 << 8 | 64) +
             frame[14:]),
    "nsh-ethernet": (lambda to: (push_nsh(PATH, CONTEXT), push_eth(A, to)),
                     lambda frame: eth(frame[:6], A, ETH_P_NSH, nsh(3) + frame)),
    "nsh-ip": (lambda to: (pop_eth(), push_nsh(PATH, CONTEXT), push_eth(A, to)),
               lambda frame: eth(frame[:6], A, ETH_P_NSH,
                                 nsh(1 if frame[12:14] == b"\x08\0" else 2) + frame[14:])),
}


@ksft_variants((name, how) for name in VSWITCH for how in HOW)
def through_open_vswitch(name, how):
    """Its datapath pushes headers that not every kernel's tc knows."""
    actions, change = VSWITCH[name]
    path = Datapath("b")
    for kind in (ETH_P_IP, ETH_P_IPV6):
        path.flow(PAIR.b, B, kind, *actions(B), path.output(OUT))
        path.flow(PAIR.b, C, kind, *actions(C), path.output("m0"))
    path.flow(PAIR.b, C, ETH_P_OWN, path.output("m0"))
    PAIR.b.set_features(**HOW[how])
    through = Through()
    for stack in STACKS[how]:
        # What is in another tunnel already, the kernel breaks.
        if stack.startswith("ip") and stack.count("ip") == 1:
            through.both(stack, burst(stack), change)
    through.end(0, 2)


ksft_run(setup)
