# SPDX-License-Identifier: GPL-2.0
"""nvnic selftests: frames by hand.

Builders, a dissector that checks every length and checksum, an independent
segmenter, and packet sockets that send super-frames and read the wire tap.
Nothing here is derived from the module's own engines: it is the other opinion.

Copyright (C) 2026 nvnic contributors
"""

import ctypes
import ipaddress
import select
import socket
import struct
import time

from .capture import Frame
from .ktap import ksft_eq
from .shell import defer, in_netns, quiesce

ETH_P_IP, ETH_P_IPV6, ETH_P_ARP, ETH_P_TEB = 0x0800, 0x86dd, 0x0806, 0x6558
ETH_P_8021Q, ETH_P_8021AD, ETH_P_ALL = 0x8100, 0x88a8, 3
TCP, UDP, ICMP, ICMP6, GRE = 6, 17, 1, 58, 47
HOPOPTS, ROUTING, FRAGMENT, AUTH, DSTOPTS = 0, 43, 44, 51, 60

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << i for i in range(8))

MIN_FRAME = 60


# ---- checksums ----

def ones_sum(data):
    """One's complement sum of 16-bit words; 0 only if every word is 0."""
    if len(data) & 1:
        data = bytes(data) + b"\0"
    n = int.from_bytes(data, "big")
    return n % 0xffff or (0xffff if n else 0)


def checksum(data):
    return 0xffff - ones_sum(data)


def good_sum(data):
    """True if @data, its checksum field included, sums to what it should."""
    return ones_sum(data) == 0xffff


def unfilled(frame, at):
    """What becomes @frame when a checksum over all from byte @at on is filled in there,
    which it was not made for."""
    want = int.from_bytes(frame[at:at + 2], "big")
    seed = (0xffff - want - ones_sum(frame[at + 2:])) % 0xffff
    return frame[:at] + seed.to_bytes(2, "big") + frame[at + 2:]


# ---- addresses ----

def mac(text):
    return bytes(int(x, 16) for x in text.split(":"))


def addr(text):
    return ipaddress.ip_address(text).packed


def pseudo(src, dst, proto, length):
    if len(src) == 4:
        return src + dst + struct.pack("!BBH", 0, proto, length)
    return src + dst + struct.pack("!IHBB", length, 0, 0, proto)


# ---- builders ----
#
# A checksum argument is None (the right one), "seed" (the sum of the
# pseudo-header, as the stack leaves it for an offload), "bad" (one bit wrong),
# or the number itself.

def _check(how, right, seed=0):
    if how is None:
        return right
    if how == "seed":
        return seed
    if how == "bad":
        wrong = right ^ 0x0100
        return wrong if wrong not in (0, 0xffff) else right ^ 0x0300
    return how


def eth(dst, src, proto, payload, pad=True):
    frame = dst + src + struct.pack("!H", proto) + payload
    return frame.ljust(MIN_FRAME, b"\0") if pad else frame


def vlan(tci, proto, payload):
    """The four bytes of a tag and what follows: payload of an ETH_P_8021Q frame."""
    return struct.pack("!HH", tci, proto) + payload


def ipv4(src, dst, proto, payload, *, ident=0, df=True, mf=False, frag=0, ttl=64,
         tos=0, options=b"", total=None, check=None, ihl=None):
    ihl = 5 + len(options) // 4 if ihl is None else ihl
    head = struct.pack("!BBHHHBBH", 4 << 4 | ihl, tos,
                       20 + len(options) + len(payload) if total is None else total,
                       ident, df << 14 | mf << 13 | frag, ttl, proto, 0)
    head += src + dst + options
    return head[:10] + struct.pack("!H", _check(check, checksum(head))) + head[12:] + payload


def ipv6(src, dst, proto, payload, *, flow=0, tclass=0, hops=64, length=None):
    return struct.pack("!IHBB", 6 << 28 | tclass << 20 | flow,
                       len(payload) if length is None else length, proto, hops) + \
        src + dst + payload


