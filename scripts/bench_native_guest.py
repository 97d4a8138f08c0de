#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The guest's half of "make bench-native": see scripts/bench-native.sh.

For each measurement it prints "@begin" and "@end" lines, idle after both, so that
scripts/bench_native.py on the host can read how much CPU time it took.

Copyright (C) 2026 nvnic contributors
"""

import argparse
import json
import multiprocessing
import os
import time

from bench_lib import machine
from bench_nics import GRE_LSO, KEY, TSO, segment_in_software, switch, tunnel_over
from bench_pps import Pps, latency
from lib.nvnic import connect, retransmits
from lib.pktgen import Pktgen
from lib.shell import cmd, undo

# Idle before and after, for the host to read its counters in
GAP = 0.04
BLOCK = bytes(1 << 17)
BURSTS = (1, 8, 32)
PINGS_A_SECOND = 10000
_FORK = multiprocessing.get_context("fork")


class Contender:
    """What is measured: run() is, prepare() and finish() are not."""

    def prepare(self, seconds):
        """Make ready to run for about so long."""
        self.seconds = seconds

    def run(self):
        """Do it; {"work": how much, "wall": seconds, ...}"""
        raise NotImplementedError

    def finish(self, result):
        """Add to the result what takes longer to find out."""


class TcpStream(Contender):
    """A connection, sent by this process to one that only reads."""

    def __init__(self, src, dst, cpus):
        self.client, self.server = connect(src, dst)
        for sock in (self.client, self.server):
            sock.setblocking(True)
        self.arrived = _FORK.RawValue("Q", 0)
        self.reader = _FORK.Process(target=self._read, args=(cpus[-1],), daemon=True)
        self.reader.start()

    def _read(self, cpu):
        os.sched_setaffinity(0, {cpu})
        buffer = bytearray(1 << 17)
        while True:
            self.arrived.value += self.server.recv_into(buffer)

    def run(self):
        """Send for so long; it ends when all has arrived."""
        sent, arrived, again = 0, self.arrived.value, retransmits(self.client)
        start = time.monotonic()
        while time.monotonic() - start < self.seconds:
            sent += self.client.send(BLOCK)
        while self.arrived.value - arrived < sent:
            time.sleep(0.0002)
        return {"work": sent * 8, "wall": time.monotonic() - start,
                "retransmits": retransmits(self.client) - again}

    def stop(self):
        self.reader.kill()
        self.reader.join()


class Frames(Contender):
    """64-byte frames: as many as the packet generator made lately in so many seconds."""

    def __init__(self, pps, kind, queues, burst):
        self.streams, self.burst, self.rate = pps.streams(kind, queues), burst, 20000
        self.sink = pps.sinks[kind][0]

    def prepare(self, seconds):
        self.gen = Pktgen(self.streams, count=max(1000, int(self.rate * seconds)),
                          burst=self.burst)
        self.before = self.sink.count()

    def run(self):
        self.gen.thread.start()
        self.gen.join(60)
        return {"wall": self.gen.seconds()}

    def finish(self, result):
        self.gen.stop()
        self.rate = self.gen.sent / len(self.streams) / result["wall"]
        result.update(work=self.sink.count() - self.before, sent=self.gen.sent)


class PingPong(Contender):
    """Round trips of a datagram."""

    def __init__(self, src, dst):
        self.ends = src, dst

    def run(self):
        pings, start = max(200, int(PINGS_A_SECOND * self.seconds)), time.monotonic()
        median, p99 = latency(*self.ends, pings)
        return {"work": pings, "wall": time.monotonic() - start, "median": median, "p99": p99}


class Bench:
    """The contenders."""

    def __init__(self, cpus, wanted):
        cmd("sysctl -qw net.ipv4.tcp_slow_start_after_idle=0")
        # Each CPU sends and receives as in a machine of its own; ours sends on the first.
        os.sched_setaffinity(0, {cpus[0]})
        self.cpus, self.wanted = cpus, wanted
        self.pps = Pps(0)
        self.nvnic = self.pps.nvnic
        for first, second in (("v0", "v1"), ("w0", "w1")):
            cmd(f"ip link add {first} type veth peer name {second}")
        self.veth, veth_tunnel = tunnel_over("veth", ("v0", "v1"))
        self.sw, sw_tunnel = tunnel_over("sw", ("w0", "w1"))
        segment_in_software(self.sw)
        self.nvgre(self.nvnic.tunnel("gretap", key=KEY), veth_tunnel, sw_tunnel)

    def nvgre(self, *tunnels):
        self.tcp = {}
        for group, pairs in (("nvgre", tunnels), ("tcp", (self.nvnic, self.veth, self.sw))):
            ours, veth, software = (TcpStream(pair.a, pair.b, self.cpus) for pair in pairs)
            self.tcp[group] = {"nvnic-lso-on": ours, "nvnic-lso-off": ours,
                               "veth": veth, "veth-sw": software}

    def groups(self):
        """{group: {kind: Contender}}"""
        many = len(self.cpus)
        frames = {f"nvnic-{burst}": Frames(self.pps, "nvnic", many, burst) for burst in BURSTS}
        if many > 1:
            frames["nvnic-1-queue"] = Frames(self.pps, "nvnic", 1, 1)
        frames["veth-napi"] = Frames(self.pps, "veth", many, 1)
        return {**self.tcp, "frames": frames,
                "latency": {"nvnic": PingPong(*self.nvnic.ports),
                            "veth": PingPong(*self.veth.ports)}}

    def measurements(self):
        """[(group, kind, Contender)] that were asked for"""
        return [(group, kind, what) for group, kinds in self.groups().items()
                for kind, what in kinds.items()
                if not self.wanted or any(word in f"{group}/{kind}" for word in self.wanted)]

    def switch(self, group, kind):
        """nvnic's LSO as the kind wants it"""
        if kind.startswith("nvnic-lso"):
            features = GRE_LSO if group == "nvgre" else TSO
            switch(self.nvnic.a, dict.fromkeys(features, kind == "nvnic-lso-on"))

    def stop(self):
        for streams in self.tcp.values():
            for stream in set(streams.values()):
                stream.stop()


def tell(word, **what):
    """A line for the host, with the time in it."""
    print(f"@{word}", json.dumps({"time": time.time(), **what}), flush=True)


def measure(bench, number, group, kind, what, seconds):
    bench.switch(group, kind)
    what.prepare(seconds)
    tell("begin", round=number, group=group, kind=kind)
    time.sleep(GAP)
    result = what.run()
    tell("end")
    time.sleep(GAP)
    what.finish(result)
    tell("result", **result)


def main():
    parser = argparse.ArgumentParser(description="for inside the guest: make bench-native")
    parser.add_argument("--seconds", type=float, required=True, help="of a measurement")
    parser.add_argument("--rounds", type=int, required=True, help="after one to warm up")
    parser.add_argument("only", nargs="*", help="parts of GROUP/KIND")
    args = parser.parse_args()
    bench = None
    try:
        bench = Bench(list(range(os.cpu_count())), args.only)
        todo = bench.measurements()
        tell("machine", **machine())
        for number in range(args.rounds + 1):
            for group, kind, what in todo:
                measure(bench, number, group, kind, what,
                        args.seconds if number else args.seconds / 3)
    finally:
        if bench:
            bench.stop()
        undo()


if __name__ == "__main__":
    main()
