# SPDX-License-Identifier: GPL-2.0
"""nvnic selftests: flows that run in processes of their own and say of each byte
where it belongs.

Copyright (C) 2026 nvnic contributors
"""

import multiprocessing
import os
import random
import socket
import struct
import threading
import time

from .nvnic import connect, retransmits
from .shell import defer, in_netns

# A prime, so that nothing that is lost or repeated fits it
PERIOD = 65521
_FORK = multiprocessing.get_context("fork")
_UDP_SEGMENT, _SO_RCVBUFFORCE = 103, 33


class Pattern:
    """What a flow sends: byte N of it is byte N % PERIOD of a block of its own."""

    def __init__(self, seed):
        block = random.Random(seed).randbytes(PERIOD)
        self.bytes = block * 4

    def at(self, position, length):
        start = position % PERIOD
        return self.bytes[start:start + length]


class Flow:
    """A sender and a receiver in a process of their own. They send with pauses: this
    is not about who is faster; and once at least, however late they come to it.

        flow = TcpFlow("a to b", tunnel.a, tunnel.b, seed=1)
        ...
        flow.finish()           # or flow.cut() when its link is gone
        flow.wrong, flow.error  # a text, or None
        flow.sent, flow.received
    """

    def __init__(self, name, seed):
        self.name, self.pattern = name, Pattern(seed)
        self.sent = self.again = 0
        self.wrong = self.error = None
        self.ending, self.leaving = _FORK.Event(), _FORK.Event()
        # Written by the process; its parent sees by it that it goes on.
        self.arrived = _FORK.RawValue("Q", 0)
        self.pipe, pipe = _FORK.Pipe(duplex=False)
        self.process = _FORK.Process(target=self._main, args=(pipe,), daemon=True)
        self.process.start()
        pipe.close()
        self.close()
        defer(self.cut)

    @property
    def received(self):
        return self.arrived.value

    def _main(self, pipe):
        # Whoever changes things must get on, however much is sent.
        os.nice(10)
        threads = [threading.Thread(target=self._guard, args=(f,), daemon=True)
                   for f in (self._send, self._receive)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads) and not self.leaving.is_set():
            threads[1].join(0.1)
        pipe.send((self.sent, self.again, self.wrong, self.error))

    def _guard(self, func):
        try:
            func()
        except OSError as error:
            self.error = self.error or f"{func.__name__[1:]}: {error}"
            self.ending.set()

    def finish(self, timeout=90):
        """Stop sending, wait until all has arrived, or nothing has for TIMEOUT seconds."""
        self.ending.set()
        self._collect(timeout)

    def cut(self):
        """Stop; it may not hear the end, for its link is gone."""
        if self.process.is_alive():
            self.ending.set()
            self.leaving.set()
            self._collect(30)

    def _collect(self, timeout):
        there = -1
        try:
            while not self.pipe.poll(timeout):
                if self.received == there:
                    self.error = f"did not end, and stood still at {there} for {timeout} s"
                    break
                there = self.received
            else:
                self.sent, self.again, self.wrong, self.error = self.pipe.recv()
        except EOFError:
            self.error = "its process died"
        self.process.kill()
        self.process.join()


class TcpFlow(Flow):
    """A TCP connection; what arrives must be the pattern from its beginning."""

    def __init__(self, name, src, dst, family=4, seed=0):
        self.client, self.server = connect(src, dst, family)
        super().__init__(name, seed)

    def close(self):
        for sock in (self.client, self.server):
            sock.close()

    def _send(self):
        while not (self.sent and self.ending.is_set()):
            self.sent += self.client.send(self.pattern.at(self.sent, 1 << 16))
            time.sleep(0.004)
        self.again = retransmits(self.client)
        self.client.shutdown(socket.SHUT_WR)

    def _receive(self):
        while True:
            data = self.server.recv(1 << 17)
            if not data:
                return
            if data != self.pattern.at(self.received, len(data)):
                self.wrong = self.wrong or f"within {len(data)} bytes from {self.received} on"
            self.arrived.value += len(data)


class UdpFlow(Flow):
    """Numbered datagrams: of SIZE bytes each, or super-datagrams of COUNT of them.

    Each arrives whole and at most once.
    """

    HEAD = struct.Struct("=4sQ")
    MARK = b"nvn:"

    def __init__(self, name, src, dst, family=4, size=1200, count=1, seed=0):
        inet = socket.AF_INET if family == 4 else socket.AF_INET6
        self.size, self.count = size, count
        with in_netns(dst.ns):
            self.server = socket.socket(inet, socket.SOCK_DGRAM)
        with in_netns(src.ns):
            self.client = socket.socket(inet, socket.SOCK_DGRAM)
        self.server.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 16 << 20)
        self.server.bind((dst.addr(family), 0))
        self.client.connect(self.server.getsockname()[:2])
        self.client.settimeout(20)
        self.server.settimeout(0.5)
        if count > 1:
            self.client.setsockopt(socket.IPPROTO_UDP, _UDP_SEGMENT, size)
        super().__init__(name, seed)

    def close(self):
        self.client.close()
        self.server.close()

    def datagram(self, number):
        head = self.HEAD.pack(self.MARK, number)
        return head + self.pattern.at(number * 7, self.size - len(head))

    def _send(self):
        while not (self.sent and self.ending.is_set()):
            data = b"".join(self.datagram(self.sent + n) for n in range(self.count))
            try:
                self.client.send(data)
            except OSError:
                # No link, no memory: this one was not sent.
                time.sleep(0.01)
                continue
            self.sent += self.count
            time.sleep(0.002)

    def _receive(self):
        seen, quiet = set(), 0
        while quiet < 4:
            try:
                data = self.server.recv(1 << 16)
            except TimeoutError:
                quiet = quiet + 1 if self.ending.is_set() else 0
                continue
            number = self.HEAD.unpack_from(data)[1] if len(data) >= self.HEAD.size else -1
            if number < 0 or data != self.datagram(number):
                self.wrong = self.wrong or f"datagram {number} of {len(data)} bytes"
            elif number in seen:
                self.wrong = self.wrong or f"datagram {number} arrived twice"
            seen.add(number)
            self.arrived.value += 1