def ext(proto, body=b""):
    """An IPv6 hop-by-hop or destination options header with @body, padded."""
    size = -(-(2 + len(body)) // 8) * 8
    pad = size - 2 - len(body)
    fill = b"" if not pad else b"\0" if pad == 1 else bytes([1, pad - 2]) + bytes(pad - 2)
    return bytes([proto, size // 8 - 1]) + body + fill


def routing_ext(proto, kind=0, left=0, addresses=()):
    """An IPv6 routing header: type 0 or 2, or 4 (SRH) with its first segment last."""
    body = b"".join(addresses)
    last = len(addresses) - 1 if kind == 4 else 0
    return struct.pack("!BBBBBBH", proto, len(body) // 8, kind, left, last, 0, 0) + body


def frag_ext(proto, offset, more, ident=1):
    return struct.pack("!BBHI", proto, 0, offset << 3 | more, ident)


def tcp(src, dst, sport, dport, payload=b"", *, seq=0, ack=0, flags=ACK, win=1000,
        options=b"", check=None, doff=None, urg=0):
    doff = 5 + len(options) // 4 if doff is None else doff
    seg = struct.pack("!HHIIBBHHH", sport, dport, seq & 0xffffffff, ack, doff << 4, flags,
                      win, 0, urg) + options + payload
    ph = pseudo(src, dst, TCP, len(seg))
    return seg[:16] + struct.pack("!H", _check(check, checksum(ph + seg), ones_sum(ph))) + seg[18:]


def udp(src, dst, sport, dport, payload=b"", *, check=None, length=None):
    length = 8 + len(payload) if length is None else length
    seg = struct.pack("!HHHH", sport, dport, length, 0) + payload
    ph = pseudo(src, dst, UDP, length)
    right = checksum(ph + seg) or 0xffff
    return seg[:6] + struct.pack("!H", _check(check, right, ones_sum(ph))) + seg[8:]


def icmp_echo(payload, ident=1, seq=1):
    head = struct.pack("!BBHHH", 8, 0, 0, ident, seq) + payload
    return head[:2] + struct.pack("!H", checksum(head)) + head[4:]


def gre(proto, payload, *, key=None, seq=None, csum=False, check=None, flags=0):
    flags |= (csum and 0x8000) | (key is not None and 0x2000) | (seq is not None and 0x1000)
    head = struct.pack("!HH", flags, proto)
    if csum:
        head += bytes(4)
    if key is not None:
        head += struct.pack("!I", key)
    if seq is not None:
        head += struct.pack("!I", seq)
    if csum:
        right = checksum(head + payload)
        head = head[:4] + struct.pack("!H", _check(check, right)) + head[6:]
    return head + payload


def ip(src, dst, proto, payload, **kw):
    """IPv4 or IPv6 by the length of the addresses."""
    return (ipv4 if len(src) == 4 else ipv6)(src, dst, proto, payload, **kw)


def ip_type(address):
    return ETH_P_IP if len(address) == 4 else ETH_P_IPV6


# ---- dissector ----

class BadFrame(Exception):
    """A frame is not what it should be."""


class Layer:
    """One header: its name, where it starts, where its payload ends."""

    def __init__(self, name, off, end, **fields):
        self.name, self.off, self.end = name, off, end
        self.__dict__.update(fields)

    def __repr__(self):
        return f"{self.name}@{self.off}..{self.end}"


def _need(frame, off, count, what):
    if off + count > len(frame):
        raise BadFrame(f"{what}: truncated at byte {off} of {len(frame)}")


def _walk_eth(frame, off, end, out):
    _need(frame, off, 14, "Ethernet")
    proto = int.from_bytes(frame[off + 12:off + 14], "big")
    at = off + 14
    tags = []
    while proto in (ETH_P_8021Q, ETH_P_8021AD):
        _need(frame, at, 4, "VLAN")
        tags.append(int.from_bytes(frame[at:at + 2], "big"))
        proto = int.from_bytes(frame[at + 2:at + 4], "big")
        at += 4
    out.append(Layer("eth", off, end, proto=proto, tags=tags, next=at))
    return at, proto


def _walk_ipv4(frame, off, end, out, check):
    _need(frame, off, 20, "IPv4")
    ihl = (frame[off] & 15) * 4
    total = int.from_bytes(frame[off + 2:off + 4], "big")
    if frame[off] >> 4 != 4 or ihl < 20 or total < ihl or off + total > end:
        raise BadFrame(f"IPv4: version/ihl {frame[off]:#x}, total length {total}, "
                       f"{end - off} there")
    if check and not good_sum(frame[off:off + ihl]):
        raise BadFrame("IPv4: header checksum wrong")
    out.append(Layer("ipv4", off, off + total, hlen=ihl, proto=frame[off + 9],
                     id=int.from_bytes(frame[off + 4:off + 6], "big"),
                     src=bytes(frame[off + 12:off + 16]), dst=bytes(frame[off + 16:off + 20]),
                     frag=int.from_bytes(frame[off + 6:off + 8], "big") & 0x3fff))
    return off + ihl, off + total, frame[off + 9]


def _walk_ipv6(frame, off, end, out):
    _need(frame, off, 40, "IPv6")
    length = int.from_bytes(frame[off + 4:off + 6], "big")
    if frame[off] >> 4 != 6 or off + 40 + length > end:
        raise BadFrame(f"IPv6: version {frame[off] >> 4}, payload length {length}, "
                       f"{end - off} there")
    proto, at, frag = frame[off + 6], off + 40, 0
    while proto in (HOPOPTS, ROUTING, DSTOPTS, FRAGMENT) and not frag:
        _need(frame, at, 8, "IPv6 extension")
        frag = proto == FRAGMENT
        proto, at = frame[at], at + (8 if frag else (frame[at + 1] + 1) * 8)
    out.append(Layer("ipv6", off, off + 40 + length, hlen=at - off, proto=proto,
                     src=bytes(frame[off + 8:off + 24]), dst=bytes(frame[off + 24:off + 40]),
                     frag=frag))
    return at, off + 40 + length, proto


def _walk_gre(frame, off, end, out, check):
    _need(frame, off, 4, "GRE")
    flags, proto = struct.unpack_from("!HH", frame, off)
    if flags & 0x4fff:
        raise BadFrame(f"GRE: flags {flags:#x}")
    size = 4 + 4 * (bool(flags & 0x8000) + bool(flags & 0x2000) + bool(flags & 0x1000))
    _need(frame, off, size, "GRE")
    key = None
    if flags & 0x2000:
        key = int.from_bytes(frame[off + (8 if flags & 0x8000 else 4):][:4], "big")
    if flags & 0x8000:
        if frame[off + 6] or frame[off + 7]:
            raise BadFrame("GRE: Reserved1 is not 0")
        if check and not good_sum(frame[off:end]):
            raise BadFrame("GRE: checksum wrong")
    out.append(Layer("gre", off, end, flags=flags, proto=proto, key=key, hlen=size))
    return off + size, proto


def _walk_l4(frame, off, end, l3, out, check):
    if l3.proto == TCP:
        _need(frame, off, 20, "TCP")
        hlen = (frame[off + 12] >> 4) * 4
        if hlen < 20 or off + hlen > end:
            raise BadFrame(f"TCP: header of {hlen} bytes, {end - off} there")
        out.append(Layer("tcp", off, end, hlen=hlen, flags=frame[off + 13],
                         seq=int.from_bytes(frame[off + 4:off + 8], "big"),
                         payload=bytes(frame[off + hlen:end])))
        length = end - off
    else:
        _need(frame, off, 8, "UDP")
        length = int.from_bytes(frame[off + 4:off + 6], "big")
        if length != end - off:
            raise BadFrame(f"UDP: length {length}, {end - off} there")
        out.append(Layer("udp", off, end, hlen=8, payload=bytes(frame[off + 8:end]),
                         check=int.from_bytes(frame[off + 6:off + 8], "big")))
        if not out[-1].check:
            if l3.name == "ipv6" and len([x for x in out if x.name == "gre"]) == 0:
                raise BadFrame("UDP: checksum 0 over IPv6")
            return
    if check and ones_sum(pseudo(l3.src, l3.dst, l3.proto, length) + frame[off:end]) != 0xffff:
        raise BadFrame(f"{out[-1].name.upper()}: checksum wrong")


def dissect(frame, check=True, l2=True):
    """Split a frame into its Layers; raise BadFrame if a length or checksum is wrong.

    @l2 False: it starts with an IP header. Bytes behind the IP packet are only
    allowed as padding to 60.
    """
    out = []
    end = len(frame)
    if l2:
        off, proto = _walk_eth(frame, 0, end, out)
    else:
        off, proto = 0, ETH_P_IP if frame[0] >> 4 == 4 else ETH_P_IPV6
    while proto in (ETH_P_IP, ETH_P_IPV6):
        if proto == ETH_P_IP:
            at, pend, l4 = _walk_ipv4(frame, off, end, out, check)
        else:
            at, pend, l4 = _walk_ipv6(frame, off, end, out)
        outermost = len([x for x in out if x.name in ("ipv4", "ipv6")]) == 1
        if pend != end and not (outermost and end == MIN_FRAME and not any(frame[pend:])):
            raise BadFrame(f"{out[-1]}: {end - pend} bytes behind the packet")
        end = pend
        if out[-1].frag:
            break
        if l4 in (TCP, UDP):
            _walk_l4(frame, at, end, out[-1], out, check)
            break
        if l4 != GRE:
            break
        off, proto = _walk_gre(frame, at, end, out, check)
        if proto == ETH_P_TEB:
            off, proto = _walk_eth(frame, off, end, out)
    return out


def layer(layers, *names):
    """The innermost layer of one of @names."""
    return next((x for x in reversed(layers) if x.name in names), None)


# ---- segmentation, the other opinion ----

def segment(frame, mss, l2=True, fixed_id=False, pad=True):
    """Cut an unencapsulated super-frame as the rules say. Returns the frames,
    as long as Ethernet wants them with @pad.

    The rules: design.md section 5, RFC 9293, RFC 3168 section 6.1.2.
    """
    layers = dissect(frame, check=False, l2=l2)
    l3, l4 = layer(layers, "ipv4", "ipv6"), layer(layers, "tcp", "udp")
    head = l4.off + l4.hlen
    payload = frame[head:]
    out = []
    for n, start in enumerate(range(0, len(payload), mss)):
        part = payload[start:start + mss]
        hdr = bytearray(frame[:head])
        total = head - l3.off + len(part)
        if l3.name == "ipv4":
            struct.pack_into("!H", hdr, l3.off + 2, total)
            struct.pack_into("!H", hdr, l3.off + 4, (l3.id + (0 if fixed_id else n)) & 0xffff)
            struct.pack_into("!H", hdr, l3.off + 10, 0)
            struct.pack_into("!H", hdr, l3.off + 10,
                             checksum(hdr[l3.off:l3.off + (hdr[l3.off] & 15) * 4]))
        else:
            struct.pack_into("!H", hdr, l3.off + 4, total - 40)
        if l4.name == "tcp":
            struct.pack_into("!I", hdr, l4.off + 4, (l4.seq + start) & 0xffffffff)
            if start + mss < len(payload):
                hdr[l4.off + 13] &= ~(FIN | PSH) & 0xff
            if n:
                hdr[l4.off + 13] &= ~CWR & 0xff
            field = l4.off + 16
        else:
            struct.pack_into("!H", hdr, l4.off + 4, 8 + len(part))
            field = l4.off + 6
        struct.pack_into("!H", hdr, field, 0)
        l4_bytes = bytes(hdr[l4.off:]) + part
        value = checksum(pseudo(l3.src, l3.dst, l3.proto, len(l4_bytes)) + l4_bytes)
        if l4.name == "udp":
            value = value or 0xffff
        struct.pack_into("!H", hdr, field, value)
        whole = bytes(hdr) + part
        out.append(whole.ljust(MIN_FRAME, b"\0") if l2 and pad else whole)
    return out


# ---- packet sockets ----

# ping turns the kernel's time stamps on and off, and with them patches code that
# is running; QEMU's TCG is not always up to that (an int3 is met that is gone).
# As long as this socket wants time stamps, nothing is patched.
_STAMPS = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
_STAMPS.setsockopt(socket.SOL_SOCKET, 29, 1)  # SO_TIMESTAMP

SOL_PACKET = 263
PACKET_STATISTICS, PACKET_AUXDATA, PACKET_VERSION = 6, 8, 10
PACKET_TX_RING, PACKET_VNET_HDR = 13, 15
PACKET_QDISC_BYPASS, PACKET_IGNORE_OUTGOING = 20, 23
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33

TP_STATUS_CSUMNOTREADY = 1 << 3
TP_STATUS_VLAN_VALID = 1 << 4
TP_STATUS_VLAN_TPID_VALID = 1 << 6
TP_STATUS_CSUM_VALID = 1 << 7

VNET_NEEDS_CSUM, VNET_DATA_VALID = 1, 2
GSO_NONE, GSO_TCPV4, GSO_TCPV6, GSO_UDP_L4, GSO_ECN = 0, 1, 4, 5, 0x80

def vnet_hdr(*, gso=GSO_NONE, hdr_len=0, gso_size=0, csum_start=None, csum_offset=0):
    flags = 0 if csum_start is None else VNET_NEEDS_CSUM
    return struct.pack("=BBHHHH", flags, gso, hdr_len, gso_size, csum_start or 0, csum_offset)


def super_hdr(frame, mss, l2=True):
    """The virtio_net_hdr that asks to segment @frame, or only to checksum it."""
    layers = dissect(frame, check=False, l2=l2)
    l3, l4 = layer(layers, "ipv4", "ipv6"), layer(layers, "tcp", "udp")
    offset = 16 if l4.name == "tcp" else 6
    gso = GSO_NONE
    if len(frame) - l4.off - l4.hlen > mss:
        if l4.name == "udp":
            gso = GSO_UDP_L4
        else:
            gso = GSO_TCPV4 if l3.name == "ipv4" else GSO_TCPV6
            if l4.flags & CWR:
                gso |= GSO_ECN
    return vnet_hdr(gso=gso, hdr_len=l4.off + l4.hlen, gso_size=mss if gso else 0,
                    csum_start=l4.off, csum_offset=offset)


class Sender:
    """A packet socket to send frames as they are on @dev."""

    def __init__(self, dev, ns=None, vnet=False, proto=0):
        with in_netns(ns):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        if vnet:
            self.sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
        self.vnet, self.to = vnet, (str(dev), proto)
        defer(self.close)

    def send(self, frame, hdr=None):
        if self.vnet:
            frame = (hdr or vnet_hdr()) + frame
        return self.sock.sendto(frame, self.to)

    def send_super(self, frame, mss, l2=True):
        return self.send(frame, super_hdr(frame, mss, l2))

    def close(self):
        self.sock.close()


class Seen(Frame):
    """A received frame, its VLAN tag put back, with what the stack says of it:
    csum_ready, pkttype as in Frame; csum_valid: a verdict of the device or the
    stack vouches for its checksum; unnecessary: it was the device's, and it was
    CHECKSUM_UNNECESSARY (only known with vnet)."""

    csum_valid = False
    unnecessary = False


# Classic BPF: what a packet socket can ask of an skb
SO_ATTACH_FILTER = 26
_BPF_LD_ABS_W, _BPF_JEQ_K, _BPF_RET_K = 0x20, 0x15, 0x06
_SKF_AD_OFF, _SKF_AD_QUEUE, _SKF_AD_RXHASH = 0xfffff000, 24, 32


def skb_filter(rxhash=None, queue=None):
    """A filter for Listener: the skb's receive hash, and its queue, as given."""
    tests = []
    for where, value in ((_SKF_AD_RXHASH, rxhash),
                         (_SKF_AD_QUEUE, None if queue is None else queue + 1)):
        if value is not None:
            tests += [(_BPF_LD_ABS_W, 0, _SKF_AD_OFF + where), (_BPF_JEQ_K, value, None)]
    code = []
    for n, (op, value, where) in enumerate(tests):
        if op == _BPF_LD_ABS_W:
            code.append(struct.pack("=HBBI", op, 0, 0, where))
        else:
            code.append(struct.pack("=HBBI", op, 0, len(tests) - n, value))
    return code + [struct.pack("=HBBI", _BPF_RET_K, 0, 0, 0xffffffff),
                   struct.pack("=HBBI", _BPF_RET_K, 0, 0, 0)]


class Listener:
    """A packet socket that reads @dev; the frames of one test at a time."""

    def __init__(self, dev, ns=None, vnet=False, bufsize=64 << 20, match=None, bpf=None):
        with in_netns(ns):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, bufsize)
            self.sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
            self.sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
            if vnet:
                self.sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
            if bpf:
                code = ctypes.create_string_buffer(b"".join(bpf))
                self.sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                                     struct.pack("HP", len(bpf), ctypes.addressof(code)))
            self.sock.bind((str(dev), ETH_P_ALL))
        self.sock.setblocking(False)
        defer(self.close)
        self.vnet = vnet
        self.match = match or (lambda frame: True)

    def _one(self):
        data, anc, _, who = self.sock.recvmsg(70000, 64)
        vflags = 0
        if self.vnet:
            vflags, data = data[0], data[10:]
        status = 0
        for level, kind, aux in anc:
            if level == SOL_PACKET and kind == PACKET_AUXDATA:
                status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", aux)
                if status & TP_STATUS_VLAN_VALID:
                    tpid = tpid if status & TP_STATUS_VLAN_TPID_VALID else ETH_P_8021Q
                    data = data[:12] + struct.pack("!HH", tpid, tci) + data[12:]
        seen = Seen(data)
        seen.csum_ready = not status & TP_STATUS_CSUMNOTREADY
        seen.csum_valid = bool(status & TP_STATUS_CSUM_VALID)
        seen.unnecessary = bool(vflags & VNET_DATA_VALID)
        seen.pkttype = who[2]
        return seen

    def take(self, count, timeout=20.0):
        """Up to @count matching frames, fewer only when @timeout is over."""
        out = []
        until = time.monotonic() + timeout
        while len(out) < count:
            try:
                frame = self._one()
            except BlockingIOError:
                left = until - time.monotonic()
                if left <= 0:
                    break
                select.select([self.sock], [], [], left)
                continue
            if self.match(frame):
                out.append(frame)
        return out

    def exactly(self, count):
        """The next @count matching frames, and any that came with them."""
        out = self.take(count)
        quiesce()
        return out + self.drain()

    def drain(self):
        """All that has arrived by now."""
        out = []
        while True:
            try:
                frame = self._one()
            except BlockingIOError:
                return out
            if self.match(frame):
                out.append(frame)

    def lost(self):
        """Frames that did not fit the socket's buffer since the last call."""
        stats = self.sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
        return struct.unpack("=II", stats)[1]

    def close(self):
        self.sock.close()


def hexdiff(got, want):
    """The first place where two frames differ, in words."""
    for i, (a, b) in enumerate(zip(got, want)):
        if a != b:
            return (f"byte {i} of {len(want)}: {bytes(got[i:i + 8]).hex()} "
                    f"instead of {bytes(want[i:i + 8]).hex()}")
    return f"{len(got)} bytes instead of {len(want)}"


def padded(frames):
    return [frame.ljust(MIN_FRAME, b"\0") for frame in frames]


def one_zero(frame, at):
    """0xffff and 0 are the same sum; skb_checksum_help() knows only one of them."""
    return frame[:at] + frame[at:at + 2].replace(b"\xff\xff", b"\0\0") + frame[at + 2:]


def same(what, got, want, blank=None, csum=None):
    """Are they the same frames? @blank: offset of a checksum that is not compared, @csum: of
    one that is."""
    ksft_eq(len(got), len(want), f"{what}: frames")
    for n, (a, b) in enumerate(zip(padded(got), padded(want))):
        if blank:
            a, b = (x[:blank] + b"\0\0" + x[blank + 2:] for x in (a, b))
        elif csum:
            a, b = one_zero(a, csum), one_zero(b, csum)
        if a != b:
            raise AssertionError(f"{what}: frame {n}: {hexdiff(a, b)}")
