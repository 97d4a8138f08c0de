#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# timeout: 900
# seconds: 60
"""Whatever super-frame the stack hands over leaves whole: cut by the device, or by
software where the device does not know the headers. None is lost, nobody waits.

   a: nvn0 --- nvn1 :b: (first of adapter 1) --- (second) :c

The kernel is the measure: its own segmentation, over veth without offloads, of the
same super-frame. What it refuses is asked of nobody.

NVNIC_SUPER_FRAMES=N NVNIC_SEED=S: so many random ones, from that seed.

Copyright (C) 2026 nvnic contributors
"""

import fcntl
import os
import random
import re
import socket
import statistics
import struct
import time

from lib import bpf
from lib.frames import *
from lib.hwstats import Watch
from lib.nvnic import *
from lib.stacks import ETH_P_OWN, A, B, build

PAIR = OUT = FAR = None
MSS = 600
SOFTWARE = dict.fromkeys(("tx_tcp_segmentation", "tx_tcp6_segmentation",
                          "tx_tcp_ecn_segmentation", "tx_tcp_mangleid_segmentation",
                          "tx_gre_segmentation", "tx_gre_csum_segmentation",
                          "tx_udp_segmentation"), False)
DATA = random.Random(7).randbytes(1 << 16)
COUNT = int(os.environ.get("NVNIC_SUPER_FRAMES", 600))
SEED = int(os.environ.get("NVNIC_SEED", 1))


