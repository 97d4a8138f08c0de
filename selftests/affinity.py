#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# cpus: 2
"""What the user asked for in smp_affinity stays, and the queue follows it: its
NAPI, and the CPUs that send by it.

Copyright (C) 2026 nvnic contributors
"""

import os
import socket

from lib.genl import napis, queues
from lib.irqs import affinity, bind, lines
from lib.ktap import ksft_case, ksft_eq, ksft_run, ksft_variants
from lib.nvnic import Pair
from lib.shell import KsftSkipEx, defer, in_netns, wait_for

PAIR = None
CPUS = os.cpu_count()
SO_INCOMING_CPU = 49


def setup():
    global PAIR
    if CPUS < 2:
        raise KsftSkipEx("needs two CPUs")
    PAIR = Pair(ns_a=None)
    channels(4)


def channels(count):
    PAIR.b.cmd(f"ethtool -L nvn1 combined {count}", fail=False)
    PAIR.a.wait_carrier()


def xps(queue):
    return int(PAIR.b.sysfs(f"queues/tx-{queue}/xps_cpus").replace(",", ""), 16)


def place(pattern):
    for queue, cpu in enumerate(pattern):
        bind(f"nvn1-TxRx-{queue}", 1 << cpu)
        defer(bind, f"nvn1-TxRx-{queue}", (1 << CPUS) - 1)


def placed(pattern, when):
    for queue, cpu in enumerate(pattern):
        ksft_eq(affinity(f"nvn1-TxRx-{queue}"), [1 << cpu, 1 << cpu], f"queue {queue} {when}")
        ksft_eq(xps(queue), 1 << cpu, f"XPS of queue {queue} {when}")


@ksft_case
def stays():
    """-L, -G, and down and up leave it alone."""
    pattern = (1, 1, 0, 0)
    affinity("nvn1-TxRx-0")  # or skip
    defer(channels, 4)
    place(pattern)
    channels(1)
    placed(pattern[:1], "with one channel")
    channels(4)
    placed(pattern, "after -L")
    PAIR.b.cmd("ethtool -G nvn1 rx 256")
    placed(pattern, "after -G")
    PAIR.b.down()
    PAIR.b.up()
    PAIR.a.wait_carrier()
    placed(pattern, "after down and up")


@ksft_case
def xps_follows():
    """The CPUs that send by a queue are those of its interrupt, from then on."""
    for cpu in (1, 0, 1):
        bind("nvn1-TxRx-2", 1 << cpu)
        wait_for(lambda: xps(2) == 1 << cpu, f"XPS of queue 2 to be CPU {cpu}")
    bind("nvn1-TxRx-2", (1 << CPUS) - 1)
    wait_for(lambda: xps(2) == affinity("nvn1-TxRx-2")[1], "XPS to be the CPU in force")


@ksft_case
def hints():
    """affinity_hint spreads the queues over the CPUs."""
    found = []
    for queue in range(4):
        with open(f"/proc/irq/{lines()[f'nvn1-TxRx-{queue}'][0]}/affinity_hint") as knob:
            found.append(int(knob.read().replace(",", ""), 16))
    ksft_eq(len(set(found)), min(CPUS, 4), f"CPUs hinted at: {found}")


@ksft_variants([0, 1])
def napi_runs_there(cpu):
    """A frame is received on the CPU that the vector is bound to."""
    channels(1)
    defer(channels, 4)
    place((cpu,))
    with in_netns("b"):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with server, client:
        server.bind((PAIR.b.v4, 0))
        server.settimeout(10)
        # Only a connected socket remembers the CPU.
        client.bind((PAIR.a.v4, 0))
        server.connect(client.getsockname())
        for other in range(CPUS):
            os.sched_setaffinity(0, {other})
            defer(os.sched_setaffinity, 0, set(range(CPUS)))
            for _ in range(5):
                client.sendto(b"x", server.getsockname())
                server.recv(10)
                ksft_eq(server.getsockopt(socket.SOL_SOCKET, SO_INCOMING_CPU), cpu,
                        f"CPU that received, sent on CPU {other}")


@ksft_case
def napi_of_each_queue():
    """netdev-genl names interrupt and NAPI instance of each queue."""
    ksft_eq({n["irq"] for n in napis("nvn1", "b")},
            {lines()[f"nvn1-TxRx-{q}"][0] for q in range(4)}, "interrupts")
    found = queues("nvn1", "b")
    ksft_eq({(q["type"], q["id"]) for q in found},
            {(way, q) for way in ("rx", "tx") for q in range(4)}, "queues")
    irqs = {n["id"]: n["irq"] for n in napis("nvn1", "b")}
    for queue in found:
        ksft_eq(irqs.get(queue["napi-id"]), lines()[f"nvn1-TxRx-{queue['id']}"][0],
                f"interrupt of {queue}")


ksft_run(setup)
