#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# seconds: 60
# timeout: 900
"""Tenants: what the administrator of one namespace does to devices of his own takes nothing
from anybody else: no frames, no queues, no sets.

A tenant has a macvlan of the port in a namespace of his own. He acts from there in one of
two ways: as "user", root of a user namespace of his own and nobody outside of it; and as
"root", with all privileges, but from his namespace. The port's namespace is "b".

Copyright (C) 2026 nvnic contributors
"""

import os
import shlex

from lib.flowframes import VSID, ether, nvgre, packet
from lib.frames import Sender
from lib.hwstats import Watch
from lib.ktap import ksft_case, ksft_eq, ksft_ge, ksft_in, ksft_run, ksft_true, ksft_variants
from lib.nvnic import Pair, Port, netns_add
from lib.shell import KsftSkipEx, bkg, cmd, defer, wait_for
from lib.station import Station, limit, sets
from lib.tc import Tc

PAIR = TX = None
DEV = "nvnic/nvnic0.1"
OWN = 2
WAYS = ("user", "root")
KEY = f"enc_key_id {VSID << 8}"
SHARED = "02:00:00:00:09:01"


def setup():
    global PAIR, TX
    PAIR = Pair(ns_a=None, ipv6=False)
    cmd("sysctl -qw net.core.message_cost=0")
    defer(cmd, "sysctl -qw net.ipv6.conf.default.disable_ipv6=0")
    cmd("sysctl -qw net.ipv6.conf.default.disable_ipv6=1")
    PAIR.b.cmd(f"ethtool -L nvn1 combined {OWN}")
    PAIR.b.wait_carrier()
    PAIR.b.cmd("ethtool -K nvn1 l2-fwd-offload on")
    TX = Sender("nvn0")


# ---- tenants ----

class Tenant:
    """A namespace, and how its administrator acts there."""

    def __init__(self, way, name="t"):
        self.way, self.ns = way, name
        if way == "root":
            netns_add(name)
            self.enter = []
            self.cmd("ip link set lo up")
        else:
            self.enter = self._user_namespace()
        self.cmd(["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
                  "net.ipv6.conf.default.disable_ipv6=1"])

    def _user_namespace(self):
        """What to begin a command with that is run by root of a new user namespace."""
        if not os.path.exists("/proc/self/ns/user"):
            raise KsftSkipEx("this kernel has no user namespaces (CONFIG_USER_NS)")
        there = bkg(["unshare", "-U", "-n", "-r", "sh", "-c",
                            "ip link set lo up && echo ready && exec sleep infinity"])
        ksft_eq(there.proc.stdout.readline(), "ready\n", "a user namespace")
        cmd(f"ip netns attach {self.ns} {there.proc.pid}")
        defer(cmd, f"ip netns del {self.ns}", fail=False)
        return ["nsenter", "-t", str(there.proc.pid), "-U", "-n", "--preserve-credentials"]

    def cmd(self, command, **kwargs):
        argv = shlex.split(command) if isinstance(command, str) else command
        return cmd(self.enter + argv, ns=None if self.enter else self.ns, **kwargs)

    def station(self, number, words="mode bridge", options=""):
        """A macvlan that the port's administrator makes in this namespace."""
        return Station(number, PAIR.b, self.ns, words, options)


def ping(src, address, **kwargs):
    return src.cmd(f"ping -qc 3 -i 0.01 -W 2 {address}", **kwargs)


# ---- tunnels ----

def keyed():
    """The port's administrator's own tunnel, with the VSID that tenants use, too."""
    ends = []
    for me, peer, host in ((PAIR.a, PAIR.b, 1), (PAIR.b, PAIR.a, 2)):
        me.cmd(f"ip link add k0 type gretap local {me.v4} remote {peer.v4} key {VSID << 8}")
        defer(me.cmd, "ip link del k0", fail=False)
        ends.append(Port("k0", me.ns))
        ends[-1].address(f"10.7.0.{host}/24")
        ends[-1].up()
    return ends


