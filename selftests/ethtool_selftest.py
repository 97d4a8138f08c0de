#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# seconds: 90
# cpus: 2
"""ethtool -t, -d, -i and -T: the self-test passes, can fail, and leaves the port
as it was.

Copyright (C) 2026 nvnic contributors
"""

import os
import re
import socket
import struct
import time

from lib.hwstats import Watch
from lib.ktap import (ksft_case, ksft_eq, ksft_ge, ksft_in, ksft_le, ksft_run, ksft_true,
                      ksft_variants)
from lib.nvnic import Pair, Transfer, module_load, module_unload
from lib.regs import CTRL, EVENT, FRAME_MAX, registers, txq
from lib.shell import KsftSkipEx, cmd, defer, wait_for

PAIR = None
ONLINE = ["identity", "link"]
SEGMENT = ["lso tcp4", "lso tcp6", "uso udp4", "lso nvgre4 tcp4", "lso nvgre4 tcp6",
           "lso nvgre6 tcp4", "uso nvgre4 udp4"]
OFFLINE = ["registers", "interrupts", "rings", "loopback"] + SEGMENT


def setup():
    global PAIR
    PAIR = Pair(ns_a=None)
    settle()


def settle():
    """Nothing is to change by itself, or because a case takes a port down."""
    for port in PAIR.ports:
        port.cmd(f"sysctl -qw net.ipv6.conf.{port}.keep_addr_on_down=1")
    wait_for(lambda: "tentative" not in cmd("ip addr show dev nvn0").stdout, "IPv6 addresses")


def ethtool_t(mode, port=None):
    """(exit status, tests that ran well, tests that failed)"""
    port = port or PAIR.a
    done = port.cmd(f"ethtool -t {port} {mode}", fail=False)
    results = re.findall(r"^(\S.*?) \((online|offline)\)\s+(\d+)$", done.stdout, re.M)
    ksft_eq([(name, kind) for name, kind, _ in results],
            [(n, "online") for n in ONLINE] + [(n, "offline") for n in OFFLINE], "tests")
    ksft_in("PASS" if not done.ret else "FAIL", done.stdout)
    return int(done.ret != 0), [n for n, _, bad in results if bad != "0"]


def state(port):
    """All that an offline test must put back."""
    regs = registers(port)
    # An address may be under duplicate detection now and not then.
    return {"addresses": port.cmd(f"ip -o addr show dev {port}").stdout.replace(" tentative", ""),
            "routes": port.cmd(f"ip route show dev {port}").stdout,
            "routes6": port.cmd(f"ip -6 route show dev {port}").stdout,
            "features": port.cmd(f"ethtool -k {port}").stdout,
            "rss": port.cmd(f"ethtool -x {port}").stdout,
            "pause": port.cmd(f"ethtool -a {port}").stdout,
            "filters": port.cmd(f"ip maddr show dev {port}").stdout,
            # Ring addresses, and how far the queues are, are others afterwards.
            "registers": {off: val for off, val in regs.items()
                          if off < 0x10000 and off != EVENT}}


def unchanged(before):
    """The carrier may take a moment to come back, and what hangs on it."""
    end = time.monotonic() + 5
    while state(PAIR.a) != before and time.monotonic() < end:
        time.sleep(0.05)
    after = state(PAIR.a)
    for what, value in before.items():
        ksft_eq(after[what], value, what)


def works():
    for port in PAIR.ports:
        port.wait_carrier()
    cmd("ping -c 2 -i 0.1 -W 5 10.9.0.2")
    cmd("ping -c 1 -W 5 fd09::2")
    Transfer(PAIR.a, PAIR.b, 1 << 18).check()


@ksft_case
def online():
    """Takes nothing from the port."""
    before, changes = state(PAIR.a), PAIR.a.sysfs("carrier_changes")
    ksft_eq(ethtool_t("online"), (0, []))
    unchanged(before)
    ksft_eq(PAIR.a.sysfs("carrier_changes"), changes, "carrier_changes")


@ksft_case
def online_without_a_link():
    PAIR.b.down()
    defer(PAIR.a.wait_carrier)
    defer(PAIR.b.up)
    PAIR.a.wait_carrier(False)
    ksft_eq(ethtool_t("online"), (1, ["link"]))


@ksft_case
def offline():
    before, seen = state(PAIR.a), Watch(PAIR.a)
    ksft_eq(ethtool_t("offline"), (0, []))
    unchanged(before)
    delta = seen.delta()
    ksft_eq((delta["lso_native"], delta["uso"]), (5, 2), "super-frames that the device cut")
    ksft_eq(delta["csr_bad"], 0, "csr_bad")
    ksft_ge(delta["wire_rx_frames"], os.cpu_count() * 1024, "frames that came back")
    works()


@ksft_case
def peer_sees_nothing():
    """But that the link goes."""
    seen = Watch(PAIR.b)
    ksft_eq(ethtool_t("offline"), (0, []))
    PAIR.b.wait_carrier()
    ksft_le(seen["wire_rx_frames"], 64, "frames at the peer")
    ksft_ge(seen["link_down"], 1, "link_down of the peer")


@ksft_case
def offline_while_down():
    PAIR.a.down()
    defer(works)
    defer(PAIR.a.up)
    ksft_eq(ethtool_t("offline"), (1, ["link"]))
    ksft_in("state DOWN", PAIR.a.cmd("ip link show dev nvn0").stdout)
    ksft_eq(registers(PAIR.a)[CTRL] & 0x11, 0, "CTRL.ENABLE and LOOPBACK")


