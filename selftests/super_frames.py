#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# timeout: 900
# seconds: 60
"""Whatever super-frame the stack hands over leaves whole: cut by the device, or by
software where the device does not know the headers. None is lost, nobody waits.

The kernel is the measure: its own segmentation, over veth without offloads, of the
same super-frame. What it refuses is asked of nobody.

NVNIC_SUPER_FRAMES=N NVNIC_SEED=S: so many random ones, from that seed.

Copyright (C) 2026 nvnic contributors
"""

import fcntl
import mmap
import os
import random
import socket
import statistics
import struct
import time

from lib import bpf
from lib.frames import (ACK, CWR, ETH_P_IP, FIN, GRE, GSO_ECN, GSO_NONE, GSO_TCPV4, GSO_TCPV6,
                        GSO_UDP_L4, PACKET_QDISC_BYPASS, PACKET_TX_RING, PACKET_VERSION,
                        PACKET_VNET_HDR, PSH, SOL_PACKET, Listener, Sender, addr, eth, ipv4,
                        ones_sum, same, vnet_hdr)
from lib.hwstats import Watch
from lib.ktap import ksft_eq, ksft_ge, ksft_le, ksft_pr, ksft_run, ksft_true, ksft_variants
from lib.nvnic import Pair, Port, Transfer, netns_add
from lib.shell import KsftSkipEx, cmd, defer, in_netns, undo, undo_depth
from lib.stacks import A, B, ETH_P_OWN, build, load_segmenters

PAIR = None
MSS = 600
SOFTWARE = dict.fromkeys(("tx_tcp_segmentation", "tx_tcp6_segmentation",
                          "tx_tcp_ecn_segmentation", "tx_tcp_mangleid_segmentation",
                          "tx_gre_segmentation", "tx_gre_csum_segmentation",
                          "tx_udp_segmentation"), False)
DATA = random.Random(7).randbytes(1 << 16)
COUNT = int(os.environ.get("NVNIC_SUPER_FRAMES", 600))
SEED = int(os.environ.get("NVNIC_SEED", 1))


def setup():
    global PAIR
    load_segmenters()
    PAIR = Pair()
    # A super-frame may be more segments than the default ring has descriptors,
    # or its queueing discipline takes, while byte queue limits hold it back.
    PAIR.a.cmd("ethtool -G nvn0 tx 4096")
    defer(PAIR.a.cmd, "ethtool -G nvn0 tx 1024")
    PAIR.a.set("txqueuelen 20000")
    defer(PAIR.a.set, "txqueuelen 1000")
    PAIR.a.wait_carrier()
    cmd("ip link set nvnwire0 up")
    defer(cmd, "ip link set nvnwire0 down", fail=False)
    netns_add("r")
    make_reference()


def make_reference():
    """veth r0 to r1, where the stack does all by itself; r2 to r3 as they are."""
    for one, other in (("r0", "r1"), ("r2", "r3")):
        cmd(f"ip link add {one} type veth peer name {other}", ns="r")
        for dev in (one, other):
            cmd(f"ip link set {dev} up mtu 9000", ns="r")
    cmd("ip addr add 10.9.0.1/24 dev r0", ns="r")
    cmd(f"ip neigh add 10.9.0.2 lladdr {B.hex(':')} dev r0", ns="r")
    cmd("ethtool -K r0 tso off gso off tx-udp-segmentation off tx off", ns="r")
    # A super-frame may be more segments than a backlog takes.
    cmd("sysctl -qw net.core.netdev_max_backlog=20000")
    defer(cmd, "sysctl -qw net.core.netdev_max_backlog=1000")


def no_drops(seen, what=""):
    lost = {k: v for k, v in seen.delta().items() if k.startswith(("tx_", "hw_tx")) and
            "drop" in k}
    ksft_eq(lost, {}, f"{what}: dropped")


# ---- super-frames that are handed over with a virtio_net_hdr ----

