# SPDX-License-Identifier: GPL-2.0
"""nvnic selftests: a receiver that takes no more frames, and who waits for it.

Copyright (C) 2026 nvnic contributors
"""

import socket

from . import regs
from .frames import SO_SNDBUFFORCE, Sender
from .hwstats import Watch
from .shell import defer, wait_for


class Receiver:
    """Queue 0 of a Pair's nvn1: stopped until start(), or until the case ends. It posts no more
    buffers, as its vector does not fire and nobody polls it."""

    def __init__(self, pair):
        self.pair = pair
        pair.set_rings(pair.b, rx=64)
        self.stop()
        defer(self.start)

    def stop(self):
        regs.write(self.pair.b, regs.arm(0), 0)

    def start(self):
        regs.write(self.pair.b, regs.arm(0), regs.ARM_ON)

    def hold(self, frame, sender=None, queue=None):
        """FRAME again and again, sent by the Port SENDER or else by nvn0, until the device holds
        that TX queue of nvn0, or any."""
        port = sender or self.pair.a
        sock, seen = Sender(port.ifname, ns=port.ns), Watch(self.pair.a)
        sock.sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 4 << 20)

        def held():
            # A poll that goes on would arm it again.
            self.stop()
            for _ in range(50):
                sock.send(frame)
            return seen.tx("held") if queue is None else seen[f"hw_tx{queue}_held"]
        wait_for(held, "the sender to be held back")
