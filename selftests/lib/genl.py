# SPDX-License-Identifier: GPL-2.0
"""Per-queue statistics of a netdev over generic netlink (family "netdev").

Copyright (C) 2026 nvnic contributors
"""

import os
import socket
import struct

from .shell import in_netns

_NETLINK_GENERIC = 16
_GENL_ID_CTRL, _CTRL_CMD_GETFAMILY = 16, 3
_CTRL_ATTR_FAMILY_ID, _CTRL_ATTR_FAMILY_NAME = 1, 2
_NLM_F_REQUEST, _NLM_F_DUMP = 1, 0x300
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_NETDEV_CMD_QSTATS_GET = 12
_A_IFINDEX, _A_QUEUE_TYPE, _A_QUEUE_ID, _A_SCOPE = 1, 2, 3, 4
_SCOPE_QUEUE = 1

_NAMES = dict(enumerate((
    "rx-packets", "rx-bytes", "tx-packets", "tx-bytes", "rx-alloc-fail",
    "rx-hw-drops", "rx-hw-drop-overruns", "rx-csum-complete",
    "rx-csum-unnecessary", "rx-csum-none", "rx-csum-bad",
    "rx-hw-gro-packets", "rx-hw-gro-bytes", "rx-hw-gro-wire-packets",
    "rx-hw-gro-wire-bytes", "rx-hw-drop-ratelimits", "tx-hw-drops",
    "tx-hw-drop-errors", "tx-csum-none", "tx-needs-csum",
    "tx-hw-gso-packets", "tx-hw-gso-bytes", "tx-hw-gso-wire-packets",
    "tx-hw-gso-wire-bytes", "tx-hw-drop-ratelimits", "tx-stop", "tx-wake"), 8))


def _attr(kind, payload):
    size = 4 + len(payload)
    return struct.pack("=HH", size, kind) + payload + bytes(-size % 4)


def _attrs(data):
    found = {}
    while len(data) >= 4:
        size, kind = struct.unpack_from("=HH", data)
        found[kind & 0x3fff] = data[4:size]
        data = data[size + 3 & ~3:]
    return found


def _uint(payload):
    return int.from_bytes(payload, "little")


def _request(sock, family, command, flags, payload):
    """Send one request, return the attributes of each message of the answer."""
    body = struct.pack("=BBH", command, 1, 0) + payload
    sock.send(struct.pack("=IHHII", 16 + len(body), family, _NLM_F_REQUEST | flags, 1, 0) + body)
    answers = []
    while True:
        data = sock.recv(1 << 18)
        while data:
            size, kind = struct.unpack_from("=IH", data)
            if kind == _NLMSG_DONE:
                return answers
            if kind == _NLMSG_ERROR:
                errno = -struct.unpack_from("=i", data, 16)[0]
                if errno:
                    raise OSError(errno, os.strerror(errno))
                return answers
            answers.append(_attrs(data[20:size]))
            data = data[size + 3 & ~3:]
        if not flags & _NLM_F_DUMP:
            return answers


def qstats(ifname, ns=None, per_queue=False):
    """Statistics of a netdev as {name: value}; with per_queue a dict of them by
    ("rx" or "tx", queue number)."""
    with in_netns(ns):
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_GENERIC)
        ifindex = socket.if_nametoindex(ifname)
    with sock:
        family = _request(sock, _GENL_ID_CTRL, _CTRL_CMD_GETFAMILY, 0,
                          _attr(_CTRL_ATTR_FAMILY_NAME, b"netdev\0"))
        payload = _attr(_A_IFINDEX, struct.pack("=I", ifindex))
        if per_queue:
            payload += _attr(_A_SCOPE, struct.pack("=I", _SCOPE_QUEUE))
        answers = _request(sock, _uint(family[0][_CTRL_ATTR_FAMILY_ID]),
                           _NETDEV_CMD_QSTATS_GET, _NLM_F_DUMP, payload)
    table = {}
    for attrs in answers:
        if _uint(attrs[_A_IFINDEX]) != ifindex:
            continue
        key = None
        if _A_QUEUE_ID in attrs:
            key = ("tx" if _uint(attrs[_A_QUEUE_TYPE]) else "rx", _uint(attrs[_A_QUEUE_ID]))
        table[key] = {_NAMES[k]: _uint(v) for k, v in attrs.items() if k in _NAMES}
    return table if per_queue else table.get(None, {})