@ksft_variants((way, kind) for way in WAYS for kind in ("gretap", "ip6gretap"))
def tunnel_moved(way, kind):
    """A filter on a tunnel that was moved to a tenant sees that tunnel's frames, and is not in
    hardware: the same VSID is somebody else's there."""
    tenant = Tenant(way)
    PAIR.b.cmd(f"ip link add g0 type {kind} external")
    PAIR.b.cmd(f"ip link set g0 netns {tenant.ns}")
    defer(tenant.cmd, "ip link del g0", fail=False)
    tenant.cmd("ip link set g0 up")
    tenant.cmd("tc qdisc add dev g0 clsact")
    tenant.cmd(f"tc filter add dev g0 ingress pref 1 protocol all flower {KEY} action drop")
    near, far = keyed()
    seen = Watch(PAIR.b)
    ping(near, far.v4)
    ping(far, near.v4)
    ksft_eq(seen["wire_rx_drop_rule"], 0, "frames that the device dropped")
    shown = tenant.cmd("tc -j filter show dev g0 ingress").json()
    ksft_eq([f["options"].get("in_hw", False) for f in shown if "keys" in f.get("options", {})],
            [False], "in_hw")


@ksft_case
def tunnel_of_the_port():
    """A tunnel of the port's namespace goes on to have its filters in hardware, until it
    moves."""
    netns_add("t")
    PAIR.b.cmd("ip link add g0 type gretap external")
    defer(PAIR.b.cmd, "ip link del g0", fail=False)
    PAIR.b.cmd("ip link set g0 up")
    tc = Tc(Port("g0", PAIR.b.ns))
    tc.add(KEY, "drop", flags="")
    ksft_eq([o.get("in_hw") for o in tc.list().values()], [True], "in_hw")
    PAIR.b.cmd("ip link set g0 netns t")
    defer(cmd, "ip link del g0", ns="t", fail=False)
    cmd("ip link set g0 up", ns="t")
    late = Tc(Port("g0", "t"))
    late.add(KEY, "drop", flags="")
    ksft_eq([o.get("in_hw") for o in late.list().values()], [None], "in_hw after the move")
    seen = Watch(PAIR.b)
    TX.send(nvgre(ether(packet())))
    wait_for(lambda: seen["wire_rx_frames"] + seen["wire_rx_drop_filtered"] >= 1, "the frame")
    ksft_eq(seen["wire_rx_drop_rule"], 0, "frames that the device dropped")


# ---- VLANs of the port ----

def vlan(port, vid, address, mac_address=None, proto="802.1Q"):
    name = f"{port}.{vid}"
    port.cmd(f"ip link add {name} link {port} " +
             (f"address {mac_address} " if mac_address else "") +
             f"type vlan protocol {proto} id {vid}")
    defer(port.cmd, f"ip link del {name}", fail=False)
    port.cmd(f"ip addr add {address}/24 dev {name}")
    port.cmd(f"ip link set {name} up")
    return name


def takes(tenant, vm, address):
    """The tenant gives his macvlan this address, and makes VLAN 100 on top of it."""
    tenant.cmd(f"ip link set {vm} down")
    tenant.cmd(f"ip link set {vm} address {address}")
    tenant.cmd(f"ip link set {vm} up")
    tenant.cmd(f"ip link add {vm}.100 link {vm} type vlan id 100")
    tenant.cmd(f"ip addr add 10.8.0.2/24 dev {vm}.100")
    tenant.cmd(f"ip link set {vm}.100 up")


@ksft_variants((way, proto, first, offload) for way in WAYS for proto in ("802.1Q", "802.1ad")
               for first in ("vlan-first", "vlan-last") for offload in ("on", "off"))