class Way:
    """A sender, and a listener where its frames come out. @skip: bytes that are put in
    front of what is sent, @limit: of the longest frame."""

    def __init__(self, sender, listener, skip=0, limit=1 << 16):
        self.sender, self.listener, self.skip, self.limit = sender, listener, skip, limit
        self.number = 0

    def frames(self, frame, hdr):
        """What comes out of a super-frame, None if the kernel does not take it."""
        self.number += 1
        mark = b"mark" + self.number.to_bytes(4, "big")
        # What one CPU sends first also arrives first, through the backlog of a veth, too.
        cpus = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(cpus)})
        try:
            self.sender.send(frame, hdr)
        except OSError:
            return None
        else:
            self.sender.send(self.sender.marked(mark))
        finally:
            os.sched_setaffinity(0, cpus)
        out = []
        while True:
            got = self.listener.take(1)
            ksft_true(got, "the frame behind the super-frame came")
            if mark in bytes(got[0]):
                return out
            out.append(bytes(got[0][self.skip:]))


def marked(mark):
    return eth(B, A, ETH_P_OWN, mark)


class Packets(Sender):
    """A packet socket."""

    def __init__(self, dev, ns, bypass=False):
        super().__init__(dev, ns=ns, vnet=True)
        self.sock.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, int(bypass))

    marked = staticmethod(marked)


class Ring:
    """A packet socket with a transmit ring, of one slot."""

    SLOT, HEAD = 1 << 16, 32

    def __init__(self, dev, ns):
        with in_netns(ns):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        defer(self.sock.close)
        # TPACKET_V2; one block of one frame
        for option, value in ((PACKET_VERSION, struct.pack("=I", 1)),
                              (PACKET_VNET_HDR, struct.pack("=I", 1)),
                              (PACKET_TX_RING, struct.pack("=IIII", self.SLOT, 1, self.SLOT, 1))):
            self.sock.setsockopt(SOL_PACKET, option, value)
        self.ring, self.to = mmap.mmap(self.sock.fileno(), self.SLOT), (dev, 0)
        defer(self.ring.close)

    marked = staticmethod(marked)

    def send(self, frame, hdr=None):
        data = (hdr or vnet_hdr()) + frame
        self.ring[self.HEAD:self.HEAD + len(data)] = data
        # TP_STATUS_SEND_REQUEST
        self.ring[:8] = struct.pack("=II", 1, len(data))
        self.sock.sendto(b"", self.to)


class Tap:
    """A tap device of a virtual machine."""

    KIND = 0x0002   # IFF_TAP

    def __init__(self, ns, name="tap0"):
        # Where it is a module, opening the device does not load it without udev.
        cmd("modprobe -q tun", fail=False)
        with in_netns(ns):
            self.fd = os.open("/dev/net/tun", os.O_RDWR)
            # TUNSETIFF: with IFF_NO_PI, IFF_VNET_HDR
            fcntl.ioctl(self.fd, 0x400454ca,
                        struct.pack("16sH22x", name.encode(), self.KIND | 0x5000))
        defer(os.close, self.fd)
        cmd(f"ip link set {name} up", ns=ns)

    marked = staticmethod(marked)

    def send(self, frame, hdr=None):
        os.write(self.fd, (hdr or vnet_hdr()) + frame)


class Tun(Tap):
    """A tun device, whose packets are routed."""

    KIND = 0x0001   # IFF_TUN

    @staticmethod
    def marked(mark):
        return eth(B, A, ETH_P_IP, ipv4(addr("10.1.0.1"), addr("10.1.0.2"), 253, mark))

    def send(self, frame, hdr=None):
        flags, gso, hdr_len, gso_size, start, offset = struct.unpack("=BBHHHH", hdr or vnet_hdr())
        super().send(frame[14:], struct.pack("=BBHHHH", flags, gso, max(hdr_len - 14, 0), gso_size,
                                             max(start - 14, 0), offset))


def make_bridge(ns, *devs):
    cmd("ip link add br0 type bridge mcast_snooping 0", ns=ns)
    defer(cmd, "ip link del br0", ns=ns)
    for dev in devs:
        cmd(f"ip link set {dev} master br0", ns=ns)
        defer(cmd, f"ip link set {dev} nomaster", ns=ns, fail=False)
    cmd("ip link set br0 up", ns=ns)