SETTINGS = {
    "offloads-off": ["ethtool -K nvn0 tx off rx off sg off gro off"],
    "loopback": ["ethtool -K nvn0 loopback on"],
    "small-mtu": ["sysctl -qw net.ipv6.conf.nvn0.disable_ipv6=1", "ip link set nvn0 mtu 68"],
    "jumbo": ["ip link set nvn0 mtu 9216"],
    "smallest-rings": ["ethtool -G nvn0 rx 64 tx 64"],
    "many-queues": ["ethtool -L nvn0 combined 7"],
    "threads": ["ethtool --set-priv-flags nvn0 engine-threads on"],
    "no-flow-control": ["ethtool -A nvn0 rx off tx off"],
    "forced-speed": ["ethtool -s nvn0 speed 10000 autoneg off"],
    "promiscuous": ["ip link set nvn0 promisc on"],
}


@ksft_variants({name: tuple(commands) for name, commands in SETTINGS.items()})
def with_settings(*commands):
    """Whatever is set, it passes, and what is set stays."""
    defer(fresh)
    for command in commands:
        cmd(command)
    PAIR.a.wait_carrier()
    before = state(PAIR.a)
    ksft_eq(ethtool_t("offline"), (0, []))
    unchanged(before)


@ksft_case
def with_rules():
    """What the user drops is not what the test sends."""
    defer(fresh)
    cmd("ethtool -N nvn0 flow-type udp4 action -1 loc 3")
    cmd("tc qdisc add dev nvn0 clsact")
    cmd("tc filter add dev nvn0 ingress protocol ip flower ip_proto tcp skip_sw action drop")
    rules, before = cmd("ethtool -n nvn0").stdout, state(PAIR.a)
    ksft_eq(ethtool_t("offline"), (0, []))
    unchanged(before)
    ksft_eq(cmd("ethtool -n nvn0").stdout, rules, "rules")
    ksft_in("in_hw", cmd("tc filter show dev nvn0 ingress").stdout)
    for command in ("ethtool -N nvn0 delete 3", "tc qdisc del dev nvn0 clsact"):
        cmd(command)


def fresh():
    """The module anew, for settings that nobody undoes."""
    global PAIR
    module_unload()
    module_load()
    for number, port in enumerate(PAIR.ports, 1):
        wait_for(lambda p=port: os.path.isdir(f"/sys/class/net/{p.ifname}"), port.ifname)
        if port.ns:
            cmd(f"ip link set {port.ifname} netns {port.ns}")
        port.address(f"10.9.0.{number}/24", f"fd09::{number}/64")
        port.up()
    settle()
    works()


@ksft_variants({"descriptor": ("0 1", ["rings", "loopback"] + SEGMENT),
                "address": ("0 0", ["rings", "loopback"] + SEGMENT),
                "other-queue": ("1 1", ["rings"])})
def can_fail(where, failed):
    """A descriptor that the device misreads stops the queue: nothing comes back."""
    if int(where.split()[0]) >= os.cpu_count():
        raise KsftSkipEx(f"queue {where.split()[0]} needs a CPU of its own")
    PAIR.a.down()
    defer(fresh)
    # A pair with a broken queue is not polled: nothing else is to arrive there.
    cmd("ethtool -X nvn0 equal 1")
    with open("/sys/kernel/debug/nvnic/nvnic0.0/corrupt_txd", "w") as knob:
        knob.write(f"{where} 4000000000000000")
    ksft_eq(ethtool_t("offline"), (1, ["link"] + failed))


@ksft_case
def in_a_bridge():
    """No frames can be tested there; the rest can, and nothing is harmed."""
    cmd("ip link add br9 type bridge")
    defer(cmd, "ip link del br9")
    cmd("ip link set nvn0 master br9")
    status, failed = ethtool_t("offline")
    ksft_eq((status, failed), (1, ["rings", "loopback"] + SEGMENT))
    ksft_in("master br9", cmd("ip link show dev nvn0").stdout)


@ksft_case
def still_works():
    works()


@ksft_case
def who_it_is():
    info = dict(re.findall(r"^(\S+): *(.*)$", cmd("ethtool -i nvn0").stdout, re.M))
    ksft_eq((info["driver"], info["bus-info"]), ("nvnic", "nvnic0.0"))
    ksft_true(re.fullmatch(r"\d+\.\d+", info["firmware-version"]), info["firmware-version"])
    for what in ("supports-test", "supports-register-dump", "supports-statistics"):
        ksft_eq(info[what], "yes", what)


@ksft_case
def register_dump():
    regs = registers(PAIR.a)
    ksft_eq(regs[0] >> 32, 0x4e564e43, "magic")
    ksft_eq(regs[FRAME_MAX], 1522, "FRAME_MAX")
    ksft_eq(regs[0x10000], 1, "TX queue 0 is on")
    ksft_eq(regs[0x10020], 1024, "its size")
    queues = os.cpu_count()
    ksft_true(txq(queues - 1) in regs and txq(queues) not in regs,
              "a block for each queue pair in use")


@ksft_case
def timestamps():
    text = cmd("ethtool -T nvn0").stdout
    for what in ("software-transmit", "software-receive", "software-system-clock"):
        ksft_in(what, text)
    # And they come.
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    defer(sock.close)
    so_timestamping, tx_software, report = 37, 1 << 1, 1 << 4
    sock.setsockopt(socket.SOL_SOCKET, so_timestamping, tx_software | report)
    sock.sendto(b"x", ("10.9.0.2", 9))
    msg_errqueue = 0x2000

    def stamp():
        try:
            _, anc, _, _ = sock.recvmsg(2000, 1000, msg_errqueue | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        return [data for level, kind, data in anc
                if (level, kind) == (socket.SOL_SOCKET, so_timestamping)]
    got = wait_for(stamp, "a timestamp")
    ksft_ge(struct.unpack_from("=q", got[0])[0], 1, "seconds of the timestamp")


ksft_run(setup)