def vlan_of_the_port(way, proto, first, offload):
    """What is for a VLAN device of the port is not a macvlan's, whatever its address is, as
    without the offload."""
    defer(PAIR.b.cmd, "ethtool -K nvn1 l2-fwd-offload on")
    PAIR.b.cmd(f"ethtool -K nvn1 l2-fwd-offload {offload}")
    tenant = Tenant(way)
    far = vlan(PAIR.a, 100, "10.8.0.1", proto=proto)
    if first == "vlan-first":
        near = vlan(PAIR.b, 100, "10.8.0.2", SHARED, proto)
    vm = tenant.station(1)
    takes(tenant, vm, SHARED)
    if first == "vlan-last":
        near = vlan(PAIR.b, 100, "10.8.0.2", SHARED, proto)
    cmd(f"ip neigh replace 10.8.0.2 lladdr {SHARED} dev {far}")
    ksft_eq(str(vm) in sets(), offload == "on", "the macvlan has a set")
    seen = PAIR.b.cmd(f"ip -s -j link show {near}").json()[0]["stats64"]["rx"]["packets"]
    ping(PAIR.a, "10.8.0.2")
    now = PAIR.b.cmd(f"ip -s -j link show {near}").json()[0]["stats64"]["rx"]["packets"]
    ksft_ge(now - seen, 3, "frames that the VLAN device got")
    # All else of that address is the tenant's.
    PAIR.a.cmd(f"ip neigh replace {vm.v4} lladdr {SHARED} dev nvn0")
    defer(PAIR.a.cmd, f"ip neigh del {vm.v4} dev nvn0", fail=False)
    tenant.cmd(f"ip neigh replace {PAIR.a.v4} lladdr {PAIR.a.mac()} dev {vm}")
    ping(PAIR.a, vm.v4)
    # And the VLAN, too, when the port has none.
    before = tenant.cmd(f"ip -s -j link show {vm}").json()[0]["stats64"]["rx"]["packets"]
    PAIR.b.cmd(f"ip link del {near}")
    PAIR.a.cmd("ping -qc 3 -i 0.01 -W 0.1 10.8.0.2", fail=False)
    after = tenant.cmd(f"ip -s -j link show {vm}").json()[0]["stats64"]["rx"]["packets"]
    if proto == "802.1Q":
        ksft_ge(after - before, 3, "frames that the macvlan got")


@ksft_case
def many_vlans():
    """With more VLAN devices than the device has rules for, macvlans work in software."""
    vm = Station(1, PAIR.b, netns_add("t"))
    ksft_in("vm1", sets(), "stations")
    lines = [f"link add link nvn1 name x{vid} type vlan id {vid}" for vid in range(2, 1030)]
    PAIR.b.cmd("ip -batch -", stdin="\n".join(lines) + "\n")
    defer(PAIR.b.cmd, "ip -batch -", stdin="\n".join(
        f"link del x{vid}" for vid in range(2, 1030)) + "\n")
    ksft_eq(sets(), {}, "sets")
    ping(PAIR.a, vm.v4)
    vm.bounce()
    ksft_eq(sets(), {}, "sets after down and up")


# ---- addresses ----

@ksft_variants((way, what) for way in WAYS for what in ("delete", "down", "address"))
def references(way, what):
    """A macvlan that goes, or has another address, leaves the port's list of addresses to
    those who have it there."""
    tenant = Tenant(way)
    netns_add("c")
    far, near = vlan(PAIR.a, 100, "10.8.0.1"), vlan(PAIR.b, 100, "10.8.0.9")
    PAIR.b.cmd(f"ip link add vv link {near} netns c address {SHARED} type macvlan mode bridge")
    cmd("ip addr add 10.8.0.2/24 dev vv", ns="c")
    cmd("ip link set vv up", ns="c")
    cmd(f"ip neigh replace 10.8.0.2 lladdr {SHARED} dev {far}")
    ping(PAIR.a, "10.8.0.2")
    vm = tenant.station(1)
    ksft_in("vm1", sets(), "stations")
    for _ in range(2):
        tenant.cmd(f"ip link set {vm} down")
        tenant.cmd(f"ip link set {vm} address {SHARED}")
        tenant.cmd(f"ip link set {vm} up")
        ping(PAIR.a, "10.8.0.2")
        if what == "address":
            tenant.cmd(f"ip link set {vm} address 02:00:00:00:09:02")
        else:
            tenant.cmd(f"ip link set {vm} down")
    if what == "delete":
        tenant.cmd(f"ip link del {vm}")
    ping(PAIR.a, "10.8.0.2")
    cmd("ip link del vv", ns="c")
    ksft_true(SHARED not in PAIR.b.cmd("bridge fdb show dev nvn1").stdout,
              "the address is not on the port's list any more")


