# SPDX-License-Identifier: GPL-2.0
"""nvnic selftests: a TCP stream that goes on as long as the test needs it.

Copyright (C) 2026 nvnic contributors
"""

import os
import socket
import struct
import time

from .ktap import ksft_ge
from .nvnic import Transfer


class Stream(Transfer):
    """Random bytes over TCP until check(), which compares their SHA-256.

        stream = Stream(tun.a, tun.b)
        ... change something under it ...
        stream.moving()      # waits until more has arrived
        stream.check()
    """

    def __init__(self, src, dst, family=4):
        self.stop = False
        super().__init__(src, dst, 0, family)

    def _send(self):
        block, count = os.urandom(1 << 18), 0
        while not self.stop:
            count += 1
            piece = struct.pack("=Q", count) + block[8:]
            self.sent.update(piece)
            self.client.sendall(piece)
            self.size += len(piece)
        self.client.shutdown(socket.SHUT_WR)

    def moving(self, count=1 << 18, timeout=60):
        """Wait until COUNT bytes more have arrived; AssertionError if they do not."""
        goal, end = self.received + count, time.monotonic() + timeout
        while self.received < goal:
            if self.error or time.monotonic() > end:
                raise AssertionError(f"the stream stands still at {self.received} bytes, "
                                     f"waited for {goal}: {self.error}")
            time.sleep(0.005)

    def check(self, timeout=120):
        """End the stream; raises unless all that was sent has arrived as it was."""
        self.stop = True
        self.started = time.monotonic()
        again = super().check(timeout)
        ksft_ge(self.received, 1, "bytes received")
        return again
