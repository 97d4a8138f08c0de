# SPDX-License-Identifier: GPL-2.0
"""nvnic selftests: an Open vSwitch datapath in the kernel, without its user space.

    path = Datapath("b")
    path.flow("nvn1", mac("..."), ETH_P_IP, push_mpls(100), path.output("nvn2"))

Copyright (C) 2026 nvnic contributors
"""

import errno
import socket
import struct

from .genl import NLM_F_ACK, attr, family, netlink, request
from .shell import KsftSkipEx, defer, in_netns

_NEW, _DEL = 1, 2
_DP_NAME, _DP_UPCALL_PID = 1, 2
_VPORT_PORT_NO, _VPORT_TYPE, _VPORT_NAME, _VPORT_UPCALL_PID = 1, 2, 3, 5
_VPORT_NETDEV = 1
_FLOW_KEY, _FLOW_ACTIONS, _FLOW_MASK = 1, 2, 7
_KEY_IN_PORT, _KEY_ETHERNET, _KEY_ETHERTYPE, _KEY_IPV4, _KEY_IPV6 = 3, 4, 6, 7, 8
_OUTPUT, _PUSH_MPLS, _PUSH_ETH, _POP_ETH, _PUSH_NSH = 1, 9, 14, 15, 17
_KEY_NSH, _NSH_BASE, _NSH_MD1 = 28, 1, 2
_ETH_P_MPLS = 0x8847
# EtherType: key that must be there, though all of it is masked
_IP = {0x0800: (_KEY_IPV4, bytes(12)), 0x86dd: (_KEY_IPV6, bytes(40))}
_NONE = struct.pack("=I", 0)


def push_mpls(label):
    return attr(_PUSH_MPLS, struct.pack("!IHxx", label << 12 | 1 << 8 | 64, _ETH_P_MPLS))


def push_eth(source, destination):
    return attr(_PUSH_ETH, source + destination)


def pop_eth():
    return attr(_POP_ETH, b"")


def push_nsh(path, context, ttl=63):
    """A network service header with 16 bytes of context; what is in it the kernel knows."""
    base = struct.pack("!BBBBI", 0, ttl, 1, 0, path)
    return attr(_PUSH_NSH, attr(_KEY_NSH, attr(_NSH_BASE, base) + attr(_NSH_MD1, context)))


class Datapath:
    """One in namespace NS, gone when the case ends."""

    def __init__(self, ns):
        self.ns, self.ports = ns, {}
        with in_netns(ns):
            self.sock = netlink()
        defer(self.sock.close)
        self._do("datapath", _NEW, 0, attr(_DP_NAME, b"ovs0\0") + attr(_DP_UPCALL_PID, _NONE))
        with in_netns(ns):
            self.ifindex = socket.if_nametoindex("ovs0")
        defer(self._do, "datapath", _DEL, self.ifindex, b"")

    def _do(self, what, command, ifindex, payload):
        try:
            number = family(self.sock, f"ovs_{what}")
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
            raise KsftSkipEx("this kernel has no Open vSwitch (CONFIG_OPENVSWITCH)") from None
        request(self.sock, number, command, NLM_F_ACK, struct.pack("=I", ifindex) + payload)

    def port(self, dev):
        """The number of an interface, which becomes a port of the datapath."""
        if str(dev) not in self.ports:
            self.ports[str(dev)] = len(self.ports) + 1
            self._do("vport", _NEW, self.ifindex,
                     attr(_VPORT_NAME, str(dev).encode() + b"\0") +
                     attr(_VPORT_TYPE, struct.pack("=I", _VPORT_NETDEV)) +
                     attr(_VPORT_PORT_NO, struct.pack("=I", self.ports[str(dev)])) +
                     attr(_VPORT_UPCALL_PID, _NONE))
        return self.ports[str(dev)]

    def output(self, dev):
        """The action that sends a frame."""
        return attr(_OUTPUT, struct.pack("=I", self.port(dev)))

    def flow(self, dev, destination, ethertype, *actions):
        """What happens to untagged frames to a MAC address, of an EtherType, that DEV
        receives."""
        key = (attr(_KEY_IN_PORT, struct.pack("=I", self.port(dev))) +
               attr(_KEY_ETHERNET, bytes(6) + destination) +
               attr(_KEY_ETHERTYPE, struct.pack("!H", ethertype)))
        if ethertype in _IP:
            key += attr(*_IP[ethertype])
        mask = (attr(_KEY_IN_PORT, b"\xff" * 4) + attr(_KEY_ETHERNET, bytes(6) + b"\xff" * 6) +
                attr(_KEY_ETHERTYPE, b"\xff" * 2))
        self._do("flow", _NEW, self.ifindex, attr(_FLOW_KEY, key) + attr(_FLOW_MASK, mask) +
                 attr(_FLOW_ACTIONS, b"".join(actions)))
