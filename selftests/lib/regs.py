# SPDX-License-Identifier: GPL-2.0
"""The registers of a port: read by ``ethtool -d``, written behind the driver's
back through debugfs.

Copyright (C) 2026 nvnic contributors
"""

import struct
import subprocess

from .shell import in_netns

CTRL, EVENT, FRAME_MAX, LINK_STATUS = 0x18, 0x28, 0x30, 0x88
VEC_TEST, Q_CTRL, Q_STATUS, Q_TAIL = 0xa8, 0x00, 0x08, 0x28
HOLD_BUFFERS, HOLD_QUEUE = 1, 2
PAUSE_TX, PAUSE_RX = 1 << 24, 1 << 25
ARM_ON = 1 << 32
QUEUE_BASE, QUEUE_STRIDE, QUEUES = 0x10000, 0x800, 128
END = QUEUE_BASE + QUEUES * QUEUE_STRIDE


def registers(port):
    """{offset: value} of a Port."""
    with in_netns(port.ns):
        raw = subprocess.run(["ethtool", "-d", port.ifname, "raw", "on"], check=True,
                             stdout=subprocess.PIPE).stdout
    words = struct.unpack(f"={len(raw) // 8}Q", raw)
    return dict(zip(words[::2], words[1::2]))


def txq(queue):
    """Where the registers of a TX queue begin."""
    return QUEUE_BASE + QUEUE_STRIDE * queue


def rxq(queue):
    return txq(queue) + 0x80


def holds(port):
    """What the TX queues of a Port that are held back wait for, enum nvnic_hold."""
    found = registers(port)
    status = (found.get(txq(queue) + Q_STATUS, 0) for queue in range(QUEUES))
    return {value >> 16 & 0xf for value in status} - {0}


def arm(queue):
    """The register that lets a queue pair's vector fire; 0: it does not."""
    return txq(queue) + 0x100


def write(port, offset, value, adapter=0):
    """Write a register of a Port, nvn0 or nvn1 of an adapter."""
    path = f"/sys/kernel/debug/nvnic/nvnic{adapter}.{port.ifname[-1]}/write"
    with open(path, "w") as knob:
        knob.write(f"{offset:x} {value:x}")
