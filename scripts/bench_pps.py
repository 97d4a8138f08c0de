#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Small frames: how many a second beside veth, and at which moderation how many
interrupts and what latency. For inside the VM; see scripts/bench.sh.

The kernel's packet generator sends 64-byte UDP frames (FCS included) from one CPU
a queue; a socket that nobody reads counts them. veth has its NAPI on, as it has
for frames of real flows; both receive on the CPU that sends.

Copyright (C) 2026 nvnic contributors
"""

import os
import socket
import statistics
import time

from bench_lib import options, say, verdict, write_json
from bench_nics import cmd, napi_veth
from lib.frames import Sender
from lib.irqs import spread
from lib.nvnic import Pair
from lib.pktgen import Sink, Stream, source_for
from lib.shell import in_netns, undo

# nvnic with one queue against veth with one; with many against one.
TARGETS = {"pps_of_veth": 0.8, "pps_by_cpus": 1.7}
STATIC = "adaptive-rx off adaptive-tx off rx-frames 0 tx-frames 0 tx-usecs 0"
MODERATION = {"default": None, "rx-usecs 0": f"{STATIC} rx-usecs 0",
              "rx-usecs 8": f"{STATIC} rx-usecs 8", "rx-usecs 50": f"{STATIC} rx-usecs 50",
              "adaptive": "adaptive-rx on adaptive-tx on"}
PINGS = 1000


class Pps:
    def __init__(self, seconds):
        self.seconds = seconds
        self.cpus = list(range(os.cpu_count()))
        if not os.path.isdir("/proc/net/pktgen"):
            cmd("modprobe pktgen")
        self.nvnic = Pair(ns_a=None, ipv6=False)
        self.veth = napi_veth(("pv0", "pv1"), "pps", len(self.cpus))
        for port in self.veth:
            port.set_ipv6(False)
        spread(self.cpus)
        tx = Sender("nvn0")
        self.sources = [source_for(tx, *self.nvnic.ports, q, 9 + q) for q in self.cpus]
        tx.close()
        self.sinks = {"nvnic": self._sinks(self.nvnic.b), "veth": self._sinks(self.veth[1])}
        self.default = self._coalesce()

    def _sinks(self, port):
        return [Sink(port, 9 + number) for number in self.cpus]

    def _coalesce(self):
        text = self.nvnic.a.cmd("ethtool -c nvn0").stdout
        found = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        adaptive = found["Adaptive RX"].split()
        words = [f"adaptive-rx {adaptive[0]} adaptive-tx {adaptive[2]}"]
        words += [f"{name} {found[name].strip()}"
                  for name in ("rx-usecs", "rx-frames", "tx-usecs", "tx-frames")]
        return " ".join(words)

    def moderate(self, name):
        for port in self.nvnic.ports:
            port.cmd(f"ethtool -C {port} {MODERATION[name] or self.default}", fail=False)

    def streams(self, kind, count):
        if kind == "veth":
            return [Stream(q, *self.veth, q, port=9 + q) for q in self.cpus[:count]]
        return [Stream(q, *self.nvnic.ports, q, self.sources[q], port=9 + q)
                for q in self.cpus[:count]]

    def rate(self, kind, count):
        """(frames, interrupts) a second that come as far as to UDP."""
        return self.sinks[kind][0].rate(self.streams(kind, count), self.seconds)


def latency(src, dst, pings=PINGS):
    """Round trips of a datagram, in microseconds: (median, 99th percentile)."""
    with in_netns(dst.ns):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with in_netns(src.ns):
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    trips = []
    with server, client:
        server.bind((dst.v4, 0))
        client.connect(server.getsockname())
        for _ in range(pings):
            start = time.perf_counter_ns()
            client.send(b"x" * 22)
            _, back = server.recvfrom(64)
            server.sendto(b"x" * 22, back)
            client.recv(64)
            trips.append((time.perf_counter_ns() - start) / 1000)
    cuts = statistics.quantiles(trips, n=100)
    return statistics.median(trips), cuts[98]


def measure(seconds, repeat):
    pps = Pps(seconds)
    many = len(pps.cpus)
    rates = {(kind, count): [] for count in sorted({1, many}) for kind in ("veth", "nvnic")}
    table = {name: [] for name in MODERATION}
    for number in range(repeat):
        say(f"small frames, round {number + 1} of {repeat}")
        pps.moderate("default")
        for kind, count in rates:
            rates[kind, count].append(pps.rate(kind, count)[0])
            say(f"  {kind} with {count} queue(s): {rates[kind, count][-1]:9.0f} frames/s")
        for name, rows in table.items():
            pps.moderate(name)
            frames, irqs = pps.rate("nvnic", 1)
            rows.append((frames, irqs, *latency(*pps.nvnic.ports)))
    # For seconds after any change an emulated CPU is at two thirds of its speed.
    rates = {key: max(values) for key, values in rates.items()}
    table = {name: [statistics.median(column) for column in zip(*rows)]
             for name, rows in table.items()}
    return many, rates, table


def report(many, rates, table):
    ratios = {"pps_of_veth": rates["nvnic", 1] / rates["veth", 1]}
    if many > 1:
        ratios["pps_by_cpus"] = rates["nvnic", many] / rates["nvnic", 1]
    print(f"\n{'64-byte UDP, frames a second':32} {'1 queue':>9} {f'{many} queues':>9}")
    for kind in ("veth", "nvnic"):
        print(f"{kind:32} {rates[kind, 1]:9.0f} {rates[kind, many]:9.0f}")
    print(f"\n{'nvnic, moderation':16} {'frames/s':>9} {'irqs/s':>9} {'round trip us':>14}"
          f" {'99th percentile':>16}")
    for name, (frames, irqs, median, p99) in table.items():
        print(f"{name:16} {frames:9.0f} {irqs:9.0f} {median:14.0f} {p99:16.0f}")
    for name, text in (("pps_of_veth", "one queue is {:.2f} of veth's"),
                       ("pps_by_cpus", f"{many} queues are {{:.2f}} times one")):
        if name in ratios:
            word = verdict(ratios[name] >= TARGETS[name])
            print(f"{text.format(ratios[name])} (target {TARGETS[name]}: {word})")
    print(flush=True)
    write_json("bench_pps.json", {
        "rates": {f"{kind} {count}": value for (kind, count), value in rates.items()},
        "moderation": {name: dict(zip(("pps", "irqs", "median_us", "p99_us"), row))
                       for name, row in table.items()},
        "ratios": ratios, "targets": TARGETS})


def main():
    args = options(seconds=1.5, repeat=3)
    try:
        report(*measure(args.seconds, args.repeat))
    finally:
        undo()


if __name__ == "__main__":
    main()
