# SPDX-License-Identifier: GPL-2.0
"""nvnic selftests: the queue that a frame reaches, and rules that say which.

Copyright (C) 2026 nvnic contributors
"""

import re

from .frames import Sender
from .hwstats import Watch, by_queue
from .ktap import ksft_eq
from .nvnic import Pair
from .shell import cmd, defer, wait_for


def quiet_ports(queues):
    """A Pair of which nvn1 has so many queues and, unless a rule says otherwise, all
    traffic on queue 0; and what sends to it from nvn0."""
    pair = Pair(ns_a=None, ipv6=False)
    cmd("sysctl -qw net.core.message_cost=0")
    pair.b.cmd(f"ethtool -L nvn1 combined {queues}")
    pair.b.cmd("ethtool -X nvn1 equal 1")
    pair.b.set("promisc on")
    return pair, Sender("nvn0")


def remove_rule(port, loc):
    port.cmd(f"ethtool -N {port} delete {loc}", fail=False)


def add_rule(port, words, loc=None):
    """Add an ethtool rule, deleted when the case ends; its location."""
    out = port.cmd(f"ethtool -N {port} flow-type {words}" + (f" loc {loc}" if loc is not None
                                                           else "")).stdout
    if loc is None:
        loc = int(re.search(r"Added rule with ID (\d+)", out)[1])
    defer(remove_rule, port, loc)
    return loc


def reaches(port, sender, queue, *frames):
    """Frames reach this queue of a Port (None: they are dropped by a rule), and no
    other; what its counters have done meanwhile."""
    seen = Watch(port)
    for frame in frames:
        sender.send(frame)
    wait_for(lambda: seen["wire_rx_frames"] >= len(frames), "the frames")
    now = seen.delta()
    ksft_eq(by_queue(now, "rx", "frames"), {} if queue is None else {queue: len(frames)},
            "queues")
    ksft_eq(now["wire_rx_drop_rule"], len(frames) if queue is None else 0, "dropped by a rule")
    return now
