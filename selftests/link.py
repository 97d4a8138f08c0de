#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The link: what two ends agree on, what they say when they do not, and what is
refused.

Copyright (C) 2026 nvnic contributors
"""

import re

from lib.hwstats import Watch
from lib.ktap import ksft_case, ksft_eq, ksft_in, ksft_run, ksft_true, ksft_variants
from lib.nvnic import Pair
from lib.shell import bkg, cmd, defer, wait_for
from lib.stream import Stream

PAIR = None
SPEEDS = (10000, 25000, 40000, 50000, 100000)
# Bits of enum ethtool_link_mode_bit_indices: baseCR of those speeds
BIT = dict(zip(SPEEDS, (42, 31, 24, 34, 38)))


def setup():
    global PAIR
    PAIR = Pair(ns_a=None)


def ethtool_s(port, words, **kwargs):
    return port.cmd(f"ethtool -s {port} {words}", **kwargs)


def both_auto():
    """As at the start, when the case is over."""
    for port in PAIR.ports:
        defer(port.wait_carrier)
        defer(ethtool_s, port, "autoneg on")


def show(port):
    """ethtool DEV: {name: value}"""
    text = port.cmd(f"ethtool {port}").stdout
    return {m[1]: m[2] for m in re.finditer(r"^\t(\S[^:\n]*): *(.*)$", text, re.M)}


def modes(speeds):
    return f"advertise {sum(1 << BIT[s] for s in speeds):#x}"


def speed(port):
    return show(port)["Speed"]


@ksft_case
def as_it_comes():
    for port in PAIR.ports:
        seen = show(port)
        ksft_eq((seen["Speed"], seen["Duplex"], seen["Auto-negotiation"], seen["Port"]),
                ("100000Mb/s", "Full", "on", "Direct Attach Copper"), str(port))
        text = port.cmd(f"ethtool {port}").stdout
        for value in SPEEDS:
            ksft_eq(len(re.findall(rf"\b{value}baseCR\d?/Full", text)), 3,
                    f"{value} supported, advertised, and by the partner")
        ksft_eq(seen["Link partner advertised pause frame use"], "Symmetric", "partner's pause")
        ksft_eq(seen["Link detected"], "yes")
        ksft_eq(port.sysfs("speed"), "100000", "speed in sysfs")


# What each end offers, and the speed that comes of it; None: no link
OFFERS = {
    "all": (SPEEDS, SPEEDS, 100000),
    "subset": (SPEEDS[:3], SPEEDS, 40000),
    "overlap": (SPEEDS[:3], SPEEDS[2:], 40000),
    "one": (SPEEDS[:1], SPEEDS, 10000),
    "disjoint": (SPEEDS[:2], SPEEDS[2:], None),
}


@ksft_variants(OFFERS)
def negotiate(ours, theirs, want):
    both_auto()
    ethtool_s(PAIR.a, modes(ours))
    ethtool_s(PAIR.b, modes(theirs))
    for port in PAIR.ports:
        port.wait_carrier(want is not None)
        if want:
            ksft_eq(speed(port), f"{want}Mb/s", f"speed of {port}")
        else:
            ksft_eq(show(port)["Link detected"], "no (Autoneg, No HCD)", str(port))
            ksft_eq(speed(port), "Unknown!", f"speed of {port}")
    if want:
        cmd("ping -c 1 -W 5 10.9.0.2")


@ksft_variants([*SPEEDS])
def forced_on_both(value):
    both_auto()
    for port in PAIR.ports:
        ethtool_s(port, f"speed {value} autoneg off")
    for port in PAIR.ports:
        port.wait_carrier()
        seen = show(port)
        ksft_eq((seen["Speed"], seen["Auto-negotiation"]), (f"{value}Mb/s", "off"), str(port))
        ksft_true("Link partner advertised link modes" not in seen, "no partner that negotiates")
    cmd("ping -c 1 -W 5 10.9.0.2")


@ksft_case
def forced_apart():
    both_auto()
    ethtool_s(PAIR.a, "speed 10000 autoneg off")
    ethtool_s(PAIR.b, "speed 25000 autoneg off")
    for port in PAIR.ports:
        port.wait_carrier(False)
        ksft_eq(show(port)["Link detected"],
                "no (Autoneg, No partner detected during force mode)", str(port))
    cmd("ping -c 1 -W 1 10.9.0.2", expect_fail=True)


@ksft_variants([*SPEEDS])
def forced_against_negotiating(value):
    """A port that negotiates goes along with a forced speed that it offers."""
    both_auto()
    ethtool_s(PAIR.a, f"speed {value} autoneg off")
    for port in PAIR.ports:
        port.wait_carrier()
        ksft_eq(speed(port), f"{value}Mb/s", f"speed of {port}")
    cmd("ping -c 1 -W 5 10.9.0.2")
    ethtool_s(PAIR.b, modes(set(SPEEDS) - {value}))
    for port in PAIR.ports:
        port.wait_carrier(False)
    ksft_eq(show(PAIR.a)["Link detected"], "no (Autoneg, No partner detected during force mode)")
    ksft_eq(show(PAIR.b)["Link detected"], "no (Autoneg, No HCD)")


@ksft_case
def no_partner():
    both_auto()
    PAIR.b.down()
    defer(PAIR.b.up)
    PAIR.a.wait_carrier(False)
    ksft_eq(show(PAIR.a)["Link detected"], "no (Autoneg, No partner detected)")
    ethtool_s(PAIR.a, "speed 40000 autoneg off")
    ksft_eq(show(PAIR.a)["Link detected"], "no (Autoneg, No partner detected during force mode)")
    ksft_eq(show(PAIR.b)["Link detected"], "no", "a port that is down says no more")


@ksft_case
def down_is_not_forgotten():
    """What is set while the port is down holds when it comes up."""
    both_auto()
    PAIR.a.down()
    ethtool_s(PAIR.a, "speed 50000 autoneg off")
    PAIR.a.up()
    for port in PAIR.ports:
        port.wait_carrier()
        ksft_eq(speed(port), "50000Mb/s", f"speed of {port}")


@ksft_case
def a_new_speed_is_a_new_link():
    """A renegotiation counts as a loss, and those who watch the port hear of it."""
    both_auto()
    events = [int(p.cmd(f"ethtool -I {p}").stdout.split("Link Down Events:")[1].split()[0])
              if "Link Down Events" in p.cmd(f"ethtool -I {p}").stdout else None
              for p in PAIR.ports]
    seen = [Watch(p) for p in PAIR.ports]
    changes = [int(p.sysfs("carrier_changes")) for p in PAIR.ports]
    ethtool_s(PAIR.a, "speed 25000 autoneg off")
    for port, watch, before, event in zip(PAIR.ports, seen, changes, events):
        wait_for(lambda p=port: p.sysfs("speed") == "25000", f"the speed of {port}")
        ksft_eq(watch["link_down"], 1, f"link_down of {port}")
        wait_for(lambda p=port, b=before: int(p.sysfs("carrier_changes")) >= b + 2,
                 f"carrier_changes of {port}")
        if event is not None:
            text = port.cmd(f"ethtool -I {port}").stdout
            ksft_in(f"Link Down Events: {event + 1}", text)


@ksft_case
def under_traffic():
    """A stream survives renegotiations."""
    both_auto()
    stream = Stream(PAIR.a, PAIR.b)
    for value in SPEEDS:
        ethtool_s(PAIR.b, modes([value]))
        stream.moving()
        ksft_eq(speed(PAIR.a), f"{value}Mb/s")
    stream.check()


@ksft_case
def no_error_correction():
    """None is needed, and it is said; what it would have corrected is nothing."""
    text = PAIR.a.cmd("ethtool -I --show-fec nvn0").stdout
    ksft_true(re.search(r"Active FEC encodings?: Off", text), text)
    for what in ("corrected_blocks", "uncorrectable_blocks"):
        ksft_true(re.search(rf"^\s+{what}: 0$", text, re.M), f"{what} in {text}")
    ksft_in("not supported",
            PAIR.a.cmd("ethtool --set-fec nvn0 encoding rs", expect_fail=True).stderr)


REFUSED = {
    "slow": ("speed 1000 autoneg off", "speed must be one of"),
    "no-speed": ("speed 1 autoneg off", "speed must be one of"),
    "too-fast": ("speed 200000 autoneg off", "speed must be one of"),
    "half": ("duplex half autoneg off speed 10000", "half duplex is not supported"),
    "mode": ("advertise 0x3f", "an advertised mode is not supported"),
    "no-mode": ("advertise 0x0", "at least one mode must be advertised"),
    "port": ("port tp", "port type cannot be changed"),
}


@ksft_variants(REFUSED)
def refused(words, says):
    """The old settings stay; the kernel log names the limit (-s has no other way)."""
    before = PAIR.a.cmd("ethtool nvn0").stdout
    cmd("dmesg -C")
    ethtool_s(PAIR.a, words, expect_fail=True)
    ksft_in(says, cmd("dmesg").stdout)
    ksft_eq(PAIR.a.cmd("ethtool nvn0").stdout, before, "settings")
    ksft_true(PAIR.a.carrier(), "carrier")


@ksft_case
def lamp():
    """ethtool -p blinks; the device shows it in debugfs."""
    path = "/sys/kernel/debug/nvnic/nvnic0.0/led"

    def led():
        with open(path) as file:
            return int(file.read())
    ksft_eq(led(), 0, "before")
    blink = bkg("ethtool -p nvn0 2")
    wait_for(lambda: led() == 1, "the lamp to be lit")
    wait_for(lambda: led() == 0, "the lamp to go out")
    wait_for(lambda: led() == 1, "the lamp to be lit again")
    blink.wait()
    ksft_eq(led(), 0, "after")


@ksft_case
def no_cable():
    """The other port without a driver: its transceiver is off."""
    with open("/sys/bus/nvnic/drivers/nvnic/unbind", "w") as knob:
        knob.write("nvnic0.1")
    PAIR.a.wait_carrier(False)
    ksft_eq(show(PAIR.a)["Link detected"], "no (No cable)")
    ethtool_s(PAIR.a, "speed 40000 autoneg off")
    ksft_eq(show(PAIR.a)["Link detected"], "no (No cable)")
    ethtool_s(PAIR.a, "autoneg on")
    with open("/sys/bus/nvnic/drivers/nvnic/bind", "w") as knob:
        knob.write("nvnic0.1")
    cmd("ip link set nvn1 netns b")
    PAIR.b.up()
    PAIR.a.wait_carrier()


ksft_run(setup)
