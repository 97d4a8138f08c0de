#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The unit tests of the packet engines in the kernel, by KUnit: what it writes
into the kernel log is this test's output.

Copyright (C) 2026 nvnic contributors
"""

import os
import subprocess
import sys

KO = os.environ.get("NVNIC_KUNIT_KO")
SUITE = "# Subtest: nvpe_"


def records(kmsg):
    """What the kernel has written since the file was opened."""
    while True:
        try:
            yield os.read(kmsg, 8192).decode(errors="replace").split(";", 1)[1].splitlines()[0]
        except BlockingIOError:
            return


def suites(lines):
    """Of each suite its lines from the plan to its result."""
    depth = None
    for line in lines:
        text = line.lstrip()
        if SUITE in line and depth is None:
            depth = line.index("#")
        if depth is None:
            continue
        if text.startswith(("ok ", "not ok ", "#")):
            yield line
        if len(line) - len(text) < depth and text.startswith(("ok ", "not ok ")):
            depth = None


def main():
    if not KO:
        print("KTAP version 1\n1..0 # SKIP no KUnit in this kernel")
        return 4
    kmsg = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    os.lseek(kmsg, 0, os.SEEK_END)
    print("KTAP version 1")
    subprocess.run(["insmod", KO], check=True)
    found = list(suites(records(kmsg)))
    subprocess.run(["rmmod", os.path.basename(KO).split(".")[0]], check=True)
    print("\n".join(found))
    results = [line for line in found if line.startswith(("ok ", "not ok "))]
    # Nothing at all is no success.
    print(f"1..{max(1, len(results))}")
    return int(any(line.startswith("not ok ") for line in results))


sys.exit(main())
