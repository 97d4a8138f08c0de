# SPDX-License-Identifier: GPL-2.0
"""What "make bench-native" makes of its rows: medians and ratios, a table, JSON, a chart.

Copyright (C) 2026 nvnic contributors
"""

import collections
import json
import statistics

from bench_lib import GREY, OTHERS, OURS, OURS_TOO, OUT, Bar, write_svg

_TCP = {"nvnic-lso-on": ("nvnic, LSO on", OURS), "nvnic-lso-off": ("nvnic, LSO off", OURS_TOO),
        "veth": ("veth, as it comes (nothing is segmented)", GREY),
        "veth-sw": ("veth, the kernel segments", OTHERS)}
_FRAMES = {"nvnic-1": ("nvnic, a frame a doorbell", OURS),
           "nvnic-8": ("nvnic, 8 frames a doorbell", OURS_TOO),
           "nvnic-32": ("nvnic, 32 frames a doorbell", OURS_TOO),
           "nvnic-1-queue": ("nvnic, a frame a doorbell, 1 queue", OURS_TOO),
           "veth-napi": ("veth, with its NAPI", GREY)}
_LATENCY = {"nvnic": ("nvnic", OURS), "veth": ("veth, as it comes", GREY)}
# title; by how much the work is divided; what it is then; {kind: (label, colour)}
Group = collections.namedtuple("Group", "title scale unit kinds")
GROUPS = {"nvgre": Group("TCP over NVGRE", 1e9, "Gbit", _TCP),
          "tcp": Group("plain TCP", 1e9, "Gbit", _TCP),
          "frames": Group("64-byte UDP", 1e3, "1000 frames", _FRAMES),
          "latency": Group("round trips of a datagram", 1e3, "1000 trips", _LATENCY)}
# (group, what, compared with what)
RATIOS = ([(group, "nvnic-lso-on", other) for group in ("nvgre", "tcp")
           for other in ("nvnic-lso-off", "veth-sw", "veth")] +
          [("frames", kind, "veth-napi") for kind in ("nvnic-1", "nvnic-8", "nvnic-32")] +
          [("frames", "nvnic-1", "nvnic-1-queue"), ("latency", "nvnic", "veth")])
# CPUs that others may have had, or the hypervisor may have taken, on a quiet machine;
# seconds after which the host looked while the guest was at work again
QUIET, LATE = 0.05, 0.04


def quartiles(values):
    """(first, median, third)"""
    if len(values) < 2:
        return values * 3
    return statistics.quantiles(values, n=4, method="inclusive")


def by_boot(pairs):
    """The lowest and the highest median of a boot, of (boot, value)."""
    boots = collections.defaultdict(list)
    for boot, value in pairs:
        boots[boot].append(value)
    medians = [statistics.median(values) for values in boots.values()]
    return min(medians), max(medians)


class Results:
    """The rows of each kind, and what is asked about them."""

    def __init__(self, rows):
        self.kinds = {}
        for cpus in sorted({row["cpus"] for row in rows}):
            for group, each in GROUPS.items():
                for kind in each.kinds:
                    found = [row for row in rows
                             if (row["cpus"], row["group"], row["kind"]) == (cpus, group, kind)]
                    if found:
                        self.kinds[cpus, group, kind] = found

    @staticmethod
    def speed(row, by):
        """Work a second of "cpu" or "wall" time."""
        return row["work"] / row[by] / GROUPS[row["group"]].scale

    def medians(self):
        """What rows.json says of each kind."""
        found = []
        for (cpus, group, kind), rows in self.kinds.items():
            line = {"cpus": cpus, "group": group, "kind": kind, "unit": GROUPS[group].unit}
            for by in ("cpu", "wall"):
                speeds = [self.speed(row, by) for row in rows]
                line[f"by_{by}"] = quartiles(speeds)
                line[f"by_{by}_boots"] = by_boot((r["boot"], s) for r, s in zip(rows, speeds))
            for name in ("median", "p99"):
                if name in rows[0]:
                    line[f"{name}_us"] = quartiles([row[name] for row in rows])
            for name in ("retransmits", "lost"):
                line[name] = sum(row.get(name, 0) for row in rows)
            found.append(line)
        return found

    def ratios(self):
        """Of what was measured in the same round."""
        found = []
        for cpus in sorted({key[0] for key in self.kinds}):
            for group, kind, other in RATIOS:
                ours, theirs = (self.kinds.get((cpus, group, name)) for name in (kind, other))
                if ours and theirs:
                    found.append({"cpus": cpus, "group": group, "kind": kind, "other": other,
                                  **self._ratio(ours, theirs)})
        return found

    def _ratio(self, ours, theirs):
        line = {}
        for by in ("cpu", "wall"):
            values = [self.speed(a, by) / self.speed(b, by) for a, b in zip(ours, theirs)]
            line[f"by_{by}"] = quartiles(values)
            line[f"by_{by}_boots"] = by_boot((a["boot"], v) for a, v in zip(ours, values))
        return line


