#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Send commands to the management console of a User Mode Linux guest.

Usage: scripts/uml-console.py SOCKET COMMAND...

Prints the answers; the status is 1 if there is none within 5 seconds. What a sysrq
prints is in the guest's kernel log, not in the answer.
"""
# Copyright (C) 2026 nvnic contributors

import os
import socket
import struct
import sys
import tempfile

MAGIC, VERSION, DATA = 0xcafebabe, 2, 512


def main(path, commands):
    """Send each of the commands, print what comes back."""
    with tempfile.TemporaryDirectory() as home:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.bind(os.path.join(home, "s"))
            sock.settimeout(5)
            for command in commands:
                data = command.encode()
                sock.sendto(struct.pack(f"=III{DATA}s", MAGIC, VERSION, len(data), data), path)
                more = 1
                while more:
                    answer = sock.recv(4096)
                    error, more, length = struct.unpack_from("=III", answer)
                    print(answer[12:12 + length].decode(errors="replace").rstrip("\0"), end="")
                    if error:
                        return 1
                print()
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    try:
        sys.exit(main(sys.argv[1], sys.argv[2:]))
    except OSError as error:
        sys.exit(f"{sys.argv[1]}: {error}")