# ---- queues, sets, priority ----

@ksft_variants([*WAYS])
def nested(way):
    """A macvlan that a tenant makes has no queues of the port's, however many it asks for."""
    tenant = Tenant(way)
    tenant.station(1)
    made = tenant.cmd("ip link add big link vm1 numrxqueues 125 type macvlan mode bridge",
                      fail=False)
    if way == "root":
        ksft_eq(made.ret, 0, "exit status of ip link add")
    if not made.ret:
        tenant.cmd("ip link set big up")
    ksft_eq(set(sets()), {"vm1"}, "stations with a set")
    other = Station(2, PAIR.b, netns_add("v2"), options="numrxqueues 4")
    ksft_eq(sets()["vm2"]["queues"], 4, "queues of the next set")
    defer(PAIR.b.cmd, f"ethtool -L nvn1 combined {OWN}")
    PAIR.b.cmd("ethtool -L nvn1 combined 32")
    ping(PAIR.a, other.v4)


@ksft_case
def limits():
    """devlink limits the queue pairs of a set, and keeps some for the port."""
    mark = len(cmd("dmesg").stdout)
    Station(1, PAIR.b, netns_add("v1"), options="numrxqueues 65")
    ksft_in("vm1 has 65 RX queues, maximum is 64", cmd("dmesg").stdout[mark:], "log")
    limit("vm_queues_per_set", 4)
    Station(2, PAIR.b, netns_add("v2"), options="numrxqueues 5")
    Station(3, PAIR.b, netns_add("v3"), options="numrxqueues 4")
    ksft_eq(set(sets()), {"vm3"}, "stations with a set")
    limit("vm_queues_per_set", 128)
    limit("vm_queues_reserve", 100)
    Station(4, PAIR.b, netns_add("v4"), options="numrxqueues 25")
    ksft_in("100 are reserved for the port, vm4 falls back to software",
            cmd("dmesg").stdout[mark:], "log")
    Station(5, PAIR.b, netns_add("v5"), options="numrxqueues 24")
    ksft_eq(set(sets()), {"vm3", "vm5"}, "stations with a set")
    defer(PAIR.b.cmd, f"ethtool -L nvn1 combined {OWN}")
    PAIR.b.cmd("ethtool -L nvn1 combined 100")
    for name, value, text in (("vm_queues_per_set", 0, "1 to 128"),
                              ("vm_queues_per_set", 129, "1 to 128"),
                              ("vm_queues_reserve", 129, "0 to 128")):
        said = cmd(f"devlink dev param set {DEV} name {name} cmode runtime value {value}",
                   expect_fail=True).stderr
        ksft_in(text, said, f"refusal of {name} {value}")


@ksft_variants([*WAYS])
def priority(way):
    """A tenant cannot raise his own priority, nor that of a macvlan moved to him."""
    tenant = Tenant(way)
    PAIR.b.cmd("ethtool -L nvn1 combined 64")
    defer(PAIR.b.cmd, f"ethtool -L nvn1 combined {OWN}")
    mine, moved = tenant.station(1), tenant.station(2, options="group 3")
    for vm in (mine, moved):
        tenant.cmd(f"ip link set {vm} down")
    holders = [Station(n, PAIR.b, netns_add(f"v{n}"), options="numrxqueues 32 group 3")
               for n in (3, 4)]
    tenant.cmd("ip link set vm1 group 2147483647")
    tenant.cmd("ip link set vm2 group 2147483647")
    for vm in (mine, moved):
        tenant.cmd(f"ip link set {vm} up")
    ksft_eq({n: s["priority"] for n, s in sets().items()}, {"vm3": 3, "vm4": 3}, "priorities")
    holders[0].remove()
    mine.bounce()
    ksft_eq(sets()["vm1"]["priority"], 0, "priority of the tenant's")
    # As the port's administrator has said, and no other
    moved.bounce()
    ksft_eq(sets()["vm2"]["priority"], 3, "priority of the one that was given one")


# ---- all the rest ----

ADDRESSES = "".join(f"maddr add 33:33:00:00:{n >> 8:02x}:{n & 255:02x} dev vm1\n"
                    for n in range(600))
