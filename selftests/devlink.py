#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# seconds: 10
"""devlink: information, port, reload, health.

Copyright (C) 2026 nvnic contributors
"""

import os
import re
import time

from lib.frames import ETH_P_IP, ETH_P_TEB, GRE, Sender, addr, eth, gre, ipv4, mac
from lib.hwstats import Watch
from lib.ktap import (ksft_case, ksft_eq, ksft_ge, ksft_in, ksft_ne, ksft_run, ksft_true,
                      ksft_variants)
from lib.nvnic import Pair, Port, module_load, module_unload, netns_add
from lib.shell import cmd, defer, wait_for
from lib.stream import Stream
from lib.tc import Tc

PAIR = None
DEV = "nvnic/nvnic0.0"
PORT = f"{DEV}/0"
FAULT = "0 1 4000000000000000"


def setup():
    global PAIR
    PAIR = Pair(ns_a=None, ipv6=False)
    for port in PAIR.ports:
        port.cmd(f"ethtool -L {port} combined 2")
    for port in PAIR.ports:
        port.wait_carrier()


def devlink(words, **kwargs):
    return cmd(f"devlink -j {words}", **kwargs)


@ksft_case
def info():
    for dev in (DEV, "nvnic/nvnic0.1"):
        seen = devlink(f"dev info {dev}").json()["info"][dev]
        ksft_eq(seen["driver"], "nvnic")
        ksft_eq(seen["versions"]["fixed"]["asic.id"], "nvhw")
        fw = re.search(r"firmware-version: (.*)", PAIR.a.cmd("ethtool -i nvn0").stdout)[1]
        ksft_eq(seen["versions"]["running"]["fw"], fw, "fw")
        ksft_eq(seen["board.serial_number"], "nvnic0")
        ksft_eq(seen["serial_number"].replace("-", ":"),
                f"02:4e:56:00:00:0{dev[-1]}", "serial_number")


@ksft_case
def port():
    """Each port knows its interface, wherever that is."""
    seen = devlink(f"port show {PORT}").json()["port"][PORT]
    ksft_eq((seen["flavour"], seen["port"], seen["netdev"], seen["type"]),
            ("physical", 0, "nvn0", "eth"))
    seen = devlink("port show nvnic/nvnic0.1/1").json()["port"]["nvnic/nvnic0.1/1"]
    ksft_eq((seen["flavour"], seen["port"]), ("physical", 1))
    ksft_eq(PAIR.a.sysfs("phys_port_name"), "p0", "phys_port_name")
    ksft_eq(PAIR.b.sysfs("phys_port_name"), "p1", "phys_port_name in a namespace")


def again(number=0):
    """The interface is new: as setup() had it."""
    me = PAIR.ports[number]
    me.returns()
    me.cmd(f"ethtool -L {me} combined 2")
    for each in PAIR.ports:
        each.wait_carrier()
    cmd("ping -c 1 -W 5 10.9.0.2")


@ksft_case
def reload():
    """A port as at its creation, under its old name; its peer is left alone."""
    cmd("ethtool -G nvn0 rx 256")
    cmd("ethtool -s nvn0 speed 10000 autoneg off")
    index = cmd("ip -j link show dev nvn0").json()[0]["ifindex"]
    other = PAIR.b.link()["ifindex"]
    devlink(f"dev reload {DEV}")
    ksft_ne(cmd("ip -j link show dev nvn0").json()[0]["ifindex"], index, "interface")
    ksft_eq(PAIR.b.link()["ifindex"], other, "interface of the peer")
    ksft_eq(re.findall(r"^RX:\s+(\d+)$", cmd("ethtool -g nvn0").stdout, re.M), ["8192", "1024"],
            "largest and present ring size")
    ksft_in("Auto-negotiation: on", cmd("ethtool nvn0").stdout)
    again()


@ksft_case
def reload_under_traffic():
    """The peer notices that the link goes, with frames under way, and comes."""
    sender = Sender("nvn1", ns="b")
    frame = eth(mac(PAIR.a.mac()), mac(PAIR.b.mac()), 0x88b5, bytes(1000))
    for _ in range(4):
        for _ in range(50):
            sender.send(frame)
        devlink(f"dev reload {DEV}")
        again()
    ksft_eq(sum(v for k, v in PAIR.b.stats().items() if k.endswith("reset")), 0, "resets")


def nvgre(vsid):
    inner = eth(mac("02:aa:00:00:00:02"), mac("02:aa:00:00:00:01"), 0x88b5, bytes(40))
    return eth(mac(PAIR.a.mac()), mac(PAIR.b.mac()), ETH_P_IP, ipv4(
        addr("10.9.0.2"), addr("10.9.0.1"), GRE, gre(ETH_P_TEB, inner, key=vsid << 8)))