def is_ours(frame):
    return frame[6:12] == A or frame[6:12] == B


def is_tunnelled(frame):
    return frame[23:24] == bytes([GRE]) and is_ours(frame[42:])


def is_for_b(frame):
    return frame[:6] == B


def make_tunnel(ns, dev):
    """A tap device, bridged with a tunnel."""
    cmd(f"ip link add t0 type gretap local 10.9.0.1 remote 10.9.0.2 dev {dev} key 7", ns=ns)
    defer(cmd, "ip link del t0", ns=ns, fail=False)
    cmd("ip link set t0 up", ns=ns)
    tap = Tap(ns)
    make_bridge(ns, "t0", "tap0")
    return tap


class Bypass(Way):
    """The measure without a queueing discipline, where segments cannot be told from
    what the stack has lost: what veth as it is does not take is asked of nobody."""

    def __init__(self):
        super().__init__(Packets("r0", "r"), reference())
        self.asked = Packets("r2", "r", True)

    def frames(self, frame, hdr):
        try:
            self.asked.send(frame, hdr)
        except OSError:
            return None
        return super().frames(frame, hdr)


def wire(match=is_ours):
    return Listener("nvnwire0", match=match)


def reference(match=is_ours):
    return Listener("r1", ns="r", match=match)


# Each makes (the Way to look at, the Way of the measure).

def by_packets():
    return Way(Packets("nvn0", "a"), wire()), Way(Packets("r0", "r"), reference())


def by_bypass():
    return Way(Packets("nvn0", "a", True), wire()), Bypass()


def by_ring():
    return Way(Ring("nvn0", "a"), wire()), Way(Ring("r0", "r"), reference())


def by_tap():
    """The measure is a tap, too: the stack loses some of its super-frames before any port."""
    ways = []
    for ns, dev, listener in (("a", "nvn0", wire()), ("r", "r0", reference())):
        ways.append(Way(Tap(ns), listener))
        make_bridge(ns, dev, "tap0")
    return ways


def by_tap_and_gretap():
    return (Way(make_tunnel("a", "nvn0"), wire(is_tunnelled), 42),
            Way(make_tunnel("r", "r0"), reference(is_tunnelled), 42))


def by_tun():
    """Routed to a neighbour."""
    ways = []
    for ns, dev, listener in (("a", "nvn0", wire(is_for_b)), ("r", "r0", reference(is_for_b))):
        tun = Tun(ns, "tun0")
        sysctl(ns, "net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding")
        for family, net, via in ((4, "10.1.0.0/16", "10.9.0.99"), (6, "fd01::/16", "fe80::99")):
            cmd(f"ip -{family} neigh replace {via} lladdr {B.hex(':')} dev {dev}", ns=ns)
            defer(cmd, f"ip -{family} neigh del {via} dev {dev}", ns=ns, fail=False)
            cmd(f"ip -{family} route add {net} via {via} dev {dev}", ns=ns)
            defer(cmd, f"ip -{family} route del {net}", ns=ns)
        ways.append(Way(tun, listener, 14))
    return ways


def by_xdp(frags):
    """From a veth, redirected by XDP in the stack."""
    make_veth("a", "a")
    for dev in ("v0", "v1"):
        cmd(f"ip link set {dev} mtu 20000", ns="a")
    PAIR.a.set("mtu 9000")
    defer(PAIR.a.set, "mtu 1500")
    PAIR.a.wait_carrier()
    with in_netns("a"):
        ifindex = socket.if_nametoindex("nvn0")
    bpf.attach_xdp(Port("v1", "a"), bpf.xdp_redirect(ifindex), frags)
    return (Way(Packets("v0", "a"), wire(), limit=9000), Way(Packets("r0", "r"), reference()))


def sysctl(ns, *names):
    for name in names:
        cmd(f"sysctl -qw {name}=1", ns=ns)
        defer(cmd, f"sysctl -qw {name}=0", ns=ns)


