# SPDX-License-Identifier: GPL-2.0
"""nvnic selftests: filter rules and hash settings by ioctl, for what ethtool 6.1
does not know or a process a rule is too slow for.

Copyright (C) 2026 nvnic contributors
"""

import array
import fcntl
import socket
import struct

from .shell import in_netns

_SIOCETHTOOL = 0x8946
_GRXRINGS, _GRXCLSRLCNT, _GRXCLSRULE, _GRXCLSRLALL = 0x2d, 0x2e, 0x2f, 0x30
_GRXFH, _SRXFH = 0x29, 0x2a
_SRXCLSRLDEL, _SRXCLSRLINS = 0x31, 0x32
_GRSSH, _SRSSH = 0x46, 0x47

TCP4, UDP4, IP4, ETHER = 0x01, 0x02, 0x0d, 0x12
TCP6, UDP6, IPV4, IP6 = 0x05, 0x06, 0x10, 0x11
# Hash fields, RXH_*
IP_SRC, IP_DST, SPORT, DPORT, FLOW_LABEL = 1 << 4, 1 << 5, 1 << 6, 1 << 7, 1 << 9
FLOW_EXT, FLOW_MAC_EXT, FLOW_RSS = 0x80000000, 0x40000000, 0x20000000
DROP, WAKE = 0xffffffffffffffff, 0xfffffffffffffffe
ANY, FIRST, LAST = 0xffffffff, 0xfffffffe, 0xfffffffd
SYM_XOR, SYM_OR_XOR, NO_CHANGE = 1, 2, 0xff
INDIR_NO_CHANGE = 0xffffffff

# struct ethtool_rxnfc: cmd, flow_type, data, fs (flow_type, h_u, h_ext, m_u,
# m_ext, ring_cookie, location), rss_context or rule_cnt
_NFC = struct.Struct("=IIQ I52s20s52s20s4xQI4xI4x")


def core_looks_up_contexts():
    """Does ethtool's core refuse a rule with an RSS context that is not there, before the
    driver could say why? It does in kernels that tell of changes of RSS."""
    with open("/proc/kallsyms") as symbols:
        return any(line.split()[2] == "ethtool_rss_notify" for line in symbols)


class Ethtool:
    """ioctls on the interface of a Port; errors are OSError."""

    def __init__(self, port):
        self.dev = port.ifname
        with in_netns(port.ns):
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def ioctl(self, data):
        buf = array.array("B", data)
        fcntl.ioctl(self.sock, _SIOCETHTOOL,
                    struct.pack("16sP", self.dev.encode(), buf.buffer_info()[0]))
        return buf.tobytes()

    def _nfc(self, cmd, flow=0, key=b"", mask=b"", key_ext=b"", mask_ext=b"", action=0,
             loc=0, last=0, data=0, room=0):
        out = self.ioctl(_NFC.pack(cmd, 0, data, flow, key, key_ext, mask, mask_ext, action, loc,
                                   last) + bytes(room))
        return _NFC.unpack_from(out), out

    def rings(self):
        return self._nfc(_GRXRINGS)[0][2]

    def insert(self, flow, key, mask, action, loc=ANY, context=None, key_ext=b"", mask_ext=b""):
        """Add a rule; key and mask as bytes of the flow's specification. Its location."""
        flow |= FLOW_RSS if context is not None else 0
        return self._nfc(_SRXCLSRLINS, flow, key, mask, key_ext, mask_ext, action, loc,
                         context or 0)[0][9]

    def delete(self, loc):
        self._nfc(_SRXCLSRLDEL, loc=loc)

    def count(self):
        """(rules, size of the table with its flag)"""
        out = self._nfc(_GRXCLSRLCNT)[0]
        return out[10], out[2]

    def locations(self, room=None):
        """Locations of all rules; room: how many there is room for."""
        room = self.count()[0] if room is None else room
        out, raw = self._nfc(_GRXCLSRLALL, last=room, room=4 * room)
        return list(struct.unpack_from(f"={out[10]}I", raw, _NFC.size - 4))

    def _fields(self, cmd, flow, data, context):
        out = bytearray(_NFC.pack(cmd, flow | (FLOW_RSS if context else 0), data, 0, b"", b"", b"",
                                  b"", 0, 0, context))
        return _NFC.unpack_from(self.ioctl(bytes(out)))[2]

    def fields(self, flow, context=0):
        """Hash fields (RXH_*) of a flow type."""
        return self._fields(_GRXFH, flow, 0, context)

    def set_fields(self, flow, data, context=0):
        self._fields(_SRXFH, flow, data, context)

    def rxfh(self, context=0):
        """(hash function, input transform, table, key)"""
        head = struct.Struct("=IIIIBBBBI")
        out = head.unpack_from(self.ioctl(head.pack(_GRSSH, context, 0, 0, 0, 0, 0, 0, 0)))
        entries, keylen = out[2:4]
        raw = self.ioctl(head.pack(_GRSSH, context, entries, keylen, 0, 0, 0, 0, 0) +
                         bytes(4 * entries + keylen))
        hfunc, xfrm = head.unpack_from(raw)[4:6]
        table = list(struct.unpack_from(f"={entries}I", raw, head.size))
        return hfunc, xfrm, table, raw[head.size + 4 * entries:][:keylen]

    def set_rxfh(self, context=0, xfrm=NO_CHANGE, hfunc=0):
        """Set the input transform, and the hash function, of a context."""
        self.ioctl(struct.pack("=IIIIBBBBI", _SRSSH, context, INDIR_NO_CHANGE, 0, hfunc, xfrm,
                               0, 0, 0))