def setup():
    global PAIR, OUT, FAR
    PAIR = Pair()
    OUT, FAR = PAIR.next_hop()
    for port in (OUT, FAR):
        port.wait_carrier()
    for wire in ("nvnwire0", "nvnwire1"):
        cmd(f"ip link set {wire} up")
        defer(cmd, f"ip link set {wire} down", fail=None)
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
    front of what is sent."""

    def __init__(self, sender, listener, skip=0):
        self.sender, self.listener, self.skip, self.number = sender, listener, skip, 0

    def frames(self, frame, hdr):
        """What comes out of a super-frame, None if the kernel does not take it."""
        try:
            self.sender.send(frame, hdr)
        except OSError:
            return None
        self.number += 1
        mark = eth(B, A, ETH_P_OWN, b"mark" + self.number.to_bytes(4, "big"))
        self.sender.send(mark)
        out = []
        while True:
            got = self.listener.take(1)
            ksft_true(got, "the frame behind the super-frame came")
            if bytes(got[0][self.skip:]).startswith(mark):
                return out
            out.append(bytes(got[0][self.skip:]))


class Tap:
    """A tap device of a virtual machine: sends as a Sender does."""

    def __init__(self, ns, name="tap0"):
        with in_netns(ns):
            self.fd = os.open("/dev/net/tun", os.O_RDWR)
            # TUNSETIFF: IFF_TAP, IFF_NO_PI, IFF_VNET_HDR
            fcntl.ioctl(self.fd, 0x400454ca, struct.pack("16sH22x", name.encode(), 0x5002))
        defer(os.close, self.fd)
        cmd(f"ip link set {name} up", ns=ns)

    def send(self, frame, hdr=None):
        os.write(self.fd, (hdr or vnet_hdr()) + frame)


def make_bridge(ns, *devs):
    cmd("ip link add br0 type bridge mcast_snooping 0", ns=ns)
    defer(cmd, "ip link del br0", ns=ns)
    for dev in devs:
        cmd(f"ip link set {dev} master br0", ns=ns)
        defer(cmd, f"ip link set {dev} nomaster", ns=ns, fail=None)
    cmd("ip link set br0 up", ns=ns)


def is_ours(frame):
    return frame[6:12] == A or frame[6:12] == B


def is_tunnelled(frame):
    return frame[23:24] == bytes([GRE]) and is_ours(frame[42:])


def packet_socket(dev, ns, bypass=False):
    sender = Sender(dev, ns=ns, vnet=True)
    sender.sock.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, int(bypass))
    return sender


def reference(tunnel=False):
    """The Way of the measure."""
    if not tunnel:
        return Way(packet_socket("r0", "r"), Listener("r1", ns="r", match=is_ours))
    make_tunnel("r", "r0")
    make_bridge("r", "t0", "tap0")
    return Way(TAPS["r"], Listener("r1", ns="r", match=is_tunnelled), 42)


TAPS = {}


def make_tunnel(ns, dev):
    cmd(f"ip link add t0 type gretap local 10.9.0.1 remote 10.9.0.2 dev {dev} key 7", ns=ns)
    defer(cmd, "ip link del t0", ns=ns, fail=None)
    cmd("ip link set t0 up", ns=ns)
    TAPS[ns] = Tap(ns)


class Bypass(Way):
    """The measure without a queueing discipline, where segments cannot be told from
    what the stack has lost: what veth as it is does not take is asked of nobody."""

    def __init__(self):
        super().__init__(packet_socket("r0", "r"), Listener("r1", ns="r", match=is_ours))
        self.asked = packet_socket("r2", "r", True)

    def frames(self, frame, hdr):
        try:
            self.asked.send(frame, hdr)
        except OSError:
            return None
        return super().frames(frame, hdr)


def make_way(kind):
    """(the Way to look at, the Way of the measure)"""
    wire = Listener("nvnwire0", match=is_ours)
    if kind in ("packet", "bypass"):
        bypass = kind == "bypass"
        return (Way(packet_socket("nvn0", "a", bypass), wire),
                Bypass() if bypass else reference())
    if kind == "tap":
        tap = Tap("a")
        make_bridge("a", "nvn0", "tap0")
        return Way(tap, wire), reference()
    make_tunnel("a", "nvn0")
    make_bridge("a", "t0", "tap0")
    return Way(TAPS["a"], Listener("nvnwire0", match=is_tunnelled), 42), reference(True)


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


def padded(frames):
    return [frame.ljust(MIN_FRAME, b"\0") for frame in frames]


def one_zero(frame, at):
    """0xffff and 0 are the same sum; skb_checksum_help() knows only one of them."""
    return frame[:at] + frame[at:at + 2].replace(b"\xff\xff", b"\0\0") + frame[at + 2:]


def same(what, got, want, blank=None, csum=None):
    """@blank: offset of a checksum that is not compared, @csum: of one that is."""
    ksft_eq(len(got), len(want), f"{what}: frames")
    for n, (a, b) in enumerate(zip(padded(got), padded(want))):
        if blank:
            a, b = (x[:blank] + b"\0\0" + x[blank + 2:] for x in (a, b))
        elif csum:
            a, b = one_zero(a, csum), one_zero(b, csum)
        if a != b:
            raise AssertionError(f"{what}: frame {n}: {hexdiff(a, b)}")


def stacks():
    for l2 in L2:
        for l3 in L3:
            for l4 in ("tcp", "tcp:40", "udp"):
                if not l2 or l3 in ("ip4", "ip6", "ip6 hop") and l4 != "tcp:40":
                    yield f"{l2} {l3} {l4}".strip()


WAYS = ("packet", "bypass", "tap", "tap-gretap")


@ksft_case(*WAYS)
def handed_over(kind):
    """Each stack of headers that the kernel can cut."""
    way, measure = make_way(kind)
    seen, cut = Watch(PAIR.a), 0
    for number, stack in enumerate(stacks()):
        frame, l4_off = build(stack, DATA[:5 * MSS - number % 3], ident=0xfffe)
        hdr = asked(stack, l4_off)
        want = measure.frames(frame, hdr)
        got = way.frames(frame, hdr)
        if want:
            cut += 1
            same(f"{kind}, {stack}", got, want)
    delta = seen.delta()
    diag(f"{cut} super-frames; by the device {delta['lso_native'] + delta['uso']}, "
         f"in software {delta['lso_software']}")
    ksft_ge(cut, 50, "super-frames that the kernel cuts")
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


@ksft_case(*WAYS)
def at_random(kind):
    way, measure = make_way(kind)
    dice = Dice(f"{SEED} {kind}")
    seen, cut, asked_for = Watch(PAIR.a), 0, time.monotonic()
    diag(f"NVNIC_SUPER_FRAMES={COUNT} NVNIC_SEED={SEED}")
    for number in range(COUNT):
        stack, frame, hdr, csum, counts = dice.make()
        want = measure.frames(frame, hdr)
        if not want or not whole(want, 1514 - measure.skip if measure.skip else 1522):
            continue
        cut += len(want) > 1
        what = f"number {number}: {stack}, header {hdr.hex()}, {frame[:l4_end(stack)].hex()}"
        same(what, way.frames(frame, hdr), want, None if counts else csum, csum)
        if time.monotonic() - asked_for > 20:
            asked_for = time.monotonic()
            diag(f"{number} of {COUNT}")
    diag(f"{cut} super-frames")
    no_drops(seen, kind)


def l4_end(stack):
    return build(stack, b"")[1] + 20


# ---- merged by receive offload at one port, sent by another ----

BURST = 16
MERGED = ("ip4 tcp", "ip6 hop tcp", "q ad ip4 tcp", "q q q ip6 tcp", "pppoe ip4 tcp",
          "q pppoe ip6 tcp:12", "ip4 ip6 tcp", "mpls ip4 tcp", "nsh eth ip4 tcp",
          *(f"{outer} {gre} {inner} tcp" for outer in ("ip4", "ip6 dst", "q q q ip4")
            for gre in ("gre.key eth", "gre.csum eth", "gre.key.seq eth", "gre")
            for inner in ("ip4", "q q q ip4", "ip6 dst:200") if gre.endswith("eth") or
            not inner.startswith("q")),
          "ip4 gre.key eth nsh ip6 tcp",
          "ip4 gre.key eth mpls ip4 tcp", "ip4 gre ip4 gre ip4 tcp", "ip6 ah gre.key eth ip4 tcp")


@ksft_case
def merged_and_bridged():
    """Each stack of headers that receive offload may merge, in one poll of the port."""
    make_bridge("b", "nvn1", str(OUT))
    PAIR.b.cmd(f"ethtool -C nvn1 adaptive-rx off rx-usecs 60000 rx-frames {BURST}")
    defer(PAIR.b.cmd, "ethtool -C nvn1 adaptive-rx on")
    sender, tap = Sender("nvn0", ns="a"), Listener("nvnwire1", match=is_ours)
    seen, lines = Watch(OUT), []
    for stack in MERGED:
        mark = seen.delta()
        burst = [build(stack, DATA[n * MSS:][:MSS], seq=n * MSS, ident=n, check=None,
                       flags=ACK | PSH if n == BURST - 1 else ACK)[0] for n in range(BURST)]
        for frame in burst:
            sender.send(frame)
        same(stack, [bytes(f) for f in tap.take(BURST)], burst)
        now = seen.delta()
        lines.append(f"{stack}: {now['lso_native'] - mark['lso_native']} cut by the device, "
                     f"{now['lso_software'] - mark['lso_software']} in software")
    diag("\n".join(lines))
    no_drops(seen)
    ksft_ge(seen["lso_native"], 5, "super-frames for the device")
    ksft_ge(seen["lso_software"], 10, "super-frames for software")


# ---- TCP through headers that tc and tunnels put in front of super-frames ----

def clsact(port):
    port.cmd(f"tc qdisc add dev {port} clsact")
    defer(port.cmd, f"tc qdisc del dev {port} clsact")


def both(egress, ingress):
    """The same tc filters at either end."""
    for port in PAIR.ports:
        clsact(port)
        for side, words in (("egress", egress), ("ingress", ingress)):
            if port.cmd(f"tc filter add dev {port} {side} {words}", fail=None).ret:
                raise Skip(f"this kernel or its tc has not: {words}")
    return PAIR.ports


def by_tc_vlan(count):
    for port, peer in (PAIR.ports, PAIR.ports[::-1]):
        port.cmd(f"ip route add {peer.v4}/32 dev {port} mtu 1400")
        defer(port.cmd, f"ip route del {peer.v4}/32 dev {port}")
    push = "protocol ip matchall" + "".join(f" action vlan push id {n + 5}" for n in range(count))
    return both(push, "protocol 802.1q matchall" + " action vlan pop" * count)


def mpls():
    """Labels that a route pushes."""
    if not os.path.isdir("/proc/sys/net/mpls"):
        raise Skip("this kernel has no MPLS routes (CONFIG_MPLS_IPTUNNEL)")
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
                      fail=None)
        if made.ret:
            raise Skip(f"no {inner}: {made.stderr.strip()}")
        defer(me.cmd, "ip link del y0", fail=None)
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
    "mpls": (mpls, (), None),
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


@ksft_case(*THROUGH)
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
    diag(f"{8e-6 * BYTES / fast:.0f} Mbit/s, in software {8e-6 * BYTES / slow:.0f}; {again} "
         f"segments sent again; native {delta['lso_native']}, software {delta['lso_software']}")
    ksft_le(fast, 3 * slow, "seconds")
    ksft_le(again, 10, "segments sent again")


ksft_run(setup)