def disturbed(rows):
    """{who: CPUs that were not ours}, rounds in which the host was late"""
    span = sum(row["span"] for row in rows)
    mean = {name: sum(row[name] * row["span"] for row in rows) / span
            for name in ("others", "stolen")}
    return mean, sum(row["late"] > LATE for row in rows)


def say_disturbed(mean, late, count):
    if max(mean.values()) <= QUIET and not late:
        print(f"The machine was quiet: others had {mean['others']:.2f} CPUs, {mean['stolen']:.2f} "
              "were stolen.")
        return True
    print(f"THE MACHINE WAS NOT QUIET: others had {mean['others']:.2f} CPUs, {mean['stolen']:.2f} "
          f"were stolen\n(quiet: up to {QUIET}); in {late} of {count} measurements the CPU time "
          "was read late.\nThese figures show that it runs, not how fast. Repeat it alone.")
    return False


def span(three, digits=2):
    return f"{three[1]:.{digits}f} ({three[0]:.{digits}f} to {three[2]:.{digits}f})"


def print_medians(lines):
    last = None
    for line in lines:
        group = GROUPS[line["group"]]
        if (line["cpus"], line["group"]) != last:
            last = line["cpus"], line["group"]
            print(f"\n{group.title + ', CPUs: ' + str(line['cpus']):42} "
                  f"{group.unit + ' a CPU-second':>24} {group.unit + '/s':>24}")
        text = "".join(f", {name} {line[key][1]:.0f} us" for name, key in
                       (("median", "median_us"), ("99 %", "p99_us")) if key in line)
        text += "".join(f", {line[name]} {name}" for name in ("retransmits", "lost") if line[name])
        print(f"{group.kinds[line['kind']][0]:42} {span(line['by_cpu']):>24} "
              f"{span(line['by_wall']):>24}{text}")


def print_ratios(lines):
    print(f"\n{'ratios of the same round: median (quartiles)':82} {'by CPU-seconds':>20} "
          f"{'boots':>12} {'by wall clock':>20}")
    for line in lines:
        kinds = GROUPS[line["group"]].kinds
        name = (f"{line['cpus']} CPU, {GROUPS[line['group']].title}: "
                f"{kinds[line['kind']][0]} / {kinds[line['other']][0].partition(' (')[0]}")
        boots = "{:.2f}..{:.2f}".format(*line["by_cpu_boots"])
        print(f"{name:82} {span(line['by_cpu']):>20} {boots:>12} {span(line['by_wall']):>20}")


def panels(lines):
    """{title: bars}; latency by its times, the rest by CPU-seconds."""
    found = collections.defaultdict(list)
    for line in lines:
        group = GROUPS[line["group"]]
        unit, key = f"{group.unit} a CPU-second", "by_cpu"
        if "median_us" in line:
            unit, key = "microseconds, median", "median_us"
        low, value, high = line[key]
        found[f"{group.title}, CPUs: {line['cpus']}; {unit}"].append(
            Bar(*group.kinds[line["kind"]], value, low, high, f"{value:.1f}"))
    return found


def report(rows, about):
    """Print the tables; write rows.json and chart.svg."""
    for row in rows:
        row["lost"] = row.get("sent", row["work"]) - row["work"]
    results = Results(rows)
    medians, ratios = results.medians(), results.ratios()
    print_medians(medians)
    print_ratios(ratios)
    print()
    mean, late = disturbed(rows)
    quiet = say_disturbed(mean, late, len(rows))
    with open(f"{OUT}/rows.json", "w", encoding="ascii") as out:
        json.dump({**about, "quiet": quiet, **mean, "late": late, "medians": medians,
                   "ratios": ratios, "rows": rows}, out, indent=1)
    caption = (f"medians and quartiles of {about['rounds']} rounds in {about['boots']} guests, "
               f"User Mode Linux {about['kernel']}{'' if quiet else '; NOT on a quiet machine'}")
    write_svg(f"{OUT}/chart.svg", panels(medians), caption)
