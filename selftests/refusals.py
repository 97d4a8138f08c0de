#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What cannot be honoured is refused, with a reason, and changes nothing.

Each row: a command that must fail, what it must say, and the command that shows
the setting before and after.

Copyright (C) 2026 nvnic contributors
"""

import errno
import os
import re

from lib.ktap import ksft_case, ksft_eq, ksft_ne, ksft_raises, ksft_run, ksft_true, ksft_variants
from lib.nvnic import KO, Pair, module_load, module_loaded, module_unload
from lib.shell import cmd, defer

PAIR = None

RINGS = r"netlink error: nvnic: ring sizes must be powers of two from 64 to 8192"
ABOVE = r"netlink error: requested ring size exceeds maximum"
INVALID = r"Invalid argument|Numerical result out of range"
UNSUPPORTED = r"Operation not supported"

SHOW = {
    "mtu": "ip -o link show dev nvn0",
    "rings": "ethtool -g nvn0",
    "channels": "ethtool -l nvn0",
    "rss": "ethtool -x nvn0",
    "coalesce": "ethtool -c nvn0",
    "flags": "ethtool --show-priv-flags nvn0",
    "features": "ethtool -k nvn0",
    "pause": "ethtool -a nvn0",
    "link": "ethtool nvn0",
    "flow": "ethtool -n nvn0 rx-flow-hash tcp4",
}

# setting: ((command, what it says), ...)
TABLE = {
    "mtu": (
        ("ip link set nvn0 mtu 67", r"Error: mtu less than device minimum"),
        ("ip link set nvn0 mtu 0", r"Error: mtu less than device minimum"),
        ("ip link set nvn0 mtu 9217", r"Error: mtu greater than device maximum"),
        ("ip link set nvn0 mtu 65536", r"Error: mtu greater than device maximum"),
        ("ip link set nvn0 address 03:00:00:00:00:01", r"Cannot assign requested address"),
        ("ip link set nvn0 address 00:00:00:00:00:00", r"Cannot assign requested address"),
    ),
    "rings": (
        ("ethtool -G nvn0 rx 63", RINGS),
        ("ethtool -G nvn0 tx 63", RINGS),
        ("ethtool -G nvn0 rx 100", RINGS),
        ("ethtool -G nvn0 tx 96", RINGS),
        ("ethtool -G nvn0 rx 1", RINGS),
        ("ethtool -G nvn0 rx 512 tx 32", RINGS),
        ("ethtool -G nvn0 rx 8191", RINGS),
        ("ethtool -G nvn0 rx 0", r"netlink error: "),
        ("ethtool -G nvn0 tx 0", r"netlink error: "),
        ("ethtool -G nvn0 rx 8193", ABOVE),
        ("ethtool -G nvn0 tx 16384", ABOVE),
        ("ethtool -G nvn0 rx 4294967295", ABOVE),
        ("ethtool -G nvn0 rx-mini 64", ABOVE),
        ("ethtool -G nvn0 rx-jumbo 64", ABOVE),
    ),
    "channels": (
        ("ethtool -L nvn0 combined 0", r"netlink error: "),
        ("ethtool -L nvn0 combined 129", r"netlink error: requested channel count exceeds maximum"),
        ("ethtool -L nvn0 combined 4294967295", r"netlink error: requested channel count"),
        ("ethtool -L nvn0 rx 1", r"netlink error: requested channel count exceeds maximum"),
        ("ethtool -L nvn0 tx 1", r"netlink error: requested channel count exceeds maximum"),
        ("ethtool -L nvn0 other 1", r"netlink error: requested channel count exceeds maximum"),
    ),
    "coalesce": (
        ("ethtool -C nvn0 rx-usecs 65536", r"netlink error: nvnic: rx-usecs must be at most 65535"),
        ("ethtool -C nvn0 tx-usecs 65536", r"netlink error: nvnic: tx-usecs must be at most 65535"),
        ("ethtool -C nvn0 rx-usecs 9 rx-frames 65536", r"nvnic: rx-frames must be at most 65535"),
        ("ethtool -C nvn0 tx-usecs 9 tx-frames 70000", r"nvnic: tx-frames must be at most 65535"),
        ("ethtool -C nvn0 rx-usecs 0 rx-frames 2", r"nvnic: rx-frames above 1 requires rx-usecs"),
        ("ethtool -C nvn0 tx-usecs 0 tx-frames 2", r"nvnic: tx-frames above 1 requires tx-usecs"),
        ("ethtool -C nvn0 rx-usecs-irq 5", r"netlink error: "),
        ("ethtool -C nvn0 sample-interval 1", r"netlink error: "),
        ("ethtool --per-queue nvn0 queue_mask 0x8 --coalesce rx-usecs 9", INVALID),
    ),
    # This command goes through an ioctl, which has no way for a text.
    "rss": (
        ("ethtool -X nvn0 equal 3", INVALID),
        ("ethtool -X nvn0 equal 200", INVALID),
        ("ethtool -X nvn0 start 2 equal 1", INVALID),
        ("ethtool -X nvn0 weight 1 1 1", INVALID),
        ("ethtool -X nvn0 weight 0 0 1", INVALID),
        ("ethtool -X nvn0 hkey 01:02:03", r"Key is too short for device \(3 != 40\)|too short"),
        (f"ethtool -X nvn0 hkey {':'.join(['01'] * 41)}", r"too long"),
        ("ethtool -X nvn0 hfunc xor", UNSUPPORTED + "|" + INVALID),
        ("ethtool -X nvn0 hfunc crc32", UNSUPPORTED + "|" + INVALID),
        ("ethtool -X nvn0 context new equal 3", INVALID),
        ("ethtool -X nvn0 context 1 equal 2", r"No such file"),
    ),
    "flags": (
        ("ethtool --set-priv-flags nvn0 no-such-flag on", r"bit name not found|netlink error"),
        ("ethtool --set-priv-flags nvn0 rss-inner off no-such-flag on",
         r"bit name not found|error"),
    ),
    "features": (
        ("ethtool -K nvn0 no-such-feature on", r"."),
        ("ethtool -K nvn0 tx-udp_tnl-segmentation on", r"Could not change any device features"),
        ("ethtool -K nvn0 highdma off", r"Could not change any device features"),
    ),
    "pause": (
        ("ethtool -A nvn0 autoneg maybe", r"."),
    ),
    "link": (
        ("ethtool -s nvn0 speed 1000", UNSUPPORTED + "|" + INVALID),
        ("ethtool -s nvn0 duplex half", UNSUPPORTED + "|" + INVALID),
        ("ethtool -s nvn0 speed 1000 autoneg off", INVALID),
        ("ethtool -s nvn0 advertise 0x3", INVALID),
        ("ethtool -s nvn0 lanes 3", r"."),
    ),
    "flow": (
        ("ethtool -N nvn0 rx-flow-hash sctp4 sdfn", INVALID + "|" + UNSUPPORTED),
        ("ethtool -N nvn0 rx-flow-hash tcp4 sdt", INVALID + "|" + UNSUPPORTED),
        ("ethtool -N nvn0 rx-flow-hash tcp4 v", INVALID + "|" + UNSUPPORTED),
        ("ethtool -N nvn0 rx-flow-hash ether m", INVALID + "|" + UNSUPPORTED),
        ("ethtool -N nvn0 flow-type tcp4 dst-port 5 action 2", INVALID),
        ("ethtool -U nvn0 delete 3", r"No such file"),
    ),
}

# Files below /sys that take a number, what is refused, and the errno
FILES = (
    ("bus/nvnic/new_device", "0", "EEXIST"),
    ("bus/nvnic/new_device", "1024", "ERANGE"),
    ("bus/nvnic/new_device", "99999999999999999999", "ERANGE"),
    ("bus/nvnic/new_device", "-1", "EINVAL"),
    ("bus/nvnic/new_device", "x", "EINVAL"),
    ("bus/nvnic/new_device", "", "EINVAL"),
    ("bus/nvnic/del_device", "7", "ENODEV"),
    ("bus/nvnic/del_device", "x", "EINVAL"),
    ("kernel/debug/nvnic/nvnic0.0/corrupt_txd", "128 0 1", "ERANGE"),
    ("kernel/debug/nvnic/nvnic0.0/corrupt_txd", "0 2 1", "ERANGE"),
    ("kernel/debug/nvnic/nvnic0.0/corrupt_txd", "0 1", "EINVAL"),
    ("kernel/debug/nvnic/nvnic0.0/corrupt_rxb", "x", "EINVAL"),
    ("kernel/debug/nvnic/nvnic0.0/refuse_txq", "128", "ERANGE"),
    ("kernel/debug/nvnic/nvnic0.0/refuse_rxq", "x", "EINVAL"),
    ("kernel/debug/nvnic/nvnic0.0/corrupt_rxb", "0 0 " + "1" * 80, "EINVAL"),
)


def setup():
    global PAIR
    PAIR = Pair(ns_a=None)
    # So that there is something that is not the default.
    cmd("ethtool -L nvn0 combined 2")
    cmd("ethtool -G nvn0 rx 256 tx 512")
    cmd("ip link set nvn0 mtu 2000")


def refused(command, says, setting):
    before = cmd(SHOW[setting]).stdout
    result = cmd(command, fail=False)
    text = result.stderr + result.stdout
    # ethtool 6.1 -N ends with 0 all the same.
    if " -N " not in command:
        ksft_ne(result.ret, 0, f"exit status of {command}")
    ksft_true(re.search(says, text), f"{command} says {text!r}")
    ksft_eq(cmd(SHOW[setting]).stdout, before, f"{setting} after {command}")


@ksft_variants({row[0].replace(" nvn0", "").replace("--", "").replace(" ", "_")[:60]:
                (*row, setting) for setting, rows in TABLE.items() for row in rows})
def refuse(command, says, setting):
    refused(command, says, setting)
    ksft_true(PAIR.a.carrier(), "carrier after a refusal")


@ksft_variants({f"{name.split('/')[-1]}_{text[:12].replace(' ', '_') or 'empty'}":
                (name, text, error) for name, text, error in FILES})
def file(name, text, error):
    links = cmd("ip -br link").stdout
    with ksft_raises(OSError, f"{name} took {text!r}") as refusal:
        with open(f"/sys/{name}", "w") as knob:
            knob.write(text + "\n")
    ksft_eq(errno.errorcode[refusal.exception.errno], error, f"errno of {text!r} in {name}")
    ksft_eq(cmd("ip -br link").stdout, links, "interfaces")


@ksft_case
def fault_armed_twice():
    """An injected fault that waits to happen is not replaced by the next one."""
    path = "/sys/kernel/debug/nvnic/nvnic0.0/corrupt_txd"
    with open(path, "w") as knob:
        knob.write("100 1 1")
    with ksft_raises(OSError, "a second fault was taken") as refusal:
        with open(path, "w") as knob:
            knob.write("100 1 1")
    ksft_eq(refusal.exception.errno, errno.EBUSY)


@ksft_case
def down_too():
    """A port that is down refuses the same."""
    PAIR.a.down()
    defer(PAIR.a.up)
    for command, says, setting in (("ethtool -G nvn0 rx 100", RINGS, "rings"),
                                   ("ethtool -L nvn0 combined 129", r"netlink error", "channels"),
                                   ("ip link set nvn0 mtu 9217", r"greater", "mtu")):
        refused(command, says, setting)


@ksft_case
def module_parameter():
    """adapters: a number that cannot be, or a parameter that is not there."""
    for argument in ("adapters=x", "adapters=-1", "adapters=99999"):
        module_unload()
        result = cmd(f"insmod {KO} {argument}", fail=False)
        ksft_true(result.ret != 0 and not module_loaded(), f"insmod with {argument}")
    cmd(f"insmod {KO} adapters=0")
    ksft_true(not os.path.exists("/sys/class/net/nvn0"), "no adapter with adapters=0")


@ksft_case
def still_works():
    module_unload()
    module_load()
    cmd("ip link set nvn1 netns b")
    PAIR.b.address("10.9.0.2/24")
    PAIR.a.address("10.9.0.1/24")
    PAIR.a.up()
    PAIR.b.up()
    PAIR.a.wait_carrier()
    cmd("ping -c 1 -W 5 10.9.0.2")


ksft_run(setup)
