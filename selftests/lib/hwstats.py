# SPDX-License-Identifier: GPL-2.0
"""nvnic selftests: ``ethtool -S``, the device's counters in debugfs, and the carrier,
without a process for each look.

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
_GDRVINFO, _GLINK, _GSTRINGS, _GSTATS, _GSSET_INFO = 0x03, 0x0a, 0x1b, 0x1d, 0x37
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


def three_calls(port):
    """``ethtool -S`` of a Port as every program reads it: (names, how many rows the kernel
    says that it gave values for, values)."""
    dev = port.ifname
    with _socket(port) as sock:
        info = _ioctl(sock, dev, struct.pack("=IIQI", _GSSET_INFO, 0, 1 << _SS_STATS, 0))
        count = struct.unpack_from("=I", info, 16)[0]
        names = _ioctl(sock, dev, struct.pack("=III", _GSTRINGS, _SS_STATS, count) +
                       bytes(32 * count + _SLACK))[12:]
        stats = _ioctl(sock, dev, struct.pack("=II", _GSTATS, count) + bytes(8 * count + _SLACK))
    return ([names[i * 32:(i + 1) * 32].split(b"\0")[0].decode() for i in range(count)],
            struct.unpack_from("=I", stats, 4)[0], struct.unpack_from(f"={count}Q", stats, 8))


def debugfs(port):
    """Directory of a Port's device in debugfs."""
    with _socket(port) as sock:
        info = _ioctl(sock, port.ifname, struct.pack("=I", _GDRVINFO) + bytes(192))
    return f"/sys/kernel/debug/nvnic/{info[100:132].split(bytes(1))[0].decode()}"


def _queue_rows(port):
    """{name as in ``ethtool -S``: value} of all queues of the device, but for zeros."""
    try:
        with open(f"{debugfs(port)}/queues") as queues:
            lines = [line.split() for line in queues]
    except FileNotFoundError:
        return {}
    return {f"hw_{side}{queue}_{name}": int(value) for side, queue, *rest in lines
            for name, value in zip(rest[::2], rest[1::2])}


def hwstats(port):
    """The counters of a Port as a Counter {name: value}: all of what has been seen. Queues
    of VM queue sets have no rows in ``ethtool -S``; theirs are those of the device."""
    quiesce()
    names, _, values = three_calls(port)
    return collections.Counter(_queue_rows(port) | dict(zip(names, values)))


def rule_counts(port, table="ntuple"):
    """{location: (frames, bytes)} of a Port's filter rules, as the device counts them."""
    quiesce()
    with open(f"{debugfs(port)}/rules") as rules:
        found = [re.fullmatch(r"table (\w+) location (\d+) frames (\d+) bytes (\d+)\n", line)
                 for line in rules]
    return {int(m[2]): (int(m[3]), int(m[4])) for m in found if m[1] == table}


class Watch:
    """What the counters of a Port have done since it was made, or since mark().

        seen = Watch(PAIR.a)
        ...
        seen.tx("lso_native")       # the device's, all queues
        seen.queues("rx", "frames") # {queue: count}, of those that moved
        seen["lso_software"]        # any row by its name

    READ is what reads them: a function from a Port to a Counter.
    """

    def __init__(self, port, read=hwstats):
        self.port, self.read = port, read
        self.mark()

    def mark(self):
        self.before = self.read(self.port)
        return self

    def delta(self):
        now = self.read(self.port)
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
