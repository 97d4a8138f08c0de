#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# seconds: 60
"""Faults on the wire: each hits as many frames as asked for, the same ones with the same
seed, is seen on the tap, and costs TCP time but no byte.

Copyright (C) 2026 nvnic contributors
"""

import errno
import os
import re
import time

from lib.frames import (ETH_P_IP, ETH_P_IPV6, TCP, UDP, Listener, Sender, addr, eth, ipv4, ipv6,
                        mac, tcp, udp)
from lib.hwstats import Watch
from lib.ktap import (ksft_case, ksft_eq, ksft_ge, ksft_le, ksft_ne, ksft_pr, ksft_raises, ksft_run,
                      ksft_true, ksft_variants)
from lib.nvnic import WIRE, Transfer, module_load, module_unload
from lib.pktgen import Pktgen, Stream, quiet_pair
from lib.receiver import Receiver
from lib.regs import holds
from lib.shell import cmd, defer, wait_for

PAIR = None
MAC_A, MAC_B = mac("02:4e:56:00:00:00"), mac("02:4e:56:00:00:01")
ETH_P_TEST = 0x88b5


def setup():
    global PAIR
    PAIR = quiet_pair()
    PAIR.b.cmd("ethtool -K nvn1 gro off")


def knob(port):
    return f"/sys/kernel/debug/nvnic/nvnic0.{port.ifname[-1]}/impair"


def impair(port, words):
    """Faults of what a port sends from now on; none when the case ends."""
    with open(knob(port), "w") as file:
        # Nothing at all would be no write.
        file.write(words + "\n")
    defer(clear, port)


def clear(port):
    if os.path.exists(knob(port)):
        with open(knob(port), "w") as file:
            file.write("\n")


def state(port):
    """(settings, counters)"""
    with open(knob(port)) as file:
        first, *rest = file.read().splitlines()
    settings = {n: int(v) for n, v in (word.split("=") for word in first.split())}
    return settings, {n: int(v) for n, v in (line.split() for line in rest)}


class Faults:
    """What has happened to the frames of a port since."""

    def __init__(self, port):
        self.port, self.before = port, state(port)[1]

    def __getitem__(self, name):
        return state(self.port)[1][name] - (0 if name == "frames" else self.before[name])


def numbered(n):
    return eth(MAC_B, MAC_A, ETH_P_TEST, n.to_bytes(4, "big") + bytes(60))


def arrivals(count, words, where="nvn1", late=0.0):
    """The numbers of COUNT frames as they arrive."""
    ns = PAIR.b.ns if where == "nvn1" else None
    ears = Listener(where, ns=ns, match=lambda f: f[:14] == numbered(0)[:14])
    impair(PAIR.a, words)
    sender, seen, sent = Sender("nvn0", ns=PAIR.a.ns), Faults(PAIR.a), Watch(PAIR.a)
    for n in range(1, count + 1):
        sender.send(numbered(n))
    wait_for(lambda: sent["wire_tx_frames"] >= count, "the frames to leave")
    # One that was to be overtaken waits for 100 ms.
    time.sleep(0.3 + late)
    got = [int.from_bytes(f[14:18], "big") for f in ears.drain()]
    ears.close()
    return got, seen


# ---- Each fault ----

@ksft_case
def one_percent_of_100_000():
    """Within 5 standard deviations of what was asked for."""
    count = 100_000
    impair(PAIR.a, "loss=10000 seed=1")
    seen, tx, rx = Faults(PAIR.a), Watch(PAIR.a), Watch(PAIR.b)
    with Pktgen([Stream(0, PAIR.a, PAIR.b)], count=count) as gen:
        wait_for(gen.finished, "the frames to be sent", 120)
    wait_for(lambda: tx["wire_tx_frames"] >= count, "the frames to leave")
    lost = seen["lost"]
    ksft_pr(f"{lost} of {seen['frames']} lost")
    ksft_eq(seen["frames"], tx["wire_tx_frames"], "frames judged")
    ksft_eq(rx["wire_rx_frames"], tx["wire_tx_frames"] - lost, "frames that arrived")
    # Mean 1000, standard deviation 31.5
    ksft_ge(lost, 843)
    ksft_le(lost, 1157)


@ksft_variants(["loss", "duplicate", "reorder"])
def repeatable(kind):
    """The same seed hits the same frames, another one hits others."""
    first, _ = arrivals(3000, f"{kind}=20000 seed=42")
    again, _ = arrivals(3000, f"{kind}=20000 seed=42")
    other, _ = arrivals(3000, f"{kind}=20000 seed=43")
    ksft_ne(first, list(range(1, 3001)), "numbers that arrived")
    places = [n for n, pair in enumerate(zip(first, again)) if pair[0] != pair[1]]
    ksft_eq((len(again), places), (len(first), []), "frames that arrived with the same seed")
    ksft_ne(other, first, "numbers that arrived with another seed")


