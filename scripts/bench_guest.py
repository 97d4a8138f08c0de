#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The guest's half of "make bench": see scripts/bench.sh.

Copyright (C) 2026 nvnic contributors
"""

import statistics

from bench_lib import (GREY, OTHERS, OURS, OURS_TOO, OUT, Bar, machine, options, say, verdict,
                       write_json, write_svg)
from bench_nics import GRE_LSO, cmd, segment_in_software, switch, tunnel_over
from lib.nvnic import iperf3
from lib.shell import undo, wait_for

# The order of the bars. Colours: ours, then the others.
KINDS = {
    "nvnic-lso-on": ("nvnic, LSO on", OURS),
    "nvnic-lso-off": ("nvnic, LSO off", OURS_TOO),
    "veth": ("veth, as it comes (nothing is segmented)", GREY),
    "veth-sw": ("veth, the kernel segments", OTHERS),
    "virtio": ("virtio-net pair on a QEMU hub", OTHERS),
}
# LSO on against each of these must reach this ratio.
TARGETS = {"nvnic-lso-off": 1.5, "veth-sw": 1.3, "virtio": 2.0}


def virtio_pair():
    """Give the two NICs that vm-run.sh --hub-pair adds their names."""
    cmd("modprobe virtio_net")

    def links():
        return {link.get("address"): link["ifname"] for link in cmd("ip -j link").json()}

    for number in range(2):
        mac = f"52:54:00:6e:76:0{number}"
        wait_for(lambda m=mac: m in links(), f"the virtio-net NIC {mac}")
        cmd(f"ip link set dev {links()[mac]} down")
        cmd(f"ip link set dev {links()[mac]} name hub{number}")


class Bench:
    def __init__(self, seconds):
        self.seconds = seconds
        self.runs = {kind: [] for kind in KINDS}
        say("loading nvnic.ko; making the other pairs and a gretap over each")
        for first, second in (("v0", "v1"), ("w0", "w1")):
            cmd(f"ip link add {first} type veth peer name {second}")
        virtio_pair()
        self.pair, nvnic = tunnel_over("nvn", ("nvn0", "nvn1"))
        software, segmented = tunnel_over("sw", ("w0", "w1"))
        segment_in_software(software)
        self.ends = {"nvnic-lso-on": nvnic, "nvnic-lso-off": nvnic, "veth-sw": segmented,
                     "veth": tunnel_over("veth", ("v0", "v1"))[1],
                     "virtio": tunnel_over("hub", ("hub0", "hub1"))[1]}

    def once(self, kind):
        if kind.startswith("nvnic"):
            switch(self.pair.a, dict.fromkeys(GRE_LSO, kind == "nvnic-lso-on"))
        ends = self.ends[kind]
        end = iperf3(ends.a, ends.b, seconds=self.seconds)["end"]
        cpu = end["cpu_utilization_percent"]
        run = {"gbps": end["sum_received"]["bits_per_second"] / 1e9,
               "retransmits": end["sum_sent"]["retransmits"],
               "cpu_sender": cpu["host_total"], "cpu_receiver": cpu["remote_total"]}
        self.runs[kind].append(run)
        say(f"  {KINDS[kind][0]:42} {run['gbps']:6.2f} Gbit/s, {run['retransmits']} retransmits")

    def summary(self):
        rows = {}
        for kind, runs in self.runs.items():
            rows[kind] = {name: statistics.median(r[name] for r in runs) for name in runs[0]}
            rows[kind]["gbps_min"] = min(r["gbps"] for r in runs)
            rows[kind]["gbps_max"] = max(r["gbps"] for r in runs)
        return rows


def print_summary(rows, ratios):
    print(f"\n{'medians':42} {'Gbit/s':>7} {'min':>6} {'max':>6} {'retrans':>8} {'CPU send':>9}"
          f" {'CPU recv':>9}")
    for kind, row in rows.items():
        print(f"{KINDS[kind][0]:42} {row['gbps']:7.2f} {row['gbps_min']:6.2f}"
              f" {row['gbps_max']:6.2f} {row['retransmits']:8.0f} {row['cpu_sender']:8.0f}%"
              f" {row['cpu_receiver']:8.0f}%")
    print()
    for kind, ratio in ratios.items():
        word = verdict(ratio >= TARGETS[kind])
        print(f"LSO on is {ratio:.2f} times {KINDS[kind][0]} (target {TARGETS[kind]}: {word})")
    print(flush=True)


def bars(rows):
    """A bar a kind, the spread of the runs as a line, ratios beside."""
    ours = rows["nvnic-lso-on"]["gbps"]
    for kind, row in rows.items():
        ratio = "" if kind == "nvnic-lso-on" else f"  (LSO on: {ours / row['gbps']:.2f}x)"
        yield Bar(*KINDS[kind], row["gbps"], row["gbps_min"], row["gbps_max"],
                  f"{row['gbps']:.2f}{ratio}")


def main():
    args = options(seconds=5, repeat=5)
    here = machine()
    caption = (f"median of {args.repeat} runs of {args.seconds} s each, Linux {here['kernel']}, "
               f"{here['cpus']} CPUs, QEMU {'TCG' if here['tcg'] else 'KVM'}; "
               "line: slowest to fastest")
    try:
        bench = Bench(args.seconds)
        for number in range(args.repeat):
            say(f"round {number + 1} of {args.repeat}")
            for kind in KINDS:
                bench.once(kind)
    finally:
        undo()
    rows = bench.summary()
    ratios = {kind: rows["nvnic-lso-on"]["gbps"] / rows[kind]["gbps"] for kind in TARGETS}
    print_summary(rows, ratios)
    write_json("bench.json", {"seconds": args.seconds, "runs": bench.runs, "medians": rows,
                              "ratios": ratios, "targets": TARGETS})
    write_svg(f"{OUT}/bench.svg", {"TCP over NVGRE, Gbit/s": list(bars(rows))}, caption)


if __name__ == "__main__":
    main()
