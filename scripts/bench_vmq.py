#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""VM queues: what a TCP stream keeps beside a flooded neighbour, with queues of its
own and with one queue for all; and what a frame costs by the number of filters. For
inside the VM; see scripts/bench.sh.

The flood is 64-byte UDP frames from the kernel's packet generator, as many as CPU 0
makes; it goes to a VM behind macvlan whose vector is bound there. Both ends of the
stream, its queues and those that all share are on CPU 1. For the cost, one CPU sends
and receives.

Copyright (C) 2026 nvnic contributors
"""

import os
import statistics
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "selftests"))

from bench_lib import options, say, verdict, write_json  # noqa: E402
from lib import rxnfc  # noqa: E402
from lib.frames import mac  # noqa: E402
from lib.irqs import affinity, spread  # noqa: E402
from lib.nvnic import iperf3, module_unload, netns_add  # noqa: E402
from lib.pktgen import Pktgen, Sink, Stream, quiet_pair  # noqa: E402
from lib.shell import cmd, undo  # noqa: E402
from lib.station import Station  # noqa: E402

FLOODED, STREAMING = 0, 1
FILTERS, STATIONS = (1, 64, 4096), (1, 64)
# Of the stream alone, with queues of its own; a frame at any number of filters against one.
KEEPS, COST = 0.8, 1.1
ETHER = struct.Struct("!6s6sH")


def station(number, lower):
    """A VM in a namespace of its own."""
    ns = netns_add(f"v{number}")
    cmd("sysctl -qw net.ipv6.conf.default.disable_ipv6=1", ns=ns)
    return Station(number, lower, ns)


class Neighbours:
    """Two VMs over nvn1; nvn0 sends to both."""

    def __init__(self, seconds):
        self.seconds, self.pair = seconds, quiet_pair()
        self.pair.b.cmd("ethtool -L nvn1 combined 1")
        self.pair.a.cmd(f"ethtool -X nvn0 start {STREAMING} equal 1")
        self.flooded, self.streaming = (station(n, self.pair.b) for n in (1, 2))
        Sink(self.flooded)
        for queue, cpu in enumerate((FLOODED, STREAMING)):
            affinity(f"nvn0-TxRx-{queue}", 1 << cpu)
        affinity("nvn1-TxRx-0", 1 << STREAMING)

    def queues(self, on):
        self.pair.b.cmd(f"ethtool -K nvn1 l2-fwd-offload {'on' if on else 'off'}")
        # A macvlan asks for queues when it comes up.
        for vm in (self.flooded, self.streaming):
            vm.bounce()
        if on:
            for queue, cpu in ((1, FLOODED), (2, STREAMING)):
                affinity(f"nvn1-TxRx-{queue}", 1 << cpu)

    def stream(self):
        end = iperf3(self.pair.a, self.streaming, seconds=self.seconds,
                     options=f"-A {STREAMING},{STREAMING}")["end"]
        return end["sum_received"]["bits_per_second"] / 1e6

    def beside_flood(self):
        """(Mbit/s of the stream, frames a second of the flood)"""
        with Pktgen([Stream(FLOODED, self.pair.a, self.flooded, queue=0)]) as gen:
            frames, start = gen.count(), time.monotonic()
            rate = self.stream()
            frames = (gen.count() - frames) / (time.monotonic() - start)
        return rate, frames


def neighbours(seconds, repeat):
    """{queues on: (Mbit/s alone, Mbit/s beside, frames/s, kept)}, medians"""
    bench = Neighbours(seconds)
    runs = {True: [], False: []}
    for number in range(repeat):
        say(f"noisy neighbour, round {number + 1} of {repeat}")
        for on, rows in runs.items():
            bench.queues(on)
            alone = bench.stream()
            beside, frames = bench.beside_flood()
            rows.append((alone, beside, frames, beside / alone))
            say(f"  VM queues {'on' if on else 'off':3}: {alone:7.0f} Mbit/s alone, "
                f"{beside:7.0f} beside {frames:.0f} frames/s")
    return {on: [statistics.median(column) for column in zip(*rows)] for on, rows in runs.items()}


class Cost:
    """Frames a second through one CPU, from the packet generator to UDP."""

    def __init__(self, seconds):
        self.seconds, self.pair = seconds, quiet_pair()
        for port in self.pair.ports:
            port.cmd(f"ethtool -L {port} combined 1")
        self.dev = rxnfc.Ethtool(self.pair.b)
        self.there, self.vms = 0, []
        spread([0])

    def rules(self, count):
        """Have so many, by destination address; the first is that of the frames."""
        mask = ETHER.pack(b"\xff" * 6, bytes(6), 0)
        for n in range(self.there, count):
            dst = f"02:bb:00:00:{n >> 8:02x}:{n & 255:02x}" if n else self.pair.b.mac()
            self.dev.insert(rxnfc.ETHER, ETHER.pack(mac(dst), bytes(6), 0), mask, 0, n)
        for n in range(count, self.there):
            self.dev.delete(n)
        self.there = count

    def stations(self, count):
        """Have so many VM queue sets; the first is that of the frames."""
        while len(self.vms) < count:
            self.vms.append(station(len(self.vms) + 1, self.pair.b))
        while len(self.vms) > count:
            self.vms.pop().remove()
        spread([0])

    def up_and_down(self, counts, change, dst, repeat):
        """{number: frames/s}, the best of REPEAT runs before and after the larger ones.

        Not the median: for seconds after a change an emulated CPU runs at two thirds of
        its speed, and whatever disturbs a run only makes it slower.
        """
        rates, sink = {n: [] for n in counts}, Sink(dst)
        streams = [Stream(0, self.pair.a, dst, queue=0)]
        for count in (*counts, *reversed(counts[:-1])):
            say(f"  {count}")
            change(count)
            rates[count] += [sink.rate(streams, self.seconds)[0] for _ in range(repeat)]
        return {n: max(rows) for n, rows in rates.items()}


def costs(seconds, repeat):
    """{what: {number: frames/s}}"""
    bench, rates = Cost(seconds), {}
    say("cost of filter rules (4096 of them take a minute to make)")
    rates["filter rules"] = bench.up_and_down(FILTERS, bench.rules, bench.pair.b, repeat)
    bench.rules(0)
    say("cost of VM queue sets")
    bench.pair.b.cmd("ethtool -K nvn1 l2-fwd-offload on")
    bench.stations(1)
    rates["VM queue sets"] = bench.up_and_down(STATIONS, bench.stations, bench.vms[0], repeat)
    return rates


def report(kept, cost):
    print(f"\n{'TCP beside a flooded VM':26} {'alone':>8} {'beside':>8} {'frames/s':>9}"
          f" {'kept':>6}")
    for on, (alone, beside, frames, ratio) in kept.items():
        name = "queues of their own" if on else "one queue for all"
        print(f"{name:26} {alone:8.0f} {beside:8.0f} {frames:9.0f} {ratio:6.2f}")
    print(f"with queues of their own it keeps {kept[True][3]:.2f} (target {KEEPS}: "
          f"{verdict(kept[True][3] >= KEEPS)}), without {kept[False][3]:.2f} (less than that: "
          f"{verdict(kept[False][3] < KEEPS)})")
    ratios = {}
    for what, rates in cost.items():
        print(f"\n{what:26} {'frames/s':>8} {'cost of a frame':>18}")
        for count, rate in rates.items():
            ratio = ratios[f"{what} {count}"] = rates[1] / rate
            print(f"{count:<26} {rate:8.0f} {ratio:8.2f} (target {COST}: {verdict(ratio <= COST)})")
    print(flush=True)
    names = ("alone_mbps", "beside_mbps", "flood_pps", "kept")
    write_json("bench_vmq.json", {
        "neighbours": {("on" if on else "off"): dict(zip(names, row)) for on, row in kept.items()},
        "rates": cost, "cost": ratios, "targets": {"kept": KEEPS, "cost": COST}})


def main():
    args = options(seconds=3.0, repeat=5)
    try:
        kept = neighbours(args.seconds, args.repeat)
        undo()
        module_unload()
        report(kept, costs(args.seconds, args.repeat))
    finally:
        undo()


if __name__ == "__main__":
    main()
