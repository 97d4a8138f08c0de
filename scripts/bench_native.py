#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The host's half of "make bench-native": see scripts/bench-native.sh.

Starts the guests in turn and reads how much CPU time each measurement took: what the
host's scheduler gave to the process that is User Mode Linux and to its children, which
run the guest's processes. The guest cannot tell: its clocks
are the host's, so that its /proc/stat counts what others had of the CPU as busy, and
the time in which a child of it makes a system call as it happens to see it.

Copyright (C) 2026 nvnic contributors
"""

import argparse
import contextlib
import glob
import json
import os
import subprocess
import sys
import time

from bench_lib import say
from bench_native_report import GROUPS, report

DIR = os.path.dirname(os.path.abspath(__file__))
TICK = os.sysconf("SC_CLK_TCK")


def cpu_time(pid):
    """Nanoseconds that the scheduler has given to a process, ended threads included: its
    clock, see clock_getcpuclockid(3)."""
    return time.clock_gettime_ns(~pid << 3 | 2)


def family(pid):
    """A process and its descendants. What ends meanwhile is left out."""
    yield pid
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        with contextlib.suppress(OSError), open(path, encoding="ascii") as file:
            for child in file.read().split():
                yield from family(int(child))


class Usage:
    """CPU time up to now: of a family of processes; of this whole machine; stolen from it."""

    def __init__(self, root):
        self.time, self.ours = time.time(), {}
        for pid in family(root):
            with contextlib.suppress(OSError):
                self.ours[pid] = cpu_time(pid)
        with open("/proc/stat", encoding="ascii") as file:
            user, nice, system, _, _, irq, soft, steal = map(int, file.readline().split()[1:9])
        self.all, self.stolen = (user + nice + system + irq + soft) / TICK, steal / TICK

    def ours_since(self, before):
        """Seconds of the family; who has ended since then does not count."""
        return sum(now - before.ours.get(pid, 0) for pid, now in self.ours.items()) / 1e9


class Boot:
    """One guest: its measurements as rows."""

    def __init__(self, number, cpus, rounds, args):
        self.number, self.cpus, self.rounds, self.boots = number, cpus, rounds, args.boots
        kernel = args.kernel_one if cpus == 1 else args.kernel
        command = [f"{DIR}/uml-run.sh", "--cpus", str(cpus), "--timeout", "300",
                   "--kernel", f"{kernel}/vmlinux", "--", "env", f"NVNIC_KO={kernel}/nvnic.ko",
                   f"{DIR}/bench_native_guest.py", "--seconds", str(args.seconds),
                   "--rounds", str(rounds), *args.only]
        self.rows, self.machine, self.begun, self.ended = [], {}, None, None
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def run(self):
        heard = {"@machine": self._machine, "@begin": self._begin, "@end": self._end,
                 "@result": self._result}
        try:
            for line in self.process.stdout:
                word, _, text = line.strip().partition(" ")
                if word in heard:
                    heard[word](json.loads(text))
                else:
                    print(line, end="", flush=True)
            if self.process.wait():
                sys.exit(f"bench_native.py: a guest with {self.cpus} CPU(s) ended with status "
                         f"{self.process.returncode}: what it said is above")
        finally:
            if self.process.poll() is None:
                self.process.terminate()
                self.process.wait()

    def _machine(self, what):
        self.machine = what
        say(f"guest {self.number + 1} of {self.boots} with {self.cpus} CPU(s): warming up")

    def _begin(self, what):
        if what["round"] and (not self.rows or self.rows[-1]["round"] != what["round"]):
            say(f"  round {what['round']} of {self.rounds}")
        self.begun = Usage(self.process.pid), what

    def _end(self, what):
        self.ended = Usage(self.process.pid), what

    def _result(self, result):
        (before, begin), (after, end) = self.begun, self.ended
        # The first round warms up.
        if not begin["round"]:
            return
        ours, span = after.ours_since(before), after.time - before.time
        self.rows.append({
            "cpus": self.cpus, "boot": self.number, **begin, **result, "cpu": ours, "span": span,
            "late": max(before.time - begin["time"], after.time - end["time"]),
            "others": (after.all - before.all - ours) / span,
            "stolen": (after.stolen - before.stolen) / span})


def options():
    parser = argparse.ArgumentParser(description="use it by scripts/bench-native.sh")
    parser.add_argument("--kernel", required=True, help="directory of the kernel for several CPUs")
    parser.add_argument("--kernel-one", required=True, help="of that for one CPU")
    parser.add_argument("--rounds", type=int, default=7, help="for each number of CPUs")
    parser.add_argument("--boots", type=int, default=3, help="guests that share these rounds")
    parser.add_argument("--seconds", type=float, default=0.3, help="of a measurement")
    parser.add_argument("--cpus", default="1,2", help="numbers of CPUs")
    parser.add_argument("--only", default="", help="parts of GROUP/KIND, with commas")
    args = parser.parse_args()
    args.only = [word for word in args.only.split(",") if word]
    args.boots = min(args.boots, args.rounds)
    args.cpus = [int(word) for word in args.cpus.split(",")]
    if args.rounds < 1 or args.boots < 1:
        parser.error("--rounds and --boots take numbers from 1 on")
    there = len(os.sched_getaffinity(0))
    if max(args.cpus) > there:
        args.cpus = [number for number in args.cpus if number <= there]
        say(f"this machine has {there} CPU(s): no figures for more")
    return args


def main():
    args, started = options(), time.monotonic()
    boots = [(number, cpus) for number in range(args.boots) for cpus in args.cpus]
    rows = []
    for number, cpus in boots:
        rounds = args.rounds // args.boots + (number < args.rounds % args.boots)
        boot = Boot(number, cpus, rounds, args)
        boot.run()
        rows += boot.rows
    if not rows:
        sys.exit(f"bench_native.py: --only {','.join(args.only)} fits none of {', '.join(GROUPS)}")
    say(f"measured in {time.monotonic() - started:.0f} s")
    report(rows, {**boot.machine, "cpus": args.cpus, "seconds": args.seconds,
                  "rounds": args.rounds, "boots": args.boots})


if __name__ == "__main__":
    main()
