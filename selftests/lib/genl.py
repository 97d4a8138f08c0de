# SPDX-License-Identifier: GPL-2.0
"""Generic netlink; queues, NAPI instances, page pools and statistics of a netdev over its
family "netdev".

Copyright (C) 2026 nvnic contributors
"""

import os
import socket
import struct

from .shell import in_netns, quiesce

_NETLINK_GENERIC = 16
_GENL_ID_CTRL, _CTRL_CMD_GETFAMILY = 16, 3
_CTRL_ATTR_FAMILY_ID, _CTRL_ATTR_FAMILY_NAME = 1, 2
_NLM_F_REQUEST, NLM_F_ACK, _NLM_F_DUMP = 1, 4, 0x300
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_NETDEV_CMD_PAGE_POOL_GET, _NETDEV_CMD_QUEUE_GET, _NETDEV_CMD_NAPI_GET = 5, 10, 11
_NETDEV_CMD_QSTATS_GET, _NETDEV_CMD_NAPI_SET = 12, 14
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


def attr(kind, payload):
    """An attribute; nested ones are the payload of one."""
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


def netlink():
    """A socket for request()."""
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_GENERIC)


def request(sock, number, command, flags, payload):
    """Send one request to the family of that number, return the attributes of each message of
    the answer."""
    body = struct.pack("=BBH", command, 1, 0) + payload
    sock.send(struct.pack("=IHHII", 16 + len(body), number, _NLM_F_REQUEST | flags, 1, 0) + body)
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


def family(sock, name="netdev"):
    """The number of a family."""
    found = request(sock, _GENL_ID_CTRL, _CTRL_CMD_GETFAMILY, 0,
                    attr(_CTRL_ATTR_FAMILY_NAME, name.encode() + b"\0"))
    return _uint(found[0][_CTRL_ATTR_FAMILY_ID])


def _dump(ifname, ns, command, ifindex_attr, wanted=b"", filtered=True):
    """Attributes of each object of a netdev that a dump command shows."""
    with in_netns(ns):
        sock = netlink()
        ifindex = socket.if_nametoindex(ifname)
    with sock:
        payload = attr(ifindex_attr, struct.pack("=I", ifindex)) if filtered else b""
        answers = request(sock, family(sock), command, _NLM_F_DUMP, payload + wanted)
    return [attrs for attrs in answers if _uint(attrs.get(ifindex_attr, b"")) == ifindex]


def _named(answers, names):
    return [{names[k]: _uint(v) for k, v in attrs.items() if k in names} for attrs in answers]


def napis(ifname, ns=None):
    """NAPI instances: [{"id": n, "irq": n, "pid": n}]; where the kernel keeps settings for
    each, "defer-hard-irqs", and later "threaded", too"""
    return _named(_dump(ifname, ns, _NETDEV_CMD_NAPI_GET, 1),
                  {2: "id", 3: "irq", 4: "pid", 5: "defer-hard-irqs", 8: "threaded"})


def napi_set(number, ns=None, **values):
    """Set "defer_hard_irqs" or "threaded" of the NAPI instance with this ID."""
    payload = attr(2, struct.pack("=I", number))
    for name, value in values.items():
        payload += attr({"defer_hard_irqs": 5, "threaded": 8}[name], struct.pack("=I", value))
    with in_netns(ns):
        sock = netlink()
    with sock:
        request(sock, family(sock), _NETDEV_CMD_NAPI_SET, NLM_F_ACK, payload)


def queues(ifname, ns=None):
    """Queues: [{"type": "rx" or "tx", "id": n, "napi-id": n}]"""
    found = _named(_dump(ifname, ns, _NETDEV_CMD_QUEUE_GET, 2), {1: "id", 3: "type", 4: "napi-id"})
    for queue in found:
        queue["type"] = "tx" if queue["type"] else "rx"
    return found


def page_pools(ifname, ns=None):
    """Page pools, also those that wait for their last page ("detach-time")."""
    return _named(_dump(ifname, ns, _NETDEV_CMD_PAGE_POOL_GET, 2, filtered=False),
                  {1: "id", 3: "napi-id", 4: "inflight", 5: "inflight-mem", 6: "detach-time"})


def qstats(ifname, ns=None, per_queue=False):
    """Statistics of a netdev as {name: value}; with per_queue a dict of them by
    ("rx" or "tx", queue number)."""
    quiesce()
    wanted = attr(_A_SCOPE, struct.pack("=I", _SCOPE_QUEUE)) if per_queue else b""
    table = {}
    for attrs in _dump(ifname, ns, _NETDEV_CMD_QSTATS_GET, _A_IFINDEX, wanted):
        key = None
        if _A_QUEUE_ID in attrs:
            key = ("tx" if _uint(attrs[_A_QUEUE_TYPE]) else "rx", _uint(attrs[_A_QUEUE_ID]))
        table[key] = {_NAMES[k]: _uint(v) for k, v in attrs.items() if k in _NAMES}
    return table if per_queue else table.get(None, {})
