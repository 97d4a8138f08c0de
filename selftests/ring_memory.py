#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# cpus: 2
# seconds: 40
"""Rings get their memory though the page cache has all of it: what can be reclaimed is.

Copyright (C) 2026 nvnic contributors
"""

import os

from lib.ktap import ksft_case, ksft_le, ksft_pr, ksft_run, ksft_variants
from lib.nvnic import TOP, Pair, Transfer
from lib.shell import KsftSkipEx, cmd, defer

PAIR = HOLES = None
FULL = 24 << 10         # KiB free, when the page cache is full
CHUNK = 1 << 20
SOME = 64               # chunks that show whether reading fills the page cache


def setup():
    global PAIR, HOLES
    PAIR = Pair()
    path = f"{disk()}/holes.{os.getpid()}"
    with open(path, "wb") as file:
        defer(os.unlink, path)
        file.truncate(memory("MemTotal") << 10)
    # Some file systems forget a file's pages when nobody has it open.
    HOLES = open(path, "rb", buffering=0)
    defer(HOLES.close)
    free = memory("MemFree")
    for _ in range(SOME):
        HOLES.read(CHUNK)
    if free - memory("MemFree") < SOME * CHUNK >> 11:
        raise KsftSkipEx("this file system keeps no pages of a file that was read")
    for port in PAIR.ports:
        port.cmd(f"ethtool -L {port} combined 8")
    PAIR.a.wait_carrier()


def memory(name):
    """A row of /proc/meminfo, in KiB."""
    with open("/proc/meminfo") as table:
        return next(int(line.split()[1]) for line in table if line.startswith(f"{name}:"))


def disk():
    """A directory whose files are kept somewhere else than in memory."""
    for path in ("/out", TOP):
        kind = cmd(f"stat -f -c %T {path}").stdout.strip()
        if kind not in ("tmpfs", "ramfs", "overlayfs") and os.access(path, os.W_OK):
            return path
    raise KsftSkipEx("no file system here but in memory")


def fill_page_cache():
    """Read a file of holes, as large as the memory, until nothing is free."""
    HOLES.seek(0)
    # Looked at once: the kernel goes on to reclaim.
    while (free := memory("MemFree")) > FULL and HOLES.read(CHUNK):
        pass
    ksft_pr(f"free {free} KiB, available {memory('MemAvailable')} KiB")
    ksft_le(free, FULL, "KiB free with a full page cache")


RINGS = {
    "ring": "ethtool -G nvn0 rx 8192",
    "mtu": "ip link set nvn0 mtu 9000",
    "channels": "ethtool -L nvn0 combined 32",
}


@ksft_variants(RINGS)
def page_cache_is_full(command):
    defer(PAIR.a.cmd, "ethtool -G nvn0 rx 1024")
    defer(PAIR.a.set, "mtu 1500")
    defer(PAIR.a.cmd, "ethtool -L nvn0 combined 8")
    if command.endswith("9000"):
        PAIR.a.cmd("ethtool -G nvn0 rx 4096")
    fill_page_cache()
    PAIR.a.cmd(command)
    ksft_pr(f"free {memory('MemFree')} KiB after it")
    PAIR.a.wait_carrier()
    Transfer(PAIR.a, PAIR.b, 1 << 20).check()


@ksft_case
def port_comes_up():
    PAIR.a.cmd("ethtool -G nvn0 rx 8192")
    defer(PAIR.a.cmd, "ethtool -G nvn0 rx 1024")
    PAIR.a.down()
    fill_page_cache()
    PAIR.a.up()
    PAIR.a.wait_carrier()


ksft_run(setup)