def make_veth(near, far):
    """v0 to v1"""
    cmd("ip link add v0 type veth peer name v1", ns=near)
    defer(cmd, "ip link del v0", ns=near)
    cmd(f"ip link set v1 netns {far}", ns=near)
    for dev, ns in (("v0", near), ("v1", far)):
        cmd(f"ip link set {dev} up addrgenmode none", ns=ns)


TYPES = {("4", "tcp"): GSO_TCPV4, ("6", "tcp"): GSO_TCPV6, ("4", "udp"): GSO_UDP_L4,
         ("6", "udp"): GSO_UDP_L4}
L2 = ("", "q", "ad", "ad q", "q q q", "ad ad q q", "pppoe", "q pppoe", "nsh", "nsh eth", "mpls",
      "q nsh eth q")
L3 = ("ip4", "ip4:40", "ip6", "ip6 hop", "ip6 dst:60", "ip6 rt", "ip6 hop dst rt", "ip6 dst:180",
      "ip6 dst:230", "ip6 ah", "ip4 ip4", "ip6 ip4")


def asked(stack, l4_off, gso_size=MSS, gso=None, hdr_len=None, start=None):
    """The virtio_net_hdr for a super-frame of build()."""
    words = stack.split()
    kind = words[-1].partition(":")[0]
    version = next(w[2] for w in reversed(words) if w.startswith("ip"))
    gso = TYPES[version, kind] if gso is None else gso
    size = 8 if kind == "udp" else 20 + int(words[-1].partition(":")[2] or 0)
    return vnet_hdr(gso=gso, hdr_len=l4_off + size if hdr_len is None else hdr_len,
                    gso_size=gso_size, csum_start=l4_off if start is None else start,
                    csum_offset=6 if kind == "udp" else 16)


def stacks():
    for l2 in L2:
        for l3 in L3:
            for l4 in ("tcp", "tcp:40", "udp"):
                if not l2 or l3 in ("ip4", "ip6", "ip6 hop") and l4 != "tcp:40":
                    yield f"{l2} {l3} {l4}".strip()


# name: (what makes it, its arguments)
WAYS = {
    "packet": (by_packets, ()),
    "bypass": (by_bypass, ()),
    "ring": (by_ring, ()),
    "tap": (by_tap, ()),
    "tap-gretap": (by_tap_and_gretap, ()),
    "xdp": (by_xdp, (False,)),
    "xdp-frags": (by_xdp, (True,)),
}
ROUTED = {"tun": (by_tun, ())}


@ksft_variants([*(WAYS | ROUTED)])
def handed_over(kind):
    """Each stack of headers that the kernel can cut."""
    make, words = (WAYS | ROUTED)[kind]
    way, measure = make(*words)
    seen, cut = Watch(PAIR.a), 0
    for number, stack in enumerate(stacks()):
        # A router knows IP.
        if kind in ROUTED and not stack.startswith("ip"):
            continue
        frame, l4_off = build(stack, DATA[:5 * MSS - number % 3], ident=0xfffe)
        hdr = asked(stack, l4_off)
        want = measure.frames(frame, hdr)
        got = way.frames(frame, hdr)
        if want:
            cut += 1
            same(f"{kind}, {stack}", got, want)
    delta = seen.delta()
    ksft_pr(f"{cut} super-frames; by the device {delta['lso_native'] + delta['uso']}, "
         f"in software {delta['lso_software']}")
    ksft_ge(cut, 15 if kind in ROUTED else 50, "super-frames that the kernel cuts")
    no_drops(seen, kind)


# ---- random ones ----

