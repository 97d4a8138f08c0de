#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# cpus: 2
"""Work that comes from outside has an end: frames of the tap that are sent into the
wire again, and vectors that are armed with positions which no ring has.

Copyright (C) 2026 nvnic contributors
"""

import os
import socket
import threading
import time

from lib import bpf, regs
from lib.frames import Sender, eth, mac
from lib.hwstats import Watch
from lib.irqs import fired
from lib.ktap import (ksft_case, ksft_eq, ksft_ge, ksft_in, ksft_le, ksft_ne, ksft_pr, ksft_run,
                      ksft_true, ksft_variants)
from lib.nvnic import WIRE, Pair, Port
from lib.shell import cmd, defer, wait_for

PAIR = None
COUNT = 500
ETH_P_TEST = 0x88b5


def setup():
    global PAIR
    # The tap and both ports see each other: nothing but packet sockets speaks here.
    PAIR = Pair(ns_a=None, ns_b=None, ipv6=False)


# ---- Frames of the tap on the wire again ----

def flood(ends):
    """Both ports send at the same time."""
    macs = [mac(port.mac()) for port in ends]

    def send(me, peer, port):
        sender = Sender(port.ifname)
        frame = eth(peer, me, ETH_P_TEST, bytes(100))
        for _ in range(COUNT):
            try:
                sender.send(frame)
            except OSError:
                # The ring is full of what goes round.
                pass
    threads = [threading.Thread(target=send, args=(*pair, port))
               for pair, port in zip((macs, macs[::-1]), ends)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def breathe():
    """A process gets its turn, again and again, on each CPU: within seconds."""
    started = time.monotonic()
    cpus = os.sched_getaffinity(0)
    defer(os.sched_setaffinity, 0, cpus)
    for cpu in cpus:
        os.sched_setaffinity(0, {cpu})
        for _ in range(200):
            time.sleep(0.001)
    return time.monotonic() - started


def lost(tap, ends):
    """Frames that went round and were dropped, wherever that is counted."""
    dropped = tap.link()["stats64"]["rx"]["dropped"]
    for port in ends:
        dropped += port.link()["stats64"]["tx"]["dropped"]
        for qdisc in cmd(f"tc -s -j qdisc show dev {port}").json():
            dropped += qdisc.get("drops", 0)
    return dropped


def at_rest():
    seen = [Watch(port) for port in PAIR.ports]
    time.sleep(0.2)
    return not any(watch["wire_tx_frames"] for watch in seen)


LOOPS = {
    "there": ("redirect dev nvn1",),
    "back": ("redirect dev nvn0",),
    "both": ("mirror dev nvn0", "redirect dev nvn1"),
    "twice": ("mirror dev nvn1", "redirect dev nvn1"),
}


@ksft_variants({f"{name}-{qdisc}": (actions, qdisc) for name, actions in LOOPS.items()
                for qdisc in ("noqueue", "fq_codel")})
def tap_into_a_port(actions, qdisc):
    """What the tap shows is sent by a port, and shown again: it goes round for ever, at the
    price of frames that are dropped and counted, and never of the machine."""
    ends, tap = PAIR.ports, Port(WIRE)
    for port in ends:
        cmd(f"tc qdisc replace dev {port} root {qdisc}")
        defer(cmd, f"tc qdisc del dev {port} root", fail=False)
    tap.up()
    defer(tap.down)
    cmd(f"tc qdisc add dev {WIRE} clsact")
    defer(cmd, f"tc qdisc del dev {WIRE} clsact", fail=False)
    words = " ".join(f"action mirred egress {a}" for a in actions)
    cmd(f"tc filter add dev {WIRE} ingress matchall {words}")
    before, seen = tap.link()["stats64"]["rx"]["packets"], lost(tap, ends)
    flood(ends)
    breathe()
    rounds = tap.link()["stats64"]["rx"]["packets"] - before
    ksft_ge(rounds, 4 * COUNT, "frames shown")
    if len(actions) > 1:
        wait_for(lambda: lost(tap, ends) > seen, "frames to be dropped and counted")
    cmd(f"tc qdisc del dev {WIRE} clsact")
    wait_for(at_rest, "the wire to come to rest")


def send_back_by_tc():
    for port in PAIR.ports:
        cmd(f"tc qdisc add dev {port} clsact")
        defer(cmd, f"tc qdisc del dev {port} clsact")
        cmd(f"tc filter add dev {port} ingress matchall action mirred egress redirect dev {port}")


def send_back_by_xdp():
    for port in PAIR.ports:
        bpf.attach_xdp(port, bpf.leave(bpf.XDP_TX))


@ksft_variants((how, engine) for how in ("tc", "xdp") for engine in ("softirq", "threads"))
def ports_send_back(how, engine):
    """Each port sends back what it receives: frames go round for ever, and others get their
    share of the CPUs, be it as large as it may."""
    for port in PAIR.ports:
        port.set_priv_flag("engine-threads", engine == "threads")
        port.set("promisc on")
        defer(port.set, "promisc off")
    (send_back_by_tc if how == "tc" else send_back_by_xdp)()
    seen = Watch(PAIR.a)
    flood(PAIR.ports)
    spent = breathe()
    rounds = seen["wire_tx_frames"]
    ksft_pr(f"{rounds} frames, {spent:.1f} s for {200 * os.cpu_count()} sleeps of 1 ms")
    ksft_ge(rounds, 4 * COUNT, "frames sent")
    ksft_le(spent, 6, "seconds")


UPPERS = {
    "vlan": "name up0 link {tap} type vlan id 7",
    "macvlan": "name up0 link {tap} type macvlan",
    "macvtap": "name up0 link {tap} type macvtap",
    "ipvlan": "name up0 link {tap} type ipvlan",
    "macsec": "name up0 link {tap} type macsec",
}
MASTERS = ("bridge", "bond", "team")


def refused(words, reason):
    """That link cannot be made, unless the kernel knows no such device; it says why where
    it is not refused for another reason before."""
    said = cmd(words, fail=False)
    if "Unknown device type" not in said.stderr:
        ksft_ne(said.ret, 0, f"status of {words}")
        ksft_true(not reason or "nvnwire0 is a tap" in said.stderr, said.stderr)


@ksft_variants((kind, state) for kind in UPPERS for state in ("up", "down"))
def no_device_on_the_tap(kind, state):
    """The tap is for packet sockets: what takes frames off it could send them back."""
    cmd(f"ip link set {WIRE} {state}")
    defer(cmd, f"ip link set {WIRE} down")
    defer(cmd, "ip link del up0", fail=False)
    refused("ip link add " + UPPERS[kind].format(tap=WIRE), state == "down" or kind == "vlan")
    ksft_true(not os.path.exists("/sys/class/net/up0"), "no device is left")
    cmd(f"ip link set {WIRE} up")


@ksft_variants((kind, state) for kind in MASTERS for state in ("up", "down"))
def no_master_of_the_tap(kind, state):
    made = cmd(f"ip link add up0 type {kind}", fail=False)
    if made.ret:
        ksft_in("Unknown device type", made.stderr, f"ip link add type {kind}")
        return
    defer(cmd, "ip link del up0", fail=False)
    cmd(f"ip link set {WIRE} {state}")
    defer(cmd, f"ip link set {WIRE} down")
    # bond and team look at other things first.
    refused(f"ip link set {WIRE} master up0", (kind, state) == ("bridge", "down"))
    ksft_true("master" not in Port(WIRE).link(), "the tap has no master")
    cmd(f"ip link set {WIRE} up")


@ksft_case
def tap_in_order():
    """What one queue sends is shown in its order, each frame once."""
    tap = Port(WIRE)
    tap.up()
    defer(tap.down)
    ears = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    defer(ears.close)
    ears.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)    # SO_RCVBUFFORCE
    ears.bind((WIRE, 3))
    ears.settimeout(5)
    cmd("ethtool -L nvn0 combined 1")
    defer(cmd, f"ethtool -L nvn0 combined {os.cpu_count()}")
    PAIR.a.wait_carrier()
    head = eth(mac(PAIR.b.mac()), mac(PAIR.a.mac()), ETH_P_TEST, b"", pad=False)
    sender, cpus = Sender("nvn0"), os.sched_getaffinity(0)
    defer(os.sched_setaffinity, 0, cpus)
    for n in range(5000):
        if n % 500 == 0:
            os.sched_setaffinity(0, {n // 500 % os.cpu_count()})
        sender.send(head + n.to_bytes(4, "big") + bytes(60))
    got = []
    while len(got) < 5000:
        frame = ears.recv(2048)
        if frame[:14] == head:
            got.append(int.from_bytes(frame[14:18], "big"))
    ksft_eq(got, list(range(5000)), "frames shown")


@ksft_case
def tap_goes_down_under_traffic():
    """Frames that wait to be shown go with it; one that is shown is shown."""
    tap, stop = Port(WIRE), []

    def work():
        while not stop:
            flood(PAIR.ports)
    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(20):
            tap.up()
            time.sleep(0.02)
            tap.down()
    finally:
        stop.append(True)
        thread.join()
    count = tap.link()["stats64"]["rx"]["packets"]
    flood(PAIR.ports)
    ksft_eq(tap.link()["stats64"]["rx"]["packets"], count, "frames shown while it is down")


# ---- Positions that a ring cannot have ----

def one_queue():
    for port in PAIR.ports:
        cmd(f"ethtool -L {port} combined 1")
        defer(cmd, f"ethtool -L {port} combined {os.cpu_count()}")
        # As after the load: rings at their start.
        port.down()
        port.up()
    PAIR.a.wait_carrier()


def restart(port, queue):
    """Stop and start one half of a queue pair behind the driver's back: its completion
    position is 0 again."""
    for on in (0, 1):
        regs.write(port, queue + regs.Q_CTRL, on)


def some_frames(count=40):
    sender, seen = Sender("nvn0"), Watch(PAIR.b)
    frame = eth(mac(PAIR.b.mac()), mac(PAIR.a.mac()), ETH_P_TEST, bytes(100))
    for _ in range(count):
        sender.send(frame)
    wait_for(lambda: seen["rx_frames"] >= count, "the frames to arrive")


@ksft_variants(["tx", "rx"])
def ring_behind_the_driver(side):
    """The driver consumed more completions than the device has written."""
    one_queue()
    some_frames()
    port, queue = (PAIR.a, regs.txq(0)) if side == "tx" else (PAIR.b, regs.rxq(0))
    defer(port.up)
    defer(port.down)
    restart(port, queue)
    before = fired(port.ifname)
    regs.write(port, regs.arm(0), regs.ARM_ON | 40 | 40 << 16)
    time.sleep(1)
    ksft_le(fired(port.ifname) - before, 20, "interrupts of a second")


PLACES = (0, 1, 39, 41, 1024, 1025, 0x8000, 0xffff)


@ksft_variants([*PLACES])
def armed_anywhere(tx):
    """One interrupt at most for one arming, whatever it says; then it is as ever."""
    one_queue()
    some_frames()
    for rx in PLACES:
        before = fired("nvn1")
        regs.write(PAIR.b, regs.arm(0), regs.ARM_ON | tx | rx << 16)
        time.sleep(0.05)
        ksft_le(fired("nvn1") - before, 4, f"interrupts, armed for {tx} and {rx}")
    some_frames()


ksft_run(setup)
