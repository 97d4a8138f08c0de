#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Run the kernel's own tests, each in a User Mode Linux guest of its own.

Usage: scripts/upstream/guests.py --kernel DIR --root DIR --tree DIR --out DIR TEST...

  --kernel  holds the kernel and nvnic.ko (of scripts/build-kernel.sh uml)
  --root    the root file system of the tests (of scripts/upstream/root.sh)
  --tree    the unpacked, built kernel tree
  --out     TEST.json (results) and TEST.log of each test go there
  TEST      whole names of rows of tests-KERNEL.conf

Two guests run side by side; those with several CPUs, or that measure time, alone.
A guest that hangs, or ends without results, is booked as failed.

Copyright (C) 2026 nvnic contributors
"""

import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import run  # pylint: disable=wrong-import-position

# Seconds to boot, and to unload the module, on a loaded machine
MARGIN = 120


def boot(args, test):
    """(exit status, output) of the guest that runs TEST"""
    argv = [os.path.join(run.TOP, "scripts", "uml-run.sh"), "--allow-splat",
            "--kernel", os.path.join(args.kernel, "vmlinux"), "--cpus", str(test.cpus),
            "--timeout", str(test.limit + MARGIN), "--out", args.out, "--",
            "env", f"KERNEL={run.KERNEL}", f"PEER={os.environ.get('PEER', '')}",
            "unshare", "--mount", os.path.join(HERE, "pivot.sh"),
            args.root, args.tree, args.kernel, test.name]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode(errors="replace").replace("\r", "")


def book_death(base, test, status, output):
    with open(base + ".json", "w", encoding="utf-8") as file:
        json.dump({"name": test.name, "status": status, "seconds": 0,
                   "results": [["the kernel survives", "fail", f"status {status}"]]}, file)
    with open(base + ".log", "a", encoding="utf-8") as file:
        file.write("\nguest:\n" + output)


def run_test(args, test):
    base = os.path.join(args.out, re.sub(r"[^\w.-]+", "_", test.name))
    status, output = boot(args, test)
    # 3: the module could not be unloaded, which run.py has booked
    if status not in (0, 3) or not os.path.exists(base + ".json"):
        book_death(base, test, status, output)
        output += f"# {test.name}: the guest ended with status {status}\n"
    print(output, end="", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("kernel", "root", "tree", "out"):
        parser.add_argument(f"--{name}", required=True, type=os.path.realpath)
    parser.add_argument("tests", nargs="+")
    args = parser.parse_args()
    wanted = [test for test in run.tests() if test.name in args.tests]
    alone = [test for test in wanted if test.alone or test.cpus > 1]
    # Long ones first, so that none is left over for one guest at the end
    beside = sorted((test for test in wanted if test not in alone),
                    key=lambda test: -test.limit)
    with concurrent.futures.ThreadPoolExecutor(min(2, os.cpu_count())) as pool:
        list(pool.map(lambda test: run_test(args, test), beside))
    for test in alone:
        run_test(args, test)


if __name__ == "__main__":
    main()
