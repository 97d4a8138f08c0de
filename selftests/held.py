#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# cpus: 2
# seconds: 30
"""Control does not wait for receivers: frames that the peer's flow control has the device
hold are given up after a moment, one moment for all queues.

Copyright (C) 2026 nvnic contributors
"""

import threading
import time

from lib.frames import eth, mac
from lib.ktap import ksft_ge, ksft_le, ksft_pr, ksft_run, ksft_variants
from lib.nvnic import Pair, netns_add
from lib.receiver import Receiver
from lib.shell import cmd, defer
from lib.station import Station

PAIR = None
STATIONS = 6
ETH_P_TEST = 0x88b5


def setup():
    global PAIR
    PAIR = Pair(ns_a=None, ipv6=False)
    for port in PAIR.ports:
        port.cmd(f"ethtool -L {port} combined 1")
    netns_add("vm")
    PAIR.a.wait_carrier()


def fill(receiver, port, queue):
    """Frames of a port until the device holds that queue."""
    frame = eth(mac(PAIR.b.mac()), mac(port.mac()), ETH_P_TEST, bytes(200))
    receiver.hold(frame, port, queue)


def ask_others(stop, waits):
    """How long others wait for RTNL."""
    while not stop:
        started = time.monotonic()
        cmd("ip link set lo up")
        waits.append(time.monotonic() - started)


@ksft_variants(["off", "one-by-one"])
def sets_that_go(how):
    """L2 forwarding offload goes off while each VM queue set waits for the receiver."""
    PAIR.a.set_features(l2_fwd_offload=True)
    stations = [Station(n, PAIR.a, "vm") for n in range(STATIONS)]
    receiver = Receiver(PAIR)
    for n, station in enumerate(stations):
        fill(receiver, station, 1 + n)
    stop, waits = [], []
    thread = threading.Thread(target=ask_others, args=(stop, waits))
    thread.start()
    started = time.monotonic()
    if how == "off":
        cmd("ethtool -K nvn0 l2-fwd-offload off")
    else:
        for station in stations:
            station.remove()
    spent = time.monotonic() - started
    stop.append(True)
    thread.join()
    ksft_pr(f"{STATIONS} sets: {spent:.2f} s, others waited {max(waits):.2f} s")
    ksft_le(spent, 1.5 if how == "off" else 0.8 * STATIONS, "seconds")
    ksft_le(max(waits), 1.5, "seconds that others waited")


@ksft_variants(["ethtool -G nvn0 tx 512", "ip link set nvn0 mtu 1400", "ip link set nvn0 down"])
def rings_that_go(command):
    """New rings, while the old ones wait for a receiver that takes a frame now and then."""
    defer(cmd, "ethtool -G nvn0 tx 1024", fail=False)
    defer(PAIR.a.set, "mtu 1500")
    defer(PAIR.a.up)
    receiver = Receiver(PAIR)
    fill(receiver, PAIR.a, 0)
    stop = []

    def trickle():
        while not stop:
            time.sleep(0.4)
            receiver.start()
            receiver.stop()
    thread = threading.Thread(target=trickle)
    thread.start()
    started = time.monotonic()
    cmd(command)
    spent = time.monotonic() - started
    stop.append(True)
    thread.join()
    ksft_pr(f"{command}: {spent:.2f} s")
    ksft_le(spent, 2.5, "seconds")
    ksft_ge(spent, 0)


ksft_run(setup)
