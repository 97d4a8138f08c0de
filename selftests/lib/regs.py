# SPDX-License-Identifier: GPL-2.0
"""The registers of a port, from ``ethtool -d``: pairs of offset and value.

Copyright (C) 2026 nvnic contributors
"""

import struct
import subprocess

CTRL, EVENT, FRAME_MAX, LINK_STATUS = 0x18, 0x28, 0x30, 0x88
PAUSE_TX, PAUSE_RX = 1 << 24, 1 << 25


def registers(port):
    """{offset: value} of a Port."""
    argv = ["ip", "netns", "exec", port.ns] if port.ns else []
    raw = subprocess.run(argv + ["ethtool", "-d", port.ifname, "raw", "on"], check=True,
                         stdout=subprocess.PIPE).stdout
    words = struct.unpack(f"={len(raw) // 8}Q", raw)
    return dict(zip(words[::2], words[1::2]))