@ksft_case
def reload_and_filters_of_tunnels():
    """They are in the device again, and go on to count; those that lead nowhere go to
    software."""
    cmd("ip link add g0 type gretap external")
    defer(cmd, "ip link del g0")
    cmd("ip link set g0 up")
    tc = Tc(Port("g0"))
    prios = [tc.add(f"enc_key_id {vsid << 8}", "drop", flags="") for vsid in (5, 6)]
    sender = Sender("nvn1", ns="b")
    for count in (1, 2):
        seen = Watch(PAIR.a)
        sender.send(nvgre(5))
        wait_for(lambda: seen["wire_rx_drop_rule"] == 1, "the device to drop the frame")
        ksft_eq([tc.count(prio)[0] for prio in prios], [count, 0], "counters")
        devlink(f"dev reload {DEV}")
        again()
        ksft_eq([o.get("in_hw") for o in tc.list().values()], [True, True], "in_hw")
    tc.delete(prios[0])
    seen = Watch(PAIR.a)
    sender.send(nvgre(6))
    wait_for(lambda: seen["wire_rx_drop_rule"] == 1, "the device to drop the frame")
    cmd("ethtool -X nvn0 context new start 0 equal 1")
    tc.add("enc_key_id 1792", "pass", flags="hw_tc 1")
    devlink(f"dev reload {DEV}")
    again()
    wait_for(lambda: not any(o.get("in_hw") for o in tc.list().values()),
             "tc to know that the filters are not in hardware any more")
    seen = Watch(PAIR.a)
    sender.send(nvgre(6))
    wait_for(lambda: seen["wire_rx_frames"] >= 1, "the frame")
    ksft_eq(seen["wire_rx_drop_rule"], 0, "dropped by the device")


@ksft_case
def reload_of_a_port_in_a_namespace():
    """Its interface comes back where the devlink instance is."""
    devlink("dev reload nvnic/nvnic0.1")
    ksft_true(os.path.isdir("/sys/class/net/nvn1"), "nvn1 beside its devlink instance")
    again(1)


@ksft_case
def reload_into_a_namespace():
    """The devlink instance moves, and its interface with it; and back."""
    netns_add("c")
    devlink(f"dev reload {DEV} netns c")
    ksft_true(not os.path.isdir("/sys/class/net/nvn0"), "gone from here")
    ksft_eq(list(devlink("dev show", ns="c").json()["dev"]), [DEV], "instances in c")
    ksft_in("nvn0", cmd("ip -br link", ns="c").stdout)
    devlink(f"dev reload {DEV} netns 1", ns="c")
    again()


@ksft_case
def namespace_of_the_instance_goes():
    cmd("ip netns add d")
    devlink(f"dev reload {DEV} netns d")
    cmd("ip netns del d")
    wait_for(lambda: os.path.isdir("/sys/class/net/nvn0"), "nvn0 to come back")
    again()


@ksft_variants({"action": f"dev reload {DEV} action fw_activate",
                "limit": f"dev reload {DEV} limit no_reset",
                "namespace": f"dev reload {DEV} netns nowhere",
                "device": "dev reload nvnic/nvnic7.0",
                "reporter": f"health diagnose {DEV} reporter fw"})
def refused(words):
    index = cmd("ip -j link show dev nvn0").json()[0]["ifindex"]
    devlink(words, expect_fail=True)
    ksft_eq(cmd("ip -j link show dev nvn0").json()[0]["ifindex"], index, "interface")


# ---- health ----

def reporter(side, at=DEV):
    seen = devlink(f"health show {at} reporter {side}").json()["health"]
    return next(iter(seen.values()))[0]


def diagnose(side, queue=0):
    queues = devlink(f"health diagnose {DEV} reporter {side}").json()["queues"]
    return next(q for q in queues if q["queue"] == queue)


def break_tx():
    """Have the device misread a frame that nvn0 sends through its only queue."""
    with open("/sys/kernel/debug/nvnic/nvnic0.0/corrupt_txd", "w") as knob:
        knob.write(FAULT)
    Sender("nvn0").send(eth(mac(PAIR.b.mac()), mac(PAIR.a.mac()), 0x88b5, bytes(100)))


def set_health(words, side="tx"):
    devlink(f"health set {DEV} reporter {side} {words}")


def one_queue():
    for each in PAIR.ports:
        each.cmd(f"ethtool -L {each} combined 1")
        defer(each.cmd, f"ethtool -L {each} combined 2")
    for each in PAIR.ports:
        each.wait_carrier()


@ksft_case
def healthy():
    for side in ("tx", "rx"):
        seen = reporter(side)
        ksft_eq((seen["state"], seen["error"], seen["recover"], seen["auto_recover"]),
                ("healthy", 0, 0, True), side)
        ksft_eq(len(devlink(f"health diagnose {DEV} reporter {side}").json()["queues"]), 2,
                "queues diagnosed")
        state = diagnose(side, 1)
        ksft_eq((state["state"], state["cause"], state["faulty"]), ("running", "none", False))


@ksft_case
def recovers_by_itself():
    one_queue()
    before, seen = reporter("tx"), Watch(PAIR.a)
    break_tx()
    wait_for(lambda: reporter("tx")["recover"] == before["recover"] + 1, "the recovery")
    after = reporter("tx")
    ksft_eq((after["state"], after["error"]), ("healthy", before["error"] + 1))
    ksft_eq((seen["tx_reset"], seen.tx("err_desc")), (1, 1), "resets, errors")
    ksft_eq(diagnose("tx")["state"], "running")
    cmd("ping -c 1 -W 5 10.9.0.2")


