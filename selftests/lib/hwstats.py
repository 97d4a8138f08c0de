# SPDX-License-Identifier: GPL-2.0
"""nvnic selftests: ``ethtool -S`` and the carrier without a process for each look.

Copyright (C) 2026 nvnic contributors
"""

import array
import collections
import fcntl
import re
import socket
import struct

from .shell import in_netns, quiesce

_SIOCETHTOOL = 0x8946
_GLINK, _GSTRINGS, _GSTATS, _GSSET_INFO = 0x0a, 0x1b, 0x1d, 0x37
_SS_STATS = 1
# The kernel writes as many as there are by then, if somebody adds queues.
_SLACK = 1 << 16


def _ioctl(sock, dev, data):
    buf = array.array("B", data)
    fcntl.ioctl(sock, _SIOCETHTOOL, struct.pack("16sP", dev.encode(), buf.buffer_info()[0]))
    return buf.tobytes()


def _socket(port):
    with in_netns(port.ns):
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def carrier(port):
    """Is a Port up, with a carrier?"""
    with _socket(port) as sock:
        return _ioctl(sock, port.ifname, struct.pack("=II", _GLINK, 0))[4] == 1


def hwstats(port):
    """The counters of a Port as a Counter {name: value}: all of what has been seen."""
    quiesce()
    dev = port.ifname
    with _socket(port) as sock:
        info = _ioctl(sock, dev, struct.pack("=IIQI", _GSSET_INFO, 0, 1 << _SS_STATS, 0))
        count = struct.unpack_from("=I", info, 16)[0]
        names = _ioctl(sock, dev, struct.pack("=III", _GSTRINGS, _SS_STATS, count) +
                       bytes(32 * count + _SLACK))[12:]
        values = struct.unpack_from(f"={count}Q", _ioctl(
            sock, dev, struct.pack("=II", _GSTATS, count) + bytes(8 * count + _SLACK)), 8)
    keys = (names[i * 32:(i + 1) * 32].split(b"\0")[0].decode() for i in range(count))
    return collections.Counter(dict(zip(keys, values)))


class Watch:
    """What the counters of a Port have done since it was made, or since mark().

        seen = Watch(PAIR.a)
        ...
        seen.tx("lso_native")       # the device's, all queues
        seen.queues("rx", "frames") # {queue: count}, of those that moved
        seen["lso_software"]        # any row by its name
    """

    def __init__(self, port):
        self.port = port
        self.mark()

    def mark(self):
        self.before = hwstats(self.port)
        return self

    def delta(self):
        now = hwstats(self.port)
        return collections.Counter({n: v - self.before[n] for n, v in now.items()
                                    if v != self.before[n]})

    def queues(self, side, name):
        return by_queue(self.delta(), side, name)

    def tx(self, name):
        return sum(self.queues("tx", name).values())

    def rx(self, name):
        return sum(self.queues("rx", name).values())

    def __getitem__(self, name):
        return self.delta()[name]


def by_queue(counters, side, name):
    """{queue: value} of the device's counter NAME of the "tx" or "rx" queues."""
    found = {}
    for key, value in counters.items():
        match = re.fullmatch(rf"hw_{side}(\d+)_{name}", key)
        if match:
            found[int(match[1])] = value
    return found
