# SPDX-License-Identifier: GPL-2.0
"""The ports that "make bench" and "make bench-native" compare, and what is over them.

Copyright (C) 2026 nvnic contributors
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "selftests"))

from lib.nvnic import Pair, Port  # noqa: E402
from lib.shell import cmd, defer  # noqa: E402

KEY = 5000 << 8
GRE_LSO = ("tx-gre-segmentation", "tx-gre-csum-segmentation")
TSO = ("tx-tcp-segmentation", "tx-tcp6-segmentation")


def tunnel_over(ns, ifnames):
    """(the pair with these names in namespaces of its own, the gretap over it)"""
    pair = Pair(f"{ns}-a", f"{ns}-b", ifnames=ifnames)
    return pair, pair.tunnel("gretap", key=KEY)


def switch(port, states):
    """Set the features that the interface has and can change."""
    usable = port.features().keys() - port.fixed_features()
    port.set_features(**{name: state for name, state in states.items() if name in usable})


def segment_in_software(pair):
    """Have the kernel segment what a pair of veth sends."""
    for port in pair.ports:
        switch(port, dict.fromkeys(("tx-checksum-ip-generic", *TSO, *GRE_LSO), False))


def napi_veth(names, ns, queues):
    """A veth pair that receives by NAPI; the second end is in namespace NS, which is
    made."""
    words = f"numtxqueues {queues} numrxqueues {queues}"
    cmd(f"ip link add {names[0]} {words} type veth peer name {names[1]} {words}")
    defer(cmd, f"ip link del {names[0]}", fail=False)
    cmd(f"ip netns add {ns}")
    defer(cmd, f"ip netns del {ns}", fail=False)
    cmd(f"ip link set {names[1]} netns {ns}")
    ends = Port(names[0]), Port(names[1], ns)
    for host, end in enumerate(ends, 1):
        # Without TSO veth takes frames without a socket through its NAPI.
        end.cmd(f"ethtool -K {end} gro on tso off gso off")
        end.address(f"10.8.0.{host}/24")
        end.up()
    return ends