# (what the tenant does, whether he can); the port's namespace sees nothing of it
ACTS = [
    ("ip link set vm1 promisc on", True),
    ("ip link set vm1 allmulticast on", True),
    ("ip link set vm1 mtu 1000", True),
    ("ip link set vm1 address 02:00:00:00:01:02", False),
    ("ip link set vm1 mtu 9000", False),
    ("ethtool -N vm1 flow-type ether dst 02:00:00:00:01:02 action -1", False),
    ("ethtool -X vm1 equal 1", False),
    ("ethtool -L vm1 combined 1", False),
    ("ethtool -C vm1 rx-usecs 1000", False),
    ("ethtool -G vm1 rx 64", False),
    ("ethtool -A vm1 rx off tx off", False),
    ("ethtool -s vm1 speed 1000", False),
    ("ethtool -r vm1", False),
    ("ethtool --set-priv-flags vm1 vmq-spoof-check off", False),
    ("ethtool -K vm1 tx off rx off", None),
    ("tc qdisc add dev vm1 clsact", True),
    ("tc filter add dev vm1 ingress pref 1 flower skip_sw action drop", False),
    ("tc filter add dev vm1 ingress pref 2 flower dst_mac 02:00:00:00:01:02 action drop", True),
    ("ip link add g1 type gretap external", True),
    ("ip link set g1 up", True),
    ("tc qdisc add dev g1 clsact", True),
    (f"tc filter add dev g1 ingress pref 1 flower {KEY} action drop", True),
    ("ip link add vm1.7 link vm1 type vlan id 7", True),
    ("ip link set vm1.7 up", True),
    ("ip link set vm1 group 99", True),
    ("ip link set vm1 type macvlan mode source", True),
    ("ip link set vm1 type macvlan mode private", True),
    ("ip link set vm1 down", True),
    ("ip link set vm1 address 02:00:00:00:09:09", True),
    ("ip link set vm1 up", True),
    ("ip -batch -", True),
    ("ip link set vm1 netns t2", None),
    ("ip link del vm1", None),
]


@ksft_variants([*WAYS])
def acts(way):
    """Whatever he does, the host and another VM go on as before."""
    tenant = Tenant(way)
    netns_add("t2")
    tenant.station(1)
    other = Station(2, PAIR.b, netns_add("v2"), options="numrxqueues 2")
    near, far = keyed()
    set_of_other = sets()["vm2"]
    rules = PAIR.b.cmd("ethtool -n nvn1").stdout
    channels = PAIR.b.cmd("ethtool -l nvn1").stdout
    moderation = PAIR.b.cmd("ethtool -c nvn1").stdout
    seen, wrong = Watch(PAIR.b), []
    for act, can in ACTS:
        done = tenant.cmd(act, fail=False, stdin=ADDRESSES if "batch" in act else None)
        if can is not None and (done.ret == 0) != can:
            wrong.append(f"{act}: exit status {done.ret} {done.stderr.strip()}")
        for src, address in ((PAIR.a, other.v4), (other, PAIR.a.v4), (PAIR.a, PAIR.b.v4),
                             (near, far.v4)):
            if ping(src, address, fail=False).ret:
                wrong.append(f"after {act}: no answer from {address}")
        if sets().get("vm2") != set_of_other:
            wrong.append(f"after {act}: set of vm2 is {sets().get('vm2')}")
    ksft_eq(wrong, [], "what is not as it should be")
    ksft_eq([PAIR.b.cmd(f"ethtool {option} nvn1").stdout for option in ("-n", "-l", "-c")],
            [rules, channels, moderation], "settings of the port")
    ksft_eq(seen["wire_rx_drop_rule"] + seen["wire_rx_drop_vmq"], 0, "frames dropped")
    cmd("ip -n t2 link del vm1", fail=False)
    ksft_eq(PAIR.b.link()["promiscuity"], 0, "promiscuity of the port in the end")
    ksft_eq(PAIR.b.link()["allmulti"], 0, "allmulti of the port in the end")
    ksft_eq(set(sets()), {"vm2"}, "stations in the end")


ksft_run(setup)