class Dice(random.Random):
    """Random super-frames; each is told by its number."""

    def stack(self):
        words = self.choice(("",) * 4 + ("q",) * 3 + L2[1:]).split()
        words += self.choice(L3 + ("ip4", "ip6") * 3).split()
        return " ".join(words + [self.choice(("tcp", "tcp:12", f"tcp:{4 * self.randrange(11)}",
                                              "udp"))])

    def vnet(self, stack, l4_off, frame):
        """Mostly what fits the frame, and sometimes anything."""
        odd = self.random() < 0.1
        return asked(stack, l4_off, gso_size=self.choice((MSS, 8, 100, 1000, 1400)),
                     gso=self.choice((None,) * 9 + (GSO_NONE, GSO_TCPV4, GSO_TCPV6, GSO_UDP_L4,
                                                    GSO_TCPV4 | GSO_ECN, GSO_TCPV6 | GSO_ECN)),
                     hdr_len=self.choice((None, None, 0, 20, self.randrange(len(frame)))),
                     start=self.randrange(min(len(frame), 300)) if odd else None)

    def change(self, frame, l4_off):
        """Some bytes of the headers become others."""
        frame = bytearray(frame)
        for _ in range(self.choice((1, 1, 2, 4))):
            frame[self.randrange(12, min(len(frame), l4_off + 20))] ^= 1 << self.randrange(8)
        return bytes(frame)

    def make(self):
        """(text, frame, virtio_net_hdr, offset of its checksum, does that count)"""
        stack = self.stack()
        frame, l4_off = build(stack, DATA[:self.choice((0, 1, 50, 800, 3000, 9000))],
                              ident=self.randrange(1 << 16), seq=self.randrange(1 << 32),
                              flags=self.choice((ACK, ACK | PSH, ACK | FIN, ACK | CWR,
                                                 self.randrange(256))))
        changed = self.random() < 0.5
        if changed:
            frame = self.change(frame, l4_off)
        csum = l4_off + (6 if stack.endswith("udp") else 16)
        return stack, frame, self.vnet(stack, l4_off, frame), csum, not changed


def whole(frames, limit):
    """No port of this MTU sends a longer one."""
    return all(len(frame) <= limit for frame in frames)


@ksft_variants([*WAYS])
def at_random(kind):
    make, words = WAYS[kind]
    way, measure = make(*words)
    dice = Dice(f"{SEED} {kind}")
    seen, cut, asked_for = Watch(PAIR.a), 0, time.monotonic()
    ksft_pr(f"NVNIC_SUPER_FRAMES={COUNT} NVNIC_SEED={SEED}")
    for number in range(COUNT):
        stack, frame, hdr, csum, counts = dice.make()
        if len(frame) > way.limit:
            continue
        want = measure.frames(frame, hdr)
        if not want or not whole(want, 1514 - measure.skip if measure.skip else 1522):
            continue
        cut += len(want) > 1
        what = f"number {number}: {stack}, header {hdr.hex()}, {frame[:l4_end(stack)].hex()}"
        same(what, way.frames(frame, hdr), want, None if counts else csum, csum)
        if time.monotonic() - asked_for > 20:
            asked_for = time.monotonic()
            ksft_pr(f"{number} of {COUNT}")
    ksft_pr(f"{cut} super-frames")
    no_drops(seen, kind)


def l4_end(stack):
    return build(stack, b"")[1] + 20


# ---- TCP through headers that tc and tunnels put in front of super-frames ----

def clsact(port):
    port.cmd(f"tc qdisc add dev {port} clsact")
    defer(port.cmd, f"tc qdisc del dev {port} clsact")


def both(egress, ingress):
    """The same tc filters at either end."""
    for port in PAIR.ports:
        clsact(port)
        for side, words in (("egress", egress), ("ingress", ingress)):
            if port.cmd(f"tc filter add dev {port} {side} {words}", fail=False).ret:
                raise KsftSkipEx(f"this kernel or its tc has not: {words}")
    return PAIR.ports


def by_tc_vlan(count):
    for port, peer in (PAIR.ports, PAIR.ports[::-1]):
        port.cmd(f"ip route add {peer.v4}/32 dev {port} mtu 1400")
        defer(port.cmd, f"ip route del {peer.v4}/32 dev {port}")
    push = "protocol ip matchall" + "".join(f" action vlan push id {n + 5}" for n in range(count))
    return both(push, "protocol 802.1q matchall" + " action vlan pop" * count)


