#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A module with a bug on purpose is loaded and unloaded; the test itself sees
nothing wrong with that. What the kernel has to say of it must fail the run:
selftests/lib/red.sh looks after that.

Usage: planted.py BUG

Copyright (C) 2026 nvnic contributors
"""

import os
import subprocess
import sys

KO = os.environ["NVNIC_PLANTED_KO"]

subprocess.run(["insmod", KO, "bug=" + sys.argv[1]], check=True)
subprocess.run(["rmmod", os.path.basename(KO).split(".")[0]], check=True)
print("1..1\nok 1 - " + sys.argv[1])
