#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The main job of nvnic, shown: see "make demo". Runs in the VM.

Usage: selftests/demo.py [--seconds N]

Copyright (C) 2026 nvnic contributors
"""

import argparse
import hashlib
import os
import re
import sys

from lib.capture import Capture, tshark_decode, tshark_verdict
from lib.nvnic import STANDIN, WIRE, Pair, Transfer, iperf3
from lib.shell import bkg, undo, undo_depth, wait_for

OUT = os.environ.get("NVNIC_OUT", "/tmp")
KEY = 5000 << 8
FILE_MIB = 64
# What the hand-made segments of a short transfer must show.
SAMPLE = 400 << 10

# name, tunnel (None: no tunnel), the features that switch LSO
PATHS = (
    ("NVGRE over IPv4 (gretap)", "gretap", ("tx-gre-segmentation", "tx-gre-csum-segmentation")),
    ("NVGRE over IPv6 (ip6gretap)", "ip6gretap",
     ("tx-gre-segmentation", "tx-gre-csum-segmentation")),
    ("plain TCP", None, ("tx-tcp-segmentation", "tx-tcp6-segmentation")),
)
COLUMNS = ("path", "LSO", "Gbit/s", "super-frames", "wire frames", "CPU send", "CPU recv",
           "retrans", "checksums")


def say(text):
    print(f">> {text}", flush=True)


class Demo:
    def __init__(self, seconds):
        self.seconds = seconds
        self.rows = []
        self.problems = []
        self.decoded = None
        say("loading nvnic.ko; nvn0 goes to namespace a, nvn1 to namespace b")
        self.pair = Pair()

    def expect(self, good, text):
        if not good:
            self.problems.append(text)

    def wire(self):
        """The tap; a veth stand-in has none, there the receiver looks."""
        return (self.pair.b.ifname, self.pair.b.ns) if STANDIN else (WIRE, None)

    def frames_sent(self):
        return self.pair.a.link()["stats64"]["tx"]["packets"]

    def super_frames(self):
        return self.pair.a.qstats().get("tx-hw-gso-packets", 0)

    def measure(self, name, ends, lso):
        """One iperf3 run: a row of the table."""
        supers, frames = self.super_frames(), self.frames_sent()
        result = iperf3(*ends, seconds=self.seconds)["end"]
        supers, frames = self.super_frames() - supers, self.frames_sent() - frames
        retrans = result["sum_sent"]["retransmits"]
        cpu = result["cpu_utilization_percent"]
        verdict = self.sample(name, ends, lso)
        if not STANDIN:
            self.expect((supers > 0) == lso,
                        f"{name}, LSO {'on' if lso else 'off'}: {supers} super-frames")
        self.rows.append((name, "on" if lso else "off",
                          f"{result['sum_received']['bits_per_second'] / 1e9:.2f}", supers, frames,
                          f"{cpu['host_total']:.0f}%", f"{cpu['remote_total']:.0f}%", retrans,
                          verdict))

    def sample(self, name, ends, lso):
        """A short transfer, captured on the wire, in tshark's judgement."""
        with Capture(*self.wire()) as cap:
            Transfer(*ends, SAMPLE).check()
            if not STANDIN:
                cap.wait(SAMPLE // 1500)
        label = f"{name.split(' (')[0].replace(' ', '-')}-lso-{'on' if lso else 'off'}"
        verdict = tshark_verdict(cap.frames, keep=f"{OUT}/{label}.pcap")
        for bad in verdict.bad[:5]:
            say(f"  frame {bad.number}: {bad.what}: {bad.info}")
        if not STANDIN:
            self.expect(not verdict.bad, f"{label}: tshark rejects {len(verdict.bad)} frames")
        verified = verdict.good["tcp"]
        self.expect(STANDIN or verified > 100, f"{label}: only {verified} TCP checksums")
        if self.decoded is None:
            self.decoded = max(cap.frames, key=len)
        return f"{verdict.frames - len(verdict.bad)} good, {len(verdict.bad)} bad"

    def path(self, name, kind, features):
        depth = undo_depth()
        tunnel = self.pair.tunnel(kind, key=KEY) if kind else None
        ends = (tunnel.a, tunnel.b) if tunnel else self.pair.ports
        present = [f for f in features if f in self.pair.a.features()]
        for lso in (True, False):
            words = " ".join(f"{f} {'on' if lso else 'off'}" for f in present)
            say(f"{name}: ethtool -K nvn0 {words}")
            say(f"  iperf3 for {self.seconds} s, then a captured sample")
            self.pair.a.set_features(**{f: lso for f in present})
            self.measure(name, ends, lso)
        for error in undo(depth):
            self.problems.append(str(error))

    def table(self):
        rows = [COLUMNS] + [tuple(str(c) for c in row) for row in self.rows]
        widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
        print()
        for number, row in enumerate(rows):
            print("  ".join(c.ljust(w) if i < 2 else c.rjust(w)
                            for i, (c, w) in enumerate(zip(row, widths))))
            if number == 0:
                print("  ".join("-" * w for w in widths))
        print("\nsuper-frames: cut up by the device; wire frames: all that nvn0 sent meanwhile;")
        print("CPU: of the two iperf3 processes; checksums: a captured sample, judged by tshark\n",
              flush=True)

    def show_frame(self):
        say("one frame of the NVGRE run as it was on the wire, in tshark's words")
        # Each header and its fields; not their bits, not the payload.
        shown = False
        for line in tshark_decode(self.decoded).splitlines():
            if re.match(r"[A-Z]", line):
                shown = not line.startswith(("Frame ", "Data "))
            if shown and re.match(r"[A-Z]|    [][A-Z]", line):
                print("   ", line[:110])
        print(flush=True)

    def file(self):
        """A file through the tunnel, by the plainest tools there are."""
        tunnel = self.pair.tunnel("gretap", key=KEY)
        say(f"a {FILE_MIB} MiB file through the NVGRE tunnel")
        with open("/tmp/sent", "wb") as out:
            for _ in range(FILE_MIB):
                out.write(os.urandom(1 << 20))
        # The end of the transfer is the end of both commands.
        server = bkg("socat -u -b 262144 TCP-LISTEN:7000,reuseaddr CREATE:/tmp/got",
                            ns=tunnel.b.ns)
        wait_for(lambda: ":7000 " in tunnel.b.cmd("ss -Hltn").stdout, "socat")
        tunnel.a.cmd(f"socat -u -b 262144 FILE:/tmp/sent TCP:{tunnel.b.v4}:7000", timeout=300)
        server.wait(timeout=300)
        sums = []
        for path in ("/tmp/sent", "/tmp/got"):
            with open(path, "rb") as data:
                sums.append(hashlib.file_digest(data, "sha256").hexdigest())
            print(f"   SHA-256 {sums[-1]}  {path}")
        self.expect(sums[0] == sums[1], "the file arrived damaged")
        print(flush=True)

    def run(self):
        for path in PATHS:
            self.path(*path)
        self.table()
        self.show_frame()
        self.file()


def main():
    parser = argparse.ArgumentParser(description="nvnic at work; for inside the VM: make demo")
    parser.add_argument("--seconds", type=int, default=4, help="of each measurement")
    demo = Demo(parser.parse_args().seconds)
    try:
        demo.run()
    finally:
        undo()
    for problem in demo.problems:
        print(f"FAILED: {problem}")
    if not demo.problems:
        print("demo: all as it should be: every checksum right, the file unchanged")
    sys.exit(bool(demo.problems))


if __name__ == "__main__":
    main()