def by_tc_mpls():
    for port, peer in (PAIR.ports, PAIR.ports[::-1]):
        port.cmd(f"ip route add {peer.v4}/32 dev {port} mtu 1400")
        defer(port.cmd, f"ip route del {peer.v4}/32 dev {port}")
    return both("protocol ip matchall action mpls push protocol mpls_uc label 100",
                "protocol mpls_uc matchall action mpls pop protocol ipv4")


def from_veth(how, offloads):
    """A container behind a veth: its own super-frames, or those that receive offload of the
    veth makes of its segments."""
    netns_add("x")
    make_veth("x", "a")
    here = Port("v0", "x")
    # A veth with receive offload drops what is above 256 frames: TCP may not fill that.
    here.cmd(["sysctl", "-qw", "net.ipv4.tcp_wmem=4096 16384 131072"])
    if not offloads:
        here.cmd("ethtool -K v0 tso off gso off")
        PAIR.a.cmd("ethtool -K v1 gro on")
    if how == "bridged":
        here.address("10.9.0.9/24")
        make_bridge("a", "nvn0", "v1")
        return here, PAIR.b
    sysctl("a", "net.ipv4.ip_forward")
    here.address("10.8.0.1/24")
    PAIR.a.cmd("ip addr add 10.8.0.2/24 dev v1")
    here.cmd("ip route add default via 10.8.0.2")
    PAIR.b.cmd("ip route add 10.8.0.0/24 via 10.9.0.1")
    defer(PAIR.b.cmd, "ip route del 10.8.0.0/24")
    return here, PAIR.b


def mpls():
    """Labels that a route pushes."""
    if not os.path.isdir("/proc/sys/net/mpls"):
        raise KsftSkipEx("this kernel has no MPLS routes (CONFIG_MPLS_IPTUNNEL)")
    ends = []
    for port, peer, host in ((PAIR.a, PAIR.b, 1), (PAIR.b, PAIR.a, 2)):
        ends.append(Port(port.ifname, port.ns, v4=f"10.8.{host}.1"))
        port.cmd(f"ip addr add 10.8.{host}.1/32 dev lo")
        defer(port.cmd, f"ip addr del 10.8.{host}.1/32 dev lo")
        port.cmd(f"sysctl -qw net.mpls.platform_labels=200 net.mpls.conf.{port}.input=1")
        port.cmd("ip -f mpls route add 100 dev lo")
        defer(port.cmd, "ip -f mpls route del 100")
        port.cmd(f"ip route add 10.8.{3 - host}.1/32 encap mpls 100 via {peer.v4} mtu 1400 "
                 f"src 10.8.{host}.1")
        defer(port.cmd, f"ip route del 10.8.{3 - host}.1/32")
    return ends


def qinq():
    """VLAN devices on one another."""
    ends = []
    for port, host in zip(PAIR.ports, (1, 2)):
        port.cmd(f"ip link add link {port} name {port}.7 type vlan proto 802.1ad id 7")
        defer(port.cmd, f"ip link del {port}.7")
        port.cmd(f"ip link add link {port}.7 name q type vlan id 8")
        port.cmd(f"ip link set {port}.7 up")
        ends.append(Port("q", port.ns))
        ends[-1].address(f"10.8.0.{host}/24")
        ends[-1].up()
    return ends


def external(words):
    """Tunnels whose key and flags the route decides."""
    ends = []
    for port, peer, host in ((PAIR.a, PAIR.b, 1), (PAIR.b, PAIR.a, 2)):
        port.cmd("ip link add x0 type gretap external")
        defer(port.cmd, "ip link del x0")
        ends.append(Port("x0", port.ns, v4=f"10.8.{host}.1"))
        port.cmd("ip link set x0 up mtu 1400")
        port.cmd(f"ip addr add 10.8.{host}.1/32 dev x0")
        port.cmd(f"ip route add 10.8.{3 - host}.1/32 encap ip id 9 dst {peer.v4} key {words} "
                 f"dev x0 src 10.8.{host}.1")
    for end, other in (ends, ends[::-1]):
        end.cmd(f"ip neigh add {other.v4} lladdr {other.mac()} dev x0")
    return ends


