#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# cpus: 2
"""Threaded NAPI, busy polling, and what netdev-genl tells of page pools.

Copyright (C) 2026 nvnic contributors
"""

import os
import re
import socket

from lib.genl import napi_set, napis, page_pools
from lib.irqs import fired
from lib.ktap import ksft_case, ksft_eq, ksft_ge, ksft_le, ksft_pr, ksft_run, ksft_true
from lib.nvnic import Pair, Transfer
from lib.shell import KsftSkipEx, defer, in_netns, wait_for
from lib.stream import Stream as Tcp

PAIR = None
SO_BUSY_POLL, SO_INCOMING_NAPI_ID, SO_PREFER_BUSY_POLL = 46, 56, 69
PINGS = 300


def setup():
    global PAIR
    PAIR = Pair(ns_a=None)
    for port in PAIR.ports:
        port.cmd(f"ethtool -L {port} combined 1", fail=False)
    PAIR.a.wait_carrier()


def put(port, name, value):
    port.cmd(["sh", "-c", f"echo {value} > /sys/class/net/{port}/{name}"])


def threaded(port, state):
    put(port, "threaded", int(state))


def kthreads():
    """{pid: how often it has gone to sleep} of the NAPI threads of nvn1."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/status") as file:
                status = dict(re.findall(r"^(\w+):\s*(.*)$", file.read(), re.M))
        except FileNotFoundError:
            continue
        if status["Name"].startswith("napi/nvn1-"):
            found[int(pid)] = int(status["voluntary_ctxt_switches"])
    return found


@ksft_case
def thread_does_the_work():
    defer(threaded, PAIR.b, False)
    threaded(PAIR.b, True)
    slept = kthreads()
    ksft_eq(set(slept), {n.get("pid") for n in napis("nvn1", "b")}, "threads")
    Transfer(PAIR.a, PAIR.b, 8 << 20).check()
    ksft_ge(sum(kthreads().values()), sum(slept.values()) + 1, "times that the thread slept")


@ksft_case
def thread_comes_and_goes():
    """Under a stream, with channels and rings that change meanwhile."""
    defer(threaded, PAIR.b, False)
    defer(PAIR.b.cmd, "ethtool -L nvn1 combined 1")
    stream = Tcp(PAIR.a, PAIR.b)
    for n in range(8):
        threaded(PAIR.b, n % 2 == 0)
        stream.moving(1 << 16)
        PAIR.b.cmd(f"ethtool -L nvn1 combined {2 + n % 2}")
        ksft_eq(len(kthreads()), (2 + n % 2) * (n % 2 == 0), "threads")
        stream.moving(1 << 16)
    ksft_pr(f"{stream.check()} segments sent again")


@ksft_case
def settings_survive_channels():
    """A queue's NAPI instance has its ID and its settings again, after -L and down and up."""
    defer(PAIR.b.cmd, "ethtool -L nvn1 combined 1")
    PAIR.b.cmd("ethtool -L nvn1 combined 3")
    before = napis("nvn1", "b")
    if "defer-hard-irqs" not in before[0]:
        raise KsftSkipEx("this kernel keeps no settings of a NAPI instance")
    chosen = min(n["id"] for n in before)
    napi_set(chosen, "b", defer_hard_irqs=77)
    defer(napi_set, chosen, "b", defer_hard_irqs=0)
    for change in ("ethtool -L nvn1 combined 2", "ethtool -L nvn1 combined 3",
                   "ethtool -G nvn1 rx 256", "ethtool -G nvn1 rx 1024", "ip link set nvn1 down"):
        PAIR.b.cmd(change)
        if change.endswith("down"):
            PAIR.b.up()
        now = {n["id"]: n["defer-hard-irqs"] for n in napis("nvn1", "b")}
        ksft_eq(now.pop(chosen, None), 77, f"defer-hard-irqs after {change}")
        ksft_true(set(now) < {n["id"] for n in before}, f"IDs after {change}: {sorted(now)}")
        ksft_eq(set(now.values()), {0}, f"defer-hard-irqs of the others after {change}")
    PAIR.a.wait_carrier()


def ping_pong(poll):
    """Datagrams to and fro; the receiving NAPI ids, and interrupts of nvn1."""
    with in_netns("b"):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ids = set()
    with server, client:
        server.bind((PAIR.b.v4, 0))
        server.settimeout(10)
        if poll:
            server.setsockopt(socket.SOL_SOCKET, SO_BUSY_POLL, 1000)
            server.setsockopt(socket.SOL_SOCKET, SO_PREFER_BUSY_POLL, 1)
        before = fired("nvn1")
        for _ in range(PINGS):
            client.sendto(b"x", server.getsockname())
            server.recv(10)
            ids.add(server.getsockopt(socket.SOL_SOCKET, SO_INCOMING_NAPI_ID))
        return ids, fired("nvn1") - before


@ksft_case
def busy_polling():
    """A socket polls the NAPI instance that its frames come by, without interrupts."""
    want = {n["id"] for n in napis("nvn1", "b")}
    ids, plain = ping_pong(False)
    ksft_eq(ids, want, "NAPI ids of received datagrams")
    for name, value in (("napi_defer_hard_irqs", 20), ("gro_flush_timeout", 20_000_000)):
        put(PAIR.b, name, value)
        defer(put, PAIR.b, name, 0)
    ids, polled = ping_pong(True)
    ksft_pr(f"{PINGS} datagrams: {plain} interrupts, {polled} with busy polling")
    ksft_eq(ids, want, "NAPI ids with busy polling")
    ksft_le(polled, plain / 4, "interrupts with busy polling")


@ksft_case
def pools_of_queues():
    """Each RX queue has a page pool that says whose it is."""
    pools = page_pools("nvn1", "b")
    ksft_eq({p["napi-id"] for p in pools if "detach-time" not in p},
            {n["id"] for n in napis("nvn1", "b")}, "NAPI ids of page pools")
    for pool in pools:
        ksft_ge(pool["inflight"], 1, f"pages in use of {pool}")
    PAIR.b.down()
    wait_for(lambda: not page_pools("nvn1", "b"), "the pools to go")
    PAIR.b.up()
    PAIR.a.wait_carrier()


ksft_run(setup)