EVERY = {
    "loss": ("loss-every=10", "lost", lambda n: [n] if n % 10 else []),
    "duplicate": ("duplicate-every=7", "duplicated", lambda n: [n] if n % 7 else [n, n]),
    "reorder": ("reorder-every=5", "reordered",
                lambda n: [] if n % 5 == 0 else [n, n - 1] if n % 5 == 1 and n > 1 else [n]),
    "some": ("loss-every=10 duplicate-every=7", None,
             lambda n: [] if n % 10 == 0 else [n, n] if n % 7 == 0 else [n]),
}


@ksft_variants({f"{name}-{where}": (name, where) for name in EVERY for where in ("port", "tap")})
def every_nth(name, where):
    words, counter, becomes = EVERY[name]
    if where == "tap":
        cmd(f"ip link set {WIRE} up")
        defer(cmd, f"ip link set {WIRE} down")
    got, seen = arrivals(700, words, WIRE if where == "tap" else "nvn1")
    want = [k for n in range(1, 701) for k in becomes(n)]
    if name == "reorder":
        want.append(700)
    ksft_eq(got, want, "numbers that arrived")
    if counter:
        ksft_eq(seen[counter], 700 // int(words.split("=")[1]), counter)


def segment(proto, family, size):
    src, dst = (addr("10.1.0.1"), addr("10.1.0.2")) if family == 4 else \
        (addr("fd01::1"), addr("fd01::2"))
    l4 = tcp(src, dst, 1, 2, os.urandom(size)) if proto == TCP else \
        udp(src, dst, 1, 2, os.urandom(size))
    if family == 4:
        return eth(MAC_B, MAC_A, ETH_P_IP, ipv4(src, dst, proto, l4), pad=False)
    return eth(MAC_B, MAC_A, ETH_P_IPV6, ipv6(src, dst, proto, l4), pad=False)


def uncovered(family, byte):
    """Bytes that no checksum of this frame covers."""
    return byte < 12 or family == 6 and (byte in range(14, 18) or byte == 21)


@ksft_variants([(TCP, 4), (UDP, 4), (TCP, 6), (UDP, 6)])
def corrupted(proto, family):
    """One bit, anywhere; the receiver's verdict is never that it is good."""
    PAIR.b.set("promisc on")
    defer(PAIR.b.set, "promisc off")
    cmd(f"ip link set {WIRE} up")
    defer(cmd, f"ip link set {WIRE} down")
    tap = Listener(WIRE)
    ears = Listener("nvn1", ns=PAIR.b.ns, vnet=True)
    sender = Sender("nvn0", ns=PAIR.a.ns)
    impair(PAIR.a, "corrupt-every=2 seed=5")
    seen, places, good = Faults(PAIR.a), set(), 0
    for n in range(1, 601):
        frame = segment(proto, family, 40 + n % 400)
        sender.send(frame)
        shown, = tap.take(1)
        got, = ears.take(1)
        ksft_eq(bytes(got), bytes(shown), f"frame {n} on the tap and at the port")
        flips = [(i, a ^ b) for i, (a, b) in enumerate(zip(frame, got)) if a != b]
        ksft_eq((len(got), len(flips)), (len(frame), int(n % 2 == 0)),
                f"length, bytes changed of frame {n}")
        if not flips:
            ksft_true(got.unnecessary, f"frame {n}, which is whole, is good")
            continue
        (byte, bits), = flips
        ksft_eq(bits.bit_count(), 1, "bits changed")
        places.add(byte)
        good += got.unnecessary
        ksft_true(not got.unnecessary or uncovered(family, byte),
                  f"byte {byte} of frame {n} is wrong, and it is good")
    ksft_pr(f"{len(places)} different bytes, {good} where no checksum looks")
    ksft_ge(len(places), 100, "different bytes that were hit")
    ksft_ge(max(places), 300, "the last byte that was hit")
    ksft_eq(seen["corrupted"], 300, "corrupted")


def round_trips(count=10):
    out = PAIR.a.cmd(f"ping -c {count} -i 0.05 -W 5 {PAIR.b.v4}").stdout
    return [float(x) for x in re.findall(r"time=([\d.]+)", out)]


@ksft_variants(["a", "b"])
def delay(side):
    """One direction takes its time, with jitter more or less of it."""
    port = getattr(PAIR, side)
    impair(port, "delay-us=30000")
    steady = round_trips()
    ksft_eq(len(steady), 10, "answers")
    ksft_ge(min(steady), 30, "round trip")
    impair(port, "delay-us=30000 jitter-us=20000 seed=3")
    seen = Faults(port)
    shaky = round_trips(20)
    ksft_pr(f"{min(steady)} to {max(steady)} ms, with jitter {min(shaky)} to {max(shaky)} ms")
    ksft_eq(len(shaky), 20, "answers")
    ksft_ge(min(shaky), 10, "round trip")
    ksft_ge(max(shaky) - min(shaky), 5, "spread")
    ksft_ge(seen["delayed"], 20, "delayed")


@ksft_case
def jitter_reorders():
    got, _ = arrivals(300, "delay-us=50000 jitter-us=50000 seed=9", late=1.0)
    ksft_eq(sorted(got), list(range(1, 301)), "numbers that arrived")
    ksft_ne(got, sorted(got), "their order")
    steady, _ = arrivals(300, "delay-us=50000", late=0.5)
    ksft_eq(steady, list(range(1, 301)), "numbers that arrived without jitter")


# ---- Together ----

TCP_FAULTS = {
    "loss": "loss=10000",
    "corrupt": "corrupt=10000",
    "duplicate": "duplicate=50000",
    "reorder": "reorder=50000",
    "delay": "delay-us=2000 jitter-us=1500",
    "all": "loss=3000 corrupt=3000 duplicate=10000 reorder=10000 delay-us=500 jitter-us=300",
}


@ksft_variants((fault, family) for fault in TCP_FAULTS for family in (4, 6))
def tcp_gets_through(fault, family):
    if family == 6:
        for port in PAIR.ports:
            port.set_ipv6(True)
            defer(port.set_ipv6, False)
    for seed, port in enumerate(PAIR.ports, 7):
        impair(port, f"{TCP_FAULTS[fault]} seed={seed}")
    again = Transfer(PAIR.a, PAIR.b, 4 << 20, family).check()
    counts = state(PAIR.a)[1]
    ksft_pr(f"{again} segments sent again; {counts}")
    if fault in ("loss", "corrupt"):
        ksft_ge(again, 1, "segments sent again")


@ksft_case
def through_a_tunnel():
    """Super-frames behind GRE: each of their segments has its own luck."""
    tun = PAIR.tunnel("gretap", key=5000 << 8)
    impair(PAIR.a, "loss=5000 corrupt=5000 seed=1")
    again = Transfer(tun.a, tun.b, 4 << 20).check()
    counts = state(PAIR.a)[1]
    ksft_pr(f"{again} segments sent again; {counts}")
    ksft_ge(counts["lost"] + counts["corrupted"], 5, "frames hit")


# ---- The knob ----

REFUSED = {
    "unknown": ("lossy=1", errno.EINVAL),
    "no-number": ("loss=few", errno.EINVAL),
    "no-value": ("loss", errno.EINVAL),
    "too-much": ("loss=1000001", errno.ERANGE),
    "jitter": ("delay-us=5 jitter-us=6", errno.ERANGE),
    "too-late": ("delay-us=10000001", errno.ERANGE),
    "too-long": ("loss=1 " * 60, errno.EINVAL),
}


@ksft_variants(REFUSED)
def refused(words, error):
    """What was in force stays."""
    impair(PAIR.a, "loss-every=3 seed=2")
    before = state(PAIR.a)[0]
    with ksft_raises(OSError, f"{words!r} was accepted") as caught:
        impair(PAIR.a, words)
    ksft_eq(caught.exception.errno, error, "errno")
    ksft_eq(state(PAIR.a)[0], before, "settings")


@ksft_case
def off_again():
    """Without faults nothing is judged; the other direction never was."""
    impair(PAIR.a, "loss-every=2")
    seen = Faults(PAIR.b)
    got, _ = arrivals(100, "loss-every=2")
    ksft_eq(len(got), 50, "frames that arrived")
    ksft_eq(seen["lost"], 0, "lost of the other direction")
    got, seen = arrivals(100, "")
    ksft_eq((got, seen["frames"]), (list(range(1, 101)), 0), "numbers that arrived, judged")


@ksft_variants(["loss", "corrupt", "duplicate"])
def held_when_faults_come(kind):
    """The tap has a frame that waits for its receiver, and now a fault hits it: each frame
    after it is shown as it is."""
    cmd(f"ip link set {WIRE} up")
    defer(cmd, f"ip link set {WIRE} down", fail=False)
    receiver = Receiver(PAIR)
    receiver.hold(numbered(0))
    seen = Faults(PAIR.a)
    impair(PAIR.a, f"{kind}=1000000")
    receiver.start()
    wait_for(lambda: sum(seen[name] for name in ("lost", "corrupted", "duplicated")),
             "the frame to be hit")
    wait_for(lambda: not holds(PAIR.a), "nothing to be held")
    ksft_eq(arrivals(20, "", "nvnwire0")[0], list(range(1, 21)), "numbers shown")


@ksft_case
def too_many_under_way():
    """What is under way is bounded; beyond it is lost, and counted."""
    impair(PAIR.a, "delay-us=2000000")
    seen = Faults(PAIR.a)
    with Pktgen([Stream(0, PAIR.a, PAIR.b)], size=1514, count=60000) as gen:
        wait_for(gen.finished, "the frames to be sent", 120)
    wait_for(lambda: seen["frames"] >= 60000, "the frames to be judged")
    ksft_pr(f"{seen['overflow']} of {seen['frames']} beyond the limit")
    ksft_ge(seen["overflow"], 1, "frames beyond the limit")


@ksft_case
def module_goes():
    """With frames under way. The last case: the ports are new ones then."""
    impair(PAIR.a, "delay-us=5000000 reorder-every=3")
    sender = Sender("nvn0", ns=PAIR.a.ns)
    for n in range(500):
        sender.send(numbered(n))
    sender.close()
    module_unload()
    module_load()


ksft_run(setup)