def tunnel_in_tunnel(outer, inner, words=""):
    """One on top of the other."""
    below = PAIR.tunnel(outer, key=7 if outer.endswith("tap") else None)
    ends = []
    for me, peer, host in ((below.a, below.b, 1), (below.b, below.a, 2)):
        made = me.cmd(f"ip link add y0 type {inner} local {me.v4} remote {peer.v4} {words}",
                      fail=False)
        if made.ret:
            raise KsftSkipEx(f"no {inner}: {made.stderr.strip()}")
        defer(me.cmd, "ip link del y0", fail=False)
        ends.append(Port("y0", me.ns))
        ends[-1].address(f"10.8.0.{host}/24")
        ends[-1].up()
    return ends


def bpf_wrap(src, dst, gre_header, flags):
    """A program that puts an IPv4 and a GRE header into each IPv4 frame."""
    size = 20 + len(gre_header)
    head = struct.pack("!BBHHHBBH", 0x45, 0, 0, 0, 0x4000, 64, GRE, 0) + src + dst + gre_header
    code = bpf.mov_reg(6, 1) + bpf.insn(0x61, 7, 6, 16)
    code += bpf.unless_equal(7, socket.htons(ETH_P_IP), bpf.NEXT)
    code += bpf.mov(2, size) + bpf.mov(3, 1) + bpf.mov(4, flags) + bpf.call(bpf.ADJUST_ROOM)
    code += bpf.unless_equal(0, 0, bpf.SHOT)
    for at in range(0, size, 4):
        code += bpf.insn(0x62, 10, off=at - size, imm=struct.unpack_from("=i", head, at)[0])
    # skb->len without the Ethernet header; the header's checksum over that
    code += bpf.insn(0x61, 7, 6, 0) + bpf.insn(0x07, 7, imm=-14)
    code += bpf.mov_reg(8, 7) + bpf.insn(0x07, 8, imm=ones_sum(head[:20]))
    for _ in range(2):
        code += bpf.mov_reg(9, 8) + bpf.insn(0x77, 9, imm=16) + bpf.insn(0x57, 8, imm=0xffff)
        code += bpf.insn(0x0f, 8, 9)
    code += bpf.insn(0xa7, 8, imm=0xffff)
    for reg, at in ((7, 2), (8, 10)):
        code += bpf.insn(0xdc, reg, imm=16) + bpf.insn(0x6b, 10, reg, off=at - size)
    code += bpf.mov_reg(1, 6) + bpf.mov(2, 14) + bpf.mov_reg(3, 10) + bpf.insn(0x07, 3, imm=-size)
    code += bpf.mov(4, size) + bpf.mov(5, 0) + bpf.call(bpf.STORE_BYTES)
    return code + bpf.leave(bpf.NEXT)


def bpf_unwrap(size, flags):
    """A program that takes such headers away again."""
    code = bpf.mov_reg(6, 1) + bpf.insn(0x61, 7, 6, 16)
    code += bpf.unless_equal(7, socket.htons(ETH_P_IP), bpf.NEXT)
    code += bpf.insn(0x7a, 10, off=-8, imm=0) + bpf.mov(2, 23) + bpf.mov_reg(3, 10)
    code += bpf.insn(0x07, 3, imm=-8) + bpf.mov(4, 1) + bpf.call(bpf.LOAD_BYTES)
    code += bpf.insn(0x71, 7, 10, -8) + bpf.unless_equal(7, GRE, bpf.NEXT)
    code += bpf.mov_reg(1, 6) + bpf.mov(2, -size) + bpf.mov(3, 1) + bpf.mov(4, flags)
    return code + bpf.call(bpf.ADJUST_ROOM) + bpf.leave(bpf.NEXT)


# BPF_F_ADJ_ROOM_*: ENCAP_L3_IPV4 and ENCAP_L4_GRE; DECAP_L3_IPV4
BPF_ENCAP, BPF_DECAP = 2 | 8, 1 << 7


