#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The guest's half of "make bench": see scripts/bench.sh.

Copyright (C) 2026 nvnic contributors
"""

import os
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "selftests"))

from bench_lib import OUT, machine, options, say, verdict, write_json  # noqa: E402
from lib.nvnic import Pair, cmd, iperf3, undo, wait_for  # noqa: E402

KEY = 5000 << 8
GRE_LSO = ("tx-gre-segmentation", "tx-gre-csum-segmentation")
# The order of the bars. Colours: ours, then the others.
KINDS = {
    "nvnic-lso-on": ("nvnic, LSO on", "#1f6f8b"),
    "nvnic-lso-off": ("nvnic, LSO off", "#7fb3c4"),
    "veth": ("veth, as it comes (nothing is segmented)", "#b9b9b9"),
    "veth-sw": ("veth, the kernel segments", "#8c8c8c"),
    "virtio": ("virtio-net pair on a QEMU hub", "#8c8c8c"),
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


def tunnel_over(ns, ifnames):
    pair = Pair(f"{ns}-a", f"{ns}-b", ifnames=ifnames)
    return pair, pair.tunnel("gretap", key=KEY)


def switch(port, states):
    """Set the features that the interface has and can change."""
    usable = port.features().keys() - port.fixed_features()
    port.set_features(**{name: state for name, state in states.items() if name in usable})


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
        for port in software.ports:
            switch(port, {"tx-checksum-ip-generic": False, "tx-tcp-segmentation": False,
                          "tx-tcp6-segmentation": False, **dict.fromkeys(GRE_LSO, False)})
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


def write_svg(path, rows, caption):
    """A bar a kind, the spread of the runs as a line, ratios beside."""
    width, left, bar, step, top = 760, 300, 26, 44, 56
    scale = (width - left - 150) / max(row["gbps_max"] for row in rows.values())
    ours = rows["nvnic-lso-on"]["gbps"]
    height = top + step * len(rows) + 34
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
           f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">',
           '<rect width="100%" height="100%" fill="white"/>',
           '<text x="16" y="26" font-size="16">TCP over NVGRE, Gbit/s</text>']
    for number, (kind, row) in enumerate(rows.items()):
        y = top + number * step
        middle = y + bar / 2
        label, colour = KINDS[kind]
        ratio = "" if kind == "nvnic-lso-on" else f"  (LSO on: {ours / row['gbps']:.2f}x)"
        out += [f'<text x="{left - 10}" y="{middle + 4}" text-anchor="end">{label}</text>',
                f'<rect x="{left}" y="{y}" width="{row["gbps"] * scale:.1f}" height="{bar}" '
                f'fill="{colour}"/>',
                f'<line x1="{left + row["gbps_min"] * scale:.1f}" y1="{middle}" '
                f'x2="{left + row["gbps_max"] * scale:.1f}" y2="{middle}" stroke="black"/>',
                f'<text x="{left + row["gbps_max"] * scale + 8:.1f}" y="{middle + 4}">'
                f'{row["gbps"]:.2f}{ratio}</text>']
    out += [f'<text x="16" y="{height - 12}" fill="#555" font-size="11">{caption}</text>', '</svg>']
    with open(path, "w", encoding="ascii") as svg:
        svg.write("\n".join(out) + "\n")


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
    write_svg(f"{OUT}/bench.svg", rows, caption)


if __name__ == "__main__":
    main()
