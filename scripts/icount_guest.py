#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The guest's half of scripts/check-icount.sh: measures twice, the second time when
the host has said that it is busy, and prints both.

Copyright (C) 2026 nvnic contributors
"""

import json
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "selftests"))

from lib.irqs import spread  # noqa: E402
from lib.nvnic import Pair  # noqa: E402
from lib.shell import cmd, in_netns, undo, wait_for  # noqa: E402

BUSY = os.path.join(os.environ["NVNIC_OUT"], "busy")
RATE, PAYLOAD = 10_000_000, 1000
# tbf counts Ethernet, IPv4 and UDP headers.
FRAME = PAYLOAD + 14 + 20 + 8


def pair_of_sockets(pair, number):
    """Connected UDP sockets, of nvn0 and of nvn1."""
    ends = []
    for port in pair.ports:
        with in_netns(port.ns):
            ends.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        ends[-1].bind((port.v4, number))
    ends[0].connect((pair.b.v4, number))
    ends[1].connect((pair.a.v4, number))
    return ends


def shaped(pair, seconds):
    """Mbit/s of frames that come through a tbf on nvn0."""
    near, far = pair_of_sockets(pair, 9)
    # Send blocks while so much waits in the qdisc; it must never run dry.
    near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
    near.setblocking(False)
    far.setblocking(True)
    count, start = 0, None
    with near, far:
        while True:
            try:
                while True:
                    near.send(bytes(PAYLOAD))
            except BlockingIOError:
                pass
            far.recv(2048)
            now = time.monotonic()
            # The first come in a burst.
            if start is None and count == 100:
                start, count = now, 0
            elif start is not None and now - start >= seconds:
                return (count + 1) * FRAME * 8 / (now - start) / 1e6
            count += 1


def ping_pong(pair, seconds):
    """Round trips of a datagram a second."""
    near, far = pair_of_sockets(pair, 10)
    trips, start = 0, time.monotonic()
    with near, far:
        while time.monotonic() - start < seconds:
            near.send(b"x" * 22)
            far.send(far.recv(64))
            near.recv(64)
            trips += 1
    return trips / (time.monotonic() - start)


def measure(pair, seconds=1):
    cmd(f"tc qdisc replace dev nvn0 root tbf rate {RATE}bit burst 4k limit 1m", ns="a")
    mbps = shaped(pair, seconds)
    cmd("tc qdisc del dev nvn0 root", ns="a")
    return {"tbf Mbit/s": mbps, "round trips/s": ping_pong(pair, seconds)}


def main():
    try:
        # The scheduler's choice of a CPU is not what is measured.
        os.sched_setaffinity(0, {0})
        pair = Pair(ipv6=False)
        spread([0])
        measure(pair, 0.2)
        print(json.dumps(measure(pair)), flush=True)
        wait_for(lambda: os.path.exists(BUSY), f"the host to be busy ({BUSY})", timeout=1e6)
        print(json.dumps(measure(pair)), flush=True)
    finally:
        undo()


if __name__ == "__main__":
    main()