def by_bpf(gre_header, decap):
    """GRE that BPF makes of frames on their way out, and takes off on their way in."""
    for port, peer in (PAIR.ports, PAIR.ports[::-1]):
        port.cmd(f"ip route add {peer.v4}/32 dev {port} mtu 1400")
        defer(port.cmd, f"ip route del {peer.v4}/32 dev {port}")
        # bpf_skb_adjust_room() clears gso_segs, and Linux 7.3 warns where a queueing
        # discipline counts such a frame (bstats_add()).
        port.cmd(f"tc qdisc replace dev {port} root noqueue")
        defer(port.cmd, f"tc qdisc del dev {port} root")
        bpf.attach(port, bpf.EGRESS, bpf_wrap(addr(port.v4), addr(peer.v4), gre_header, BPF_ENCAP))
        bpf.attach(port, bpf.INGRESS, bpf_unwrap(20 + len(gre_header), decap))
    return PAIR.ports


# name: (what makes the ends, its arguments, counter that must move)
THROUGH = {
    "qinq": (qinq, (), "lso_native"),
    "tc-two-tags": (by_tc_vlan, (2,), "lso_native"),
    "tc-three-tags": (by_tc_vlan, (3,), "lso_software"),
    "mpls": (mpls, (), "lso_software"),
    "tc-mpls": (by_tc_mpls, (), "lso_software"),
    "veth-bridged": (from_veth, ("bridged", True), "lso_native"),
    "veth-routed": (from_veth, ("routed", True), "lso_native"),
    "veth-merged-bridged": (from_veth, ("bridged", False), "lso_native"),
    "veth-merged-routed": (from_veth, ("routed", False), "lso_native"),
    "bpf-gre": (by_bpf, (b"\0\0\x08\0", 0), "lso_gre"),
    "bpf-gre-decap": (by_bpf, (b"\0\0\x08\0", BPF_DECAP), "lso_gre"),
    "bpf-gre-seq": (by_bpf, (b"\x10\0\x08\0\0\0\0\1", 0), "lso_software"),
    "external": (external, ("",), "lso_gre"),
    "external-seq": (external, ("seq",), "lso_software"),
    "gre-in-gretap": (tunnel_in_tunnel, ("gretap", "gre"), None),
    "ipip-in-gre": (tunnel_in_tunnel, ("gre", "ipip"), None),
    "vxlan-in-gretap": (tunnel_in_tunnel, ("gretap", "vxlan", "id 5 dstport 4789"), None),
    "gretap-in-gre": (tunnel_in_tunnel, ("gre", "gretap", "key 9"), None),
}
BYTES = 4 << 20


def timed(ends):
    """(seconds that a transfer takes, segments sent again)"""
    start = time.monotonic()
    again = Transfer(*ends, BYTES).check()
    return time.monotonic() - start, again


def compared(ends, rounds=5):
    """The middle one of timed() as it is, and with all in software, in turn: others want
    this machine, too."""
    found = [], []
    for _ in range(rounds):
        found[0].append(timed(ends))
        depth = undo_depth()
        PAIR.a.set_features(**SOFTWARE)
        found[1].append(timed(ends))
        for error in undo(depth):
            raise error
    return statistics.median_low(found[0]), statistics.median_low(found[1])


@ksft_variants([*THROUGH])
def tcp_through(name):
    """As fast as with all of it in software, give or take what else runs here: lost
    super-frames cost twenty times the time."""
    make, words, counter = THROUGH[name]
    ends = make(*words)
    seen = Watch(PAIR.a)
    Transfer(*ends, BYTES).check()
    delta = seen.delta()
    no_drops(seen, name)
    if counter:
        ksft_ge(delta[counter], 10, counter)
    (fast, again), (slow, _) = compared(ends)
    no_drops(seen, name)
    ksft_pr(f"{8e-6 * BYTES / fast:.0f} Mbit/s, in software {8e-6 * BYTES / slow:.0f}; {again} "
         f"segments sent again; native {delta['lso_native']}, software {delta['lso_software']}")
    ksft_le(fast, 3 * slow, "seconds")
    ksft_le(again, 10, "segments sent again")


ksft_run(setup)
