# SPDX-License-Identifier: GPL-2.0
"""Seeing the frames of the wire: capture, pcap files, tshark's verdict.

Copyright (C) 2026 nvnic contributors
"""

import collections
import os
import select
import socket
import struct
import tempfile
import time

from .shell import cmd, defer, in_netns

_ETH_P_ALL = 3
_SOL_PACKET, _PACKET_STATISTICS, _PACKET_AUXDATA = 263, 6, 8
_SO_RCVBUFFORCE = 33
_TP_CSUMNOTREADY, _TP_VLAN_VALID, _TP_VLAN_TPID_VALID = 1 << 3, 1 << 4, 1 << 6


class Frame(bytes):
    """The bytes of a frame; csum_ready is False when the stack still owed its
    checksum (never so on the wire), pkttype is socket.PACKET_*."""

    csum_ready = True
    pkttype = 0


class Capture:
    """Every frame that an interface sees, from the moment it is made.

        with Capture("nvnwire0") as cap:
            ... traffic ...
            cap.wait(10)
        for frame in cap.frames: ...

    The wire tap is up as long as it is captured. The kernel keeps the frames
    until wait(), drain() or stop() fetches them; should its buffer ever
    overflow, stop() raises.
    """

    def __init__(self, ifname="nvnwire0", ns=None, buffer=256 << 20):
        self.frames = []
        self.tap = (ifname, ns) if ifname.startswith("nvnwire") else None
        if self.tap:
            cmd(f"ip link set {ifname} up", ns=ns)
        with in_netns(ns):
            # No protocol until it is bound: else it hears every interface.
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, buffer // 2)
        self.sock.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
        self.sock.setblocking(False)
        self.sock.bind((ifname, _ETH_P_ALL))
        defer(self.close)

    def _receive(self):
        data, control, _, address = self.sock.recvmsg(1 << 18, 256)
        status = 0
        for level, kind, value in control:
            if (level, kind) == (_SOL_PACKET, _PACKET_AUXDATA):
                status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", value[:20])
                if status & _TP_VLAN_VALID:
                    if not status & _TP_VLAN_TPID_VALID:
                        tpid = 0x8100
                    data = data[:12] + struct.pack("!HH", tpid, tci) + data[12:]
        frame = Frame(data)
        frame.csum_ready = not status & _TP_CSUMNOTREADY
        frame.pkttype = address[2]
        self.frames.append(frame)

    def drain(self):
        """Fetch what has arrived; return all frames so far."""
        while True:
            try:
                self._receive()
            except BlockingIOError:
                return self.frames

    def wait(self, count, timeout=30, match=None):
        """Wait until COUNT frames (for which match(frame) holds) are there."""
        end = time.monotonic() + timeout
        while True:
            self.drain()
            hits = [f for f in self.frames if match is None or match(f)]
            if len(hits) >= count:
                return hits
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError(f"captured {len(hits)} frames, waited for {count}")
            select.select([self.sock], [], [], left)

    def stop(self):
        """Fetch the rest and close; raises if any frame was lost."""
        if self.sock.fileno() < 0:
            return self.frames
        self.drain()
        raw = self.sock.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        dropped = struct.unpack("=II", raw)[1]
        self.close()
        if dropped:
            raise AssertionError(f"the capture lost {dropped} frames: give it a larger buffer")
        return self.frames

    def close(self):
        self.sock.close()
        if self.tap:
            # Taken down, the tap costs nothing again.
            cmd(f"ip link set {self.tap[0]} down", ns=self.tap[1], fail=False)
            self.tap = None

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.stop()
        else:
            self.close()


def write_pcap(path, frames):
    """Write frames as a pcap file that tcpdump and tshark read."""
    with open(path, "wb") as out:
        out.write(struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 1 << 18, 1))
        for number, frame in enumerate(frames):
            sec, usec = divmod(number, 1000000)
            out.write(struct.pack("=IIII", sec, usec, len(frame), len(frame)))
            out.write(frame)


_LAYERS = ("ip", "tcp", "udp", "gre", "icmp", "icmpv6")
_CHECKS = ("ip.check_checksum:TRUE", "tcp.check_checksum:TRUE", "udp.check_checksum:TRUE",
           "tcp.analyze_sequence_numbers:FALSE", "tcp.desegment_tcp_streams:FALSE")

Bad = collections.namedtuple("Bad", "number what info")
Verdict = collections.namedtuple("Verdict", "frames bad good")


def tshark(arguments, pcap):
    """Output of tshark over a pcap file, with every checksum verified."""
    options = [word for check in _CHECKS for word in ("-o", check)]
    # What tests send is random: it must not be taken for a protocol by its first bytes.
    options += [word for layer in ("tcp", "udp") for word in ("-d", f"{layer}.port==1-65535,data")]
    return cmd(["tshark", "-n", "-r", pcap, *options, *arguments], timeout=600).stdout


def tshark_verdict(frames, keep=None):
    """A stranger's opinion of FRAMES (a list, or the path of a pcap file).

    Verdict.bad lists each frame with a wrong IPv4, TCP, UDP, GRE or ICMP
    checksum, or malformed; .good counts by layer the frames of which every
    checksum of that layer was verified: assert on both. keep: where to leave
    the pcap file.
    """
    path = frames if isinstance(frames, (str, os.PathLike)) else keep
    if path is None:
        handle, path = tempfile.mkstemp(suffix=".pcap")
        os.close(handle)
        defer(os.unlink, path)
    if path is not frames:
        write_pcap(path, frames)
    fields = ["frame.number", "_ws.malformed", *(f"{x}.checksum.status" for x in _LAYERS),
              "_ws.col.Info"]
    rows = tshark(["-T", "fields", "-E", "separator=/t",
                   *(word for f in fields for word in ("-e", f))], path).splitlines()
    bad, good = [], collections.Counter()
    for row in rows:
        number, malformed, *states, info = row.split("\t")
        what = ["malformed"] if malformed else []
        for layer, state in zip(_LAYERS, states):
            # 0 bad, 1 good, 2 not verified, 3 not there; one for each header.
            if "0" in state.split(","):
                what.append(f"{layer} checksum")
            elif "1" in state.split(","):
                good[layer] += 1
        if what:
            bad.append(Bad(int(number), ", ".join(what), info))
    return Verdict(len(rows), bad, good)


def tshark_decode(frame):
    """The tree that tshark -V prints for one frame."""
    handle, path = tempfile.mkstemp(suffix=".pcap")
    os.close(handle)
    try:
        write_pcap(path, [frame])
        return tshark(["-V"], path)
    finally:
        os.unlink(path)


__all__ = ["Bad", "Capture", "CmdError", "Frame", "Verdict", "tshark", "tshark_decode",
           "tshark_verdict", "write_pcap"]