@ksft_case
def recovers_when_told():
    """Without auto_recover the queue stays as it is, to be looked at."""
    one_queue()
    set_health("auto_recover false")
    defer(set_health, "auto_recover true")
    before, seen = reporter("tx"), Watch(PAIR.a)
    break_tx()
    wait_for(lambda: reporter("tx")["state"] == "error", "the reporter to complain")
    ksft_eq(reporter("tx")["error"], before["error"] + 1, "errors")
    state = diagnose("tx")
    ksft_eq((state["state"], state["cause"], state["faulty"]),
            ("error", "malformed descriptor", True))
    time.sleep(0.5)
    ksft_eq((seen["tx_reset"], reporter("tx")["recover"]), (0, before["recover"]), "resets")
    devlink(f"health recover {DEV} reporter tx")
    after = reporter("tx")
    ksft_eq((after["state"], after["recover"]), ("healthy", before["recover"] + 1))
    ksft_eq((seen["tx_reset"], diagnose("tx")["state"]), (1, "running"))
    cmd("ping -c 1 -W 5 10.9.0.2")


@ksft_case
def dumps():
    """The dump of a fault is kept: the ring, and the descriptor to blame."""
    one_queue()
    devlink(f"health dump clear {DEV} reporter tx", fail=False)
    break_tx()
    wait_for(lambda: "last_dump_date" in reporter("tx"), "the dump")
    wait_for(lambda: reporter("tx")["state"] == "healthy", "the recovery")
    queue = devlink(f"health dump show {DEV} reporter tx").json()["queues"][0]
    ksft_eq((queue["queue"], queue["state"], queue["cause"], queue["size"]),
            (0, "error", "malformed descriptor", 1024))
    ksft_ge(len(queue["descriptors"]), 16, "bytes of descriptors")
    devlink(f"health dump clear {DEV} reporter tx")


@ksft_case
def receive_side():
    """And the receive queues of the other port, whose interface is elsewhere."""
    one_queue()
    at = "nvnic/nvnic0.1"
    before, seen = reporter("rx", at), Watch(PAIR.b)
    with open("/sys/kernel/debug/nvnic/nvnic0.1/corrupt_rxb", "w") as knob:
        knob.write("0 0 4000000000000000")
    sock = Sender("nvn0")
    frame = eth(mac(PAIR.b.mac()), mac(PAIR.a.mac()), 0x88b5, bytes(100))

    def recovered():
        sock.send(frame)
        return reporter("rx", at)["recover"] == before["recover"] + 1
    wait_for(recovered, "the recovery")
    ksft_eq((seen["rx_reset"], seen.rx("err_dma")), (1, 1), "resets, errors")
    ksft_eq(reporter("rx", at)["state"], "healthy")
    ksft_eq(reporter("tx", at)["error"], 0, "errors of the other side")
    cmd("ping -c 1 -W 5 10.9.0.2")


@ksft_case
def down_and_up_heals():
    """Rings made afresh are healthy, and faults recover by themselves again."""
    one_queue()
    set_health("auto_recover false")
    break_tx()
    wait_for(lambda: reporter("tx")["state"] == "error", "the reporter to complain")
    PAIR.a.down()
    PAIR.a.up()
    set_health("auto_recover true")
    for each in PAIR.ports:
        each.wait_carrier()
    ksft_eq(reporter("tx")["state"], "healthy")
    before = reporter("tx")["recover"]
    break_tx()
    wait_for(lambda: reporter("tx")["recover"] == before + 1, "the recovery")
    cmd("ping -c 1 -W 5 10.9.0.2")


@ksft_case
def reload_while_broken():
    """A reload beside the report of a fault."""
    one_queue()
    for auto in ("true", "false"):
        set_health(f"auto_recover {auto}")
        for _ in range(5):
            break_tx()
            devlink(f"dev reload {DEV}")
            again()
            cmd("ethtool -L nvn0 combined 1")
            PAIR.a.wait_carrier()
    set_health("auto_recover true")
    ksft_eq(reporter("tx")["state"], "healthy")


@ksft_case
def stream_survives():
    stream = Stream(PAIR.a, PAIR.b)
    for _ in range(4):
        stream.moving()
        try:
            with open("/sys/kernel/debug/nvnic/nvnic0.0/corrupt_txd", "w") as knob:
                knob.write(FAULT)
        except OSError:
            pass
    stream.moving()
    stream.check()
    wait_for(lambda: reporter("tx")["state"] == "healthy", "health")


@ksft_case
def port_goes():
    """With the module, filters of tunnels go to software."""
    cmd("ip link add g0 type gretap external")
    defer(cmd, "ip link del g0")
    tc = Tc(Port("g0"))
    tc.add("enc_key_id 1280", "drop", flags="")
    ksft_eq([o.get("in_hw") for o in tc.list().values()], [True], "in_hw")
    module_unload()
    ksft_eq([o.get("in_hw") for o in tc.list().values()], [None], "in_hw without the module")
    module_load()


ksft_run(setup)
