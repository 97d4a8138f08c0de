# SPDX-License-Identifier: GPL-2.0
"""nvnic selftests: the kernel's packet generator, which sends small UDP frames
as fast as a CPU can.

Copyright (C) 2026 nvnic contributors
"""

import contextlib
import os
import re
import signal
import socket
import threading
import time

from .frames import ETH_P_IP, UDP, addr, eth, ipv4, mac, udp
from .hwstats import Watch
from .irqs import fired
from .nvnic import Pair, Port
from .shell import KsftSkipEx, cmd, defer, in_netns, wait_for

_DIR = "/proc/net/pktgen"


def _write(file, *lines):
    for line in lines:
        with open(f"{_DIR}/{file}", "w") as knob:
            knob.write(line + "\n")


def _run():
    """Run all generators until they are stopped. pktgen stops them as well when the thread
    that waits here has a signal pending: a child's end, say, while the thread that started
    the child still has all signals blocked."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    _write("pgctrl", "start")


class Pktgen:
    """Streams of UDP frames from a port in the initial namespace, until stop().

        with Pktgen([Stream(0, PAIR.a, PAIR.b, queue=0)]) as gen:
            time.sleep(1)
        gen.sent

    size: bytes of a frame, without FCS. count: frames a stream, 0: no end.
    delay: nanoseconds from one to the next. burst: frames a doorbell (xmit_more), which
    are the same skb; a veth takes but one.
    """

    def __init__(self, streams, size=60, count=0, delay=0, burst=1):
        self.sent = 0
        self.devices = {}
        if max(stream.cpu for stream in streams) >= os.cpu_count():
            raise KsftSkipEx("pktgen sends each stream from a CPU of its own")
        for number, stream in enumerate(streams):
            dev = f"{stream.src.ifname}@{number}"
            self.devices[dev] = stream
            _write(f"kpktgend_{stream.cpu}", f"add_device {dev}")
            _write(dev, f"count {count}", f"pkt_size {size}", f"delay {delay}", "clone_skb 0",
                   f"queue_map_min {stream.queue}", f"queue_map_max {stream.queue}",
                   f"src_min {stream.v4}", f"src_max {stream.v4}", f"dst {stream.dst.v4}",
                   f"dst_mac {stream.dst_mac}",
                   f"udp_src_min {stream.port}", f"udp_src_max {stream.port}",
                   "udp_dst_min 9", "udp_dst_max 9", f"burst {burst}")
        self.thread = threading.Thread(target=_run, daemon=True)
        defer(self.stop)

    def _result(self, dev):
        with open(f"{_DIR}/{dev}") as knob:
            words = knob.read().split()
        return int(words[words.index("pkts-sofar:") + 1])

    def count(self):
        """Frames sent so far."""
        return sum(self._result(dev) for dev in self.devices)

    def seconds(self):
        """How long the stream took that took longest, when all are finished."""
        times = []
        for dev in self.devices:
            with open(f"{_DIR}/{dev}") as knob:
                times.append(int(re.search(r"OK: (\d+)\(", knob.read())[1]) / 1e6)
        return max(times)

    def join(self, timeout):
        """Wait for the end of the wanted count."""
        self.thread.join(timeout)
        if not self.finished():
            raise AssertionError(f"the packet generator did not end in {timeout} s")

    def finished(self):
        """All of the wanted count is sent."""
        return not self.thread.is_alive()

    def start(self):
        self.thread.start()
        wait_for(self.count, "the packet generator")
        return self

    def stop(self):
        if self.thread.is_alive():
            _write("pgctrl", "stop")
            self.thread.join(20)
        if self.devices:
            self.sent = self.count()
            _write("pgctrl", "reset")
            wait_for(lambda: not self.devices.keys() & set(os.listdir(_DIR)),
                     "the packet generator to forget its devices")
        self.devices = {}

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def quiet_pair():
    """A Pair with nvn0 in the initial namespace, two channels, nothing of IPv6."""
    pair = Pair(ns_a=None, ipv6=False)
    if not os.path.isdir(_DIR):
        cmd("modprobe pktgen")
        defer(cmd, "rmmod pktgen")
    for port in pair.ports:
        port.cmd(f"ethtool -L {port} combined 2", fail=False)
    pair.a.wait_carrier()
    return pair


class Stream:
    """What one CPU sends: from SRC to DST by a TX queue, with a source address."""

    def __init__(self, cpu, src: Port, dst: Port, queue=0, v4=None, port=9):
        self.cpu, self.src, self.dst, self.queue = cpu, src, dst, queue
        self.v4, self.port, self.dst_mac = v4 or src.v4, port, dst.mac()


def source_for(tx, src: Port, dst: Port, queue, port=9):
    """A source address whose frames of a Stream DST receives by a queue; TX: a Sender."""
    for host in range(10, 250):
        v4 = f"10.9.0.{host}"
        seen = Watch(dst)
        tx.send(eth(mac(dst.mac()), mac(src.mac()), ETH_P_IP,
                    ipv4(addr(v4), addr(dst.v4), UDP,
                         udp(addr(v4), addr(dst.v4), port, 9, bytes(18), check=0))))
        wait_for(lambda: seen.rx("frames"), "a frame to arrive")
        if seen.queues("rx", "frames").get(queue):
            return v4
    raise AssertionError(f"nothing goes to queue {queue} of {dst}")


class Sink:
    """A UDP socket that is full, and what has come as far as to it."""

    def __init__(self, port: Port, number=9):
        self.port = port
        with in_netns(port.ns):
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        self.sock.setblocking(False)
        self.sock.bind(("0.0.0.0", number))
        defer(self.sock.close)

    def count(self):
        """Datagrams that UDP has had: read, or dropped for want of a reader."""
        # It counts what waits in the socket when it is read.
        with contextlib.suppress(BlockingIOError):
            while True:
                self.sock.recv(2048)
        for line in self.port.cmd("cat /proc/net/snmp").stdout.splitlines():
            words = line.split()
            if words[0] == "Udp:" and words[1].isdigit():
                return int(words[1]) + int(words[3])
        raise AssertionError("no UDP in /proc/net/snmp")

    def rate(self, streams, seconds):
        """(datagrams, interrupts of all ports) a second while STREAMS are sent"""
        with Pktgen(streams):
            time.sleep(0.3)
            frames, irqs, start = self.count(), fired(), time.monotonic()
            time.sleep(seconds)
            frames, spent = self.count() - frames, time.monotonic() - start
            return frames / spent, (fired() - irqs) / spent
