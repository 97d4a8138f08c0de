#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# seconds: 120
# cpus: 2
# timeout: 900
"""VM queues for macvlan (l2-fwd-offload): queues of its own for each VM, what
reaches them and what they may send, VMs that come and go, scarce sets, and all
that changes rings under them.

Copyright (C) 2026 nvnic contributors
"""

import os
import re
import socket
import struct
import threading
import time

from lib import irqs
from lib.frames import (DSTOPTS, ETH_P_8021Q, ETH_P_IP, ETH_P_IPV6, ETH_P_TEB, FRAGMENT, GRE,
                        HOPOPTS, UDP, Listener, Sender, addr, eth, ext, frag_ext, gre, ipv4, ipv6,
                        mac, udp, unfilled, vlan, vnet_hdr)
from lib.hwstats import Watch, rule_counts
from lib.ktap import (ksft_case, ksft_eq, ksft_ge, ksft_in, ksft_le, ksft_run, ksft_true,
                      ksft_variants)
from lib.nvnic import Pair, Transfer, module_load, module_unload, netns_add
from lib.shell import KsftSkipEx, cmd, defer, in_netns, wait_for
from lib.station import Station, limit, set_counters, sets
from lib.stream import Stream

PAIR = TX = None
DEV = "nvnic/nvnic0.1"
DEBUGFS = "/sys/kernel/debug/nvnic/nvnic0.1"
MAC_A = mac("02:4e:56:00:00:00")
SETS, OWN = 64, 2
ETH_P_TEST = 0x88b5
FILES = {"tx": "corrupt_txd", "rx": "corrupt_rxb"}


def setup():
    global PAIR, TX
    PAIR = Pair(ns_a=None, ipv6=False)
    cmd("sysctl -qw net.core.message_cost=0")
    # A VLAN or a tunnel on the first port would send group reports, which count as frames.
    defer(cmd, "sysctl -qw net.ipv6.conf.default.disable_ipv6=0")
    cmd("sysctl -qw net.ipv6.conf.default.disable_ipv6=1")
    for port in PAIR.ports:
        port.cmd(f"ethtool -L {port} combined {OWN}")
        port.wait_carrier()
    PAIR.b.cmd("ethtool -K nvn1 l2-fwd-offload on")
    TX = Sender("nvn0")


# ---- VMs ----

class Vm(Station):
    """A macvlan over nvn1 in a namespace of its own."""

    def __init__(self, number, words="mode bridge", queues=1, link=""):
        ns = netns_add(f"v{number}")
        cmd("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1",
            ns=ns)
        super().__init__(number, PAIR.b, ns, words, f"numrxqueues {queues} {link}")

    def add(self):
        # An earlier VM of this number may have had another address in the end.
        for port in PAIR.ports:
            port.cmd(f"ip neigh flush to {self.v4}")
        super().add()

    def ping(self, count=2):
        """Both ways; without ARP: who answers that, is another question."""
        PAIR.a.cmd(f"ping -qc {count} -i 0.01 -W 5 {self.v4}")
        self.cmd(f"ping -qc {count} -i 0.01 -W 5 {PAIR.a.v4}")

    def frame(self, number=0, length=60):
        return eth(mac(self.mac()), MAC_A, ETH_P_TEST,
                   struct.pack("!HI", self.number, number).ljust(length, b"\0"))


class Flood(threading.Thread):
    """Sends a frame, again and again, until end()."""

    def __init__(self, frame):
        super().__init__(daemon=True)
        self.frame, self.sender, self.stop = frame, Sender("nvn0"), False
        defer(self.end)
        self.start()

    def run(self):
        while not self.stop:
            self.sender.send(self.frame)
            time.sleep(0.0005)

    def end(self):
        self.stop = True
        self.join()


def occupancy():
    seen = cmd(f"devlink -j resource show {DEV}").json()["resources"][DEV]
    return seen[0]["occ"] if "occ" in seen[0] else 0


def counted(vm):
    """Watch the counters of a VM's queue set."""
    return Watch(vm, set_counters)


def queues_of(vm):
    s = sets()[str(vm)]
    return range(s["first queue"], s["first queue"] + s["queues"])


def default_rx(seen):
    """Frames on the port's own queues."""
    return sum(n for q, n in seen.queues("rx", "frames").items() if q < OWN)


def in_software(vm):
    ksft_true(str(vm) not in sets(), f"{vm} has no set")


def log_has(text, mark):
    ksft_in(text, cmd("dmesg").stdout[mark:], "log")


def log_mark():
    return len(cmd("dmesg").stdout)


# ---- one VM ----

@ksft_variants(["bridge", "private", "vepa"])
def own_queues(mode):
    """What is for the VM comes by its queue, what it sends goes by it."""
    vm = Vm(1, f"mode {mode}")
    vm.ping()
    ksft_eq(sets()["vm1"] | {"set": 0, "priority": 0},
            {"set": 0, "station": "vm1", "priority": 0, "state": "running",
             "first queue": OWN, "queues": 1, "filters": 1})
    ksft_eq(occupancy(), 1, "occupancy")
    seen, own, before = Watch(PAIR.b), counted(vm), vm.link()["stats64"]
    PAIR.a.cmd(f"ping -qc 20 -i 0.01 -W 5 {vm.v4}")
    ksft_eq(seen.queues("rx", "frames"), {OWN: 20}, "queues received on")
    ksft_eq(seen.queues("tx", "frames"), {OWN: 20}, "queues sent on")
    ksft_eq(own.delta(), {"rx_packets": 20, "rx_bytes": 20 * 98, "tx_packets": 20,
                          "tx_bytes": 20 * 98, "hits": 20, "hit_bytes": 20 * 98},
            "counters of the set")
    with open(f"{DEBUGFS}/vmq") as line:
        shown = re.search(r" rules 1 hits (\d+) hit_bytes (\d+) drop_state 0 drop_spoof 0\n$",
                          line.read())
    ksft_eq(list(rule_counts(PAIR.b, "vmq").values()), [(int(shown[1]), int(shown[2]))],
            "frames and bytes of its rule, and of the set in debugfs")
    now = vm.link()["stats64"]
    ksft_eq([now[side]["packets"] - before[side]["packets"] for side in ("rx", "tx")], [20, 20],
            "what the macvlan counts")
    ksft_eq(now["rx"]["bytes"] - before["rx"]["bytes"], 20 * 98, "its bytes")
    vm.remove()
    ksft_eq((sets(), occupancy()), ({}, 0), "after the VM has gone")
    ksft_eq(rule_counts(PAIR.b, "vmq"), {}, "rules of no set")


@ksft_case
def rss_inside():
    """Flows of a VM are spread over its queues, and over no others."""
    vm = Vm(1, queues=4)
    vm.ping()
    defer(PAIR.b.cmd, "ethtool -N nvn1 rx-flow-hash udp4 sd")
    PAIR.b.cmd("ethtool -N nvn1 rx-flow-hash udp4 sdfn")
    seen, own = Watch(PAIR.b), counted(vm)
    with in_netns(vm.ns):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    defer(server.close)
    server.bind((vm.v4, 0))
    server.settimeout(5)
    for _ in range(64):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"x", server.getsockname())
            who = server.recvfrom(10)[1]
            server.sendto(b"y", who)
            client.settimeout(5)
            client.recv(10)
    for side in ("rx", "tx"):
        used = seen.queues(side, "frames")
        ksft_eq(set(used), set(queues_of(vm)), f"{side} queues used: {used}")
    ksft_eq(own["rx_packets"], 64, "frames")
    # Another key is for the VM, too.
    PAIR.b.cmd("ethtool -X nvn1 hkey " + ":".join(f"{n:02x}" for n in range(7, 47)))
    vm.ping()


@ksft_case
def affinity():
    """The CPU of a VM's vector can be chosen at run time."""
    if os.cpu_count() < 2:
        raise KsftSkipEx("needs two CPUs")
    vm = Vm(1)
    vm.ping()
    for cpu in (1, 0, 1):
        ksft_eq(irqs.affinity(f"nvn1-TxRx-{OWN}", 1 << cpu), [1 << cpu] * 2, "affinity")
        before = irqs.lines()[f"nvn1-TxRx-{OWN}"][1]
        vm.ping(10)
        now = irqs.lines()[f"nvn1-TxRx-{OWN}"][1]
        fired = [n - old for n, old in zip(now, before)]
        ksft_ge(fired[cpu], 5, "interrupts on the CPU")
        ksft_eq(sum(fired) - fired[cpu], 0, "interrupts elsewhere")


@ksft_case
def large_frames():
    """LSO and checksums work from the VM's queues, and to them."""
    vm = Vm(1)
    vm.ping()
    for src, dst in ((PAIR.a, vm), (vm, PAIR.a)):
        seen, own = Watch(PAIR.b), counted(vm)
        Transfer(src, dst, 4 << 20).check()
        ksft_ge(own["rx_packets"], 10, "received by the set")
        ksft_eq(default_rx(seen), 0, "on the port's own queues")
        if src is vm:
            ksft_eq(set(seen.queues("tx", "lso_native")), {OWN}, "queues of super-frames")


@ksft_case
def vlan_on_top():
    """All VLANs of its address are the macvlan's, as in software."""
    vm = Vm(1)
    for port, host in ((PAIR.a, 1), (vm, 2)):
        port.cmd(f"ip link add {port}.5 link {port} type vlan id 5")
        defer(port.cmd, f"ip link del {port}.5", fail=False)
        port.cmd(f"ip addr add 10.8.0.{host}/24 dev {port}.5")
        port.cmd(f"ip link set {port}.5 up")
    PAIR.a.cmd("ping -qc 1 -W 5 10.8.0.2")
    seen, own = Watch(PAIR.b), counted(vm)
    PAIR.a.cmd("ping -qc 10 -i 0.01 -W 5 10.8.0.2")
    ksft_eq(own["rx_packets"], 10, "frames")
    ksft_eq(default_rx(seen), 0, "on the port's own queues")


@ksft_case
def tunnel_inside():
    """A VM that ends its own tunnel gets the frames by the outer address."""
    vm = Vm(1)
    key = 5000 << 8
    for port, peer, host in ((PAIR.a, vm, 1), (vm, PAIR.a, 2)):
        port.cmd(f"ip link add g0 type gretap local {port.v4} remote {peer.v4} key {key}")
        defer(port.cmd, "ip link del g0", fail=False)
        port.cmd(f"ip addr add 10.7.0.{host}/24 dev g0")
        port.cmd("ip link set g0 up")
    PAIR.a.cmd("ping -qc 1 -W 5 10.7.0.2")
    seen, own = Watch(PAIR.b), counted(vm)
    PAIR.a.cmd("ping -qc 10 -i 0.01 -W 5 10.7.0.2")
    ksft_eq(own["rx_packets"], 10, "frames")
    ksft_eq(seen.queues("tx", "frames"), {OWN: 10}, "queues sent on")
    ksft_eq(own["drop_spoof"], 0, "refused")


@ksft_case
def new_address():
    """The rule follows the address of a VM that is up."""
    vm = Vm(1)
    old = vm.frame()
    listener = Listener("vm1", ns=vm.ns, match=lambda f: f[12:14] == b"\x88\xb5")
    vm.set("address 02:00:00:00:02:01")
    PAIR.b.cmd("ip neigh flush all")
    PAIR.a.cmd("ip neigh flush all")
    own = counted(vm)
    vm.ping()
    ksft_ge(own["rx_packets"], 4, "frames of the set")
    ksft_true("02:00:00:00:02:01" not in PAIR.b.cmd("bridge fdb show dev nvn1").stdout,
              "the address is not on the port's list")
    TX.send(old)
    TX.send(vm.frame(1))
    got = listener.exactly(1)
    ksft_eq([f[14:20] for f in got], [struct.pack("!HI", 1, 1)], "frames")
    vm.ping()


# ---- several ----

@ksft_case
def to_each_its_own():
    """Unicast to its VM, broadcast and multicast once to each, the rest to none."""
    vms = [Vm(n) for n in (1, 2, 3)]
    ears = {vm: Listener(str(vm), ns=vm.ns, match=lambda f: f[12:14] == b"\x88\xb5")
            for vm in vms}
    for vm in vms:
        vm.cmd(f"ip maddr add 01:00:5e:00:00:77 dev {vm}")
    seen, owns = Watch(PAIR.b), {vm: counted(vm) for vm in vms}
    for number in range(20):
        for vm in vms:
            TX.send(vm.frame(number))
    group = [eth(mac(to), MAC_A, ETH_P_TEST, b"group".ljust(50, b"\0"))
             for to in ("ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:77")]
    for frame in group:
        TX.send(frame)
    TX.send(eth(mac("02:00:00:00:01:09"), MAC_A, ETH_P_TEST, bytes(50)))
    for vm in vms:
        got = ears[vm].exactly(22)
        want = [vm.frame(n) for n in range(20)] + group
        ksft_eq(sorted(bytes(f) for f in got), sorted(want), f"frames of {vm}")
    for vm, own in owns.items():
        ksft_eq((own["rx_packets"], own["hits"]), (20, 20), f"set of {vm}")
    ksft_eq(default_rx(seen), 2, "on the port's own queues")


@ksft_case
def come_and_go():
    """A VM does not notice others that come and go, nor does the host."""
    vm, busy = Vm(1, queues=2), Vm(2)
    streams = [Stream(PAIR.a, vm), Stream(vm, PAIR.a), Stream(PAIR.a, PAIR.b)]
    seen, own = Watch(PAIR.b), counted(vm)
    for number in range(6):
        other = Vm(3 + number, queues=1 + number % 3)
        TX.send(other.frame())
        for stream in streams:
            stream.moving(1 << 15)
        other.ping()
        busy.remove() if number % 2 else other.remove()
        if number % 2:
            busy = other
    for stream in streams:
        stream.check()
    ksft_eq(own["drop_state"] + own["drop_spoof"], 0, "dropped of the first VM")
    ksft_eq(seen.rx("err_desc") + seen.rx("err_dma") + seen["csr_bad"], 0, "what must not be")
    ksft_eq(sets()["vm1"]["first queue"], OWN, "its place")


@ksft_case
def nothing_is_left():
    """Nothing of a freed VM reaches the next one on the same queues, or the host."""
    test = lambda f: f[12:14] == b"\x88\xb5"
    new, old = Vm(2), Vm(1)
    frame = old.frame()
    flood = Flood(frame)
    new.remove()
    old.remove()
    host = Listener("nvn1", ns="b", match=test)
    for _ in range(5):
        old.add()
        ears = Listener("vm1", ns=old.ns, match=test)
        ksft_true(ears.take(1), "frames for the first VM arrive")
        seen, at = Watch(PAIR.b), list(queues_of(old))
        old.remove()
        new.add()
        ksft_eq(list(queues_of(new)), at, "queues")
        ears = Listener("vm2", ns=new.ns, match=test)
        TX.send(new.frame())
        got = ears.exactly(1)
        ksft_eq([bytes(f) for f in got], [new.frame()], "what the next VM receives")
        ksft_eq(default_rx(seen), 0, "on the port's own queues")
        ksft_eq(seen.rx("err_dma") + seen["csr_bad"] + seen["wire_rx_drop_noqueue"], 0,
                "what must not be")
        new.remove()
    ksft_eq(len(host.take(1, timeout=0.1)), 0, "frames at the host")
    flood.end()


@ksft_case
def stale_choice():
    """XPS and root qdiscs cannot put the host's frames on a VM's queue."""
    if os.cpu_count() < 2:
        raise KsftSkipEx("needs two CPUs")
    vm = Vm(1)
    PAIR.b.cmd("sh -c 'for f in /sys/class/net/nvn1/queues/tx-*/xps_cpus; do echo 0 > $f; done; "
               f"echo 3 > /sys/class/net/nvn1/queues/tx-{OWN}/xps_cpus'")
    PAIR.b.cmd("tc qdisc replace dev nvn1 root fq")
    defer(PAIR.b.cmd, "tc qdisc del dev nvn1 root", fail=False)
    defer(PAIR.b.cmd, f"ethtool -L nvn1 combined {OWN}")
    defer(PAIR.b.cmd, "ethtool -L nvn1 combined 1")
    PAIR.b.cmd(f"ping -qc 1 -W 5 {PAIR.a.v4}")
    seen, own = Watch(PAIR.b), counted(vm)
    PAIR.b.cmd(f"ping -qc 20 -i 0.01 -W 5 {PAIR.a.v4}")
    ksft_eq(own["tx_packets"], 0, "sent on the VM's queue")
    ksft_eq(sum(seen.queues("tx", "frames").values()), 20, "sent")
    vm.ping()
    ksft_ge(own["tx_packets"], 4, "sent by the VM")


# ---- isolation ----

@ksft_case
def spoof_check():
    """A VM sends as itself only; what is refused is counted and hurts nobody."""
    vm, other = Vm(1), Vm(2)
    listener = Listener("nvn0", match=lambda f: f[12:14] == b"\x88\xb5")
    send = Sender("vm1", ns=vm.ns)
    frames = [eth(MAC_A, mac(src.mac()), ETH_P_TEST, bytes([n] * 50))
              for n, src in enumerate((vm, other, PAIR.b, vm))]
    seen, own, others = Watch(PAIR.b), counted(vm), counted(other)
    for frame in frames:
        send.send(frame)
    ksft_eq([bytes(f) for f in listener.exactly(2)], [frames[0], frames[3]],
            "frames that arrive")
    ksft_eq((own["drop_spoof"], seen.queues("tx", "drop_spoof")), (2, {queues_of(vm)[0]: 2}),
            "refused")
    ksft_eq(others["drop_spoof"], 0, "of the other VM")
    vm.ping()
    other.ping()
    PAIR.b.set_priv_flag("vmq-spoof-check", False)
    for frame in frames:
        send.send(frame)
    ksft_eq([bytes(f) for f in listener.exactly(4)], frames, "frames without the check")


def outer4(proto, payload, **kw):
    return ETH_P_IP, ipv4(addr("10.2.0.1"), addr("10.2.0.2"), proto, payload, df=False, **kw)


def outer6(proto, payload, **kw):
    return ETH_P_IPV6, ipv6(addr("fd02::1"), addr("fd02::2"), proto, payload, **kw)


def inside(vsid):
    src, dst = addr("10.1.0.1"), addr("10.1.0.2")
    inner = ipv4(src, dst, UDP, udp(src, dst, 1, 2, bytes(20)))
    return gre(ETH_P_TEB, eth(MAC_A, mac(VICTIM), ETH_P_IP, inner, pad=False), key=vsid << 8)


VICTIM, VSID = "02:aa:00:00:00:02", 5000
# What a VM may send of a tunnel: (EtherType and payload, offset of a checksum, goes)
IDENTITIES = {
    "of-nobody": (outer4(GRE, inside(VSID + 1)), None, True),
    "fragment-of-udp": (outer4(UDP, bytes(32), mf=True), None, True),
    "of-the-victim": (outer4(GRE, inside(VSID)), None, False),
    "over-ipv6": (outer6(GRE, inside(VSID)), None, False),
    "checksum-makes-the-key": (outer4(GRE, inside(VSID)), 38, False),
    "checksum-makes-the-address": (outer4(GRE, inside(VSID)), 48, False),
    "fragment": (outer4(GRE, inside(VSID), mf=True), None, False),
    "fragment-of-ipv6": (outer6(FRAGMENT, frag_ext(GRE, 0, False) + inside(VSID)), None, False),
    "fragment-with-options": (outer6(FRAGMENT, frag_ext(DSTOPTS, 0, False) + ext(GRE) +
                                     inside(VSID)), None, False),
    "length-0": (outer6(HOPOPTS, ext(GRE) + inside(VSID), length=0), None, False),
    "three-tags": ((ETH_P_8021Q, vlan(1, ETH_P_8021Q, vlan(
        2, ETH_P_8021Q, vlan(3, *outer4(GRE, inside(VSID)))))), None, False),
}


@ksft_variants({name: (name,) for name in IDENTITIES})
def identity(name):
    """Nor does it send in the name of an NVGRE identity that a rule gives to somebody,
    however well that is hidden."""
    (proto, payload), at, goes = IDENTITIES[name]
    PAIR.b.cmd(f"ethtool -N nvn1 flow-type ether dst {VICTIM} user-def {VSID} action 0 loc 9")
    defer(PAIR.b.cmd, "ethtool -N nvn1 delete 9")
    vm = Vm(1)
    frame = eth(MAC_A, mac(vm.mac()), proto, payload)
    listener = Listener("nvn0", match=lambda f: f[6:12] == mac(vm.mac()))
    seen, own = Watch(PAIR.b), counted(vm)
    Sender("vm1", ns=vm.ns, vnet=True).send(unfilled(frame, at) if at else frame,
                                            vnet_hdr(csum_start=at))
    wait_for(lambda: seen[f"hw_tx{OWN}_requests"] == 1, "the frame to be sent or refused")
    ksft_eq([bytes(f) for f in listener.exactly(int(goes))], [frame] * goes, "frames that arrive")
    ksft_eq(own["drop_spoof"], int(not goes), "refused")


# ---- scarce ----

@ksft_case
def more_than_sets():
    """64 VMs have sets, the 65th works in software; a higher group goes first."""
    PAIR.b.cmd("ethtool -G nvn1 rx 64 tx 64")
    defer(PAIR.b.cmd, "ethtool -G nvn1 rx 1024 tx 1024")
    netns_add("many")
    for n in range(SETS):
        PAIR.b.cmd(f"ip link add m{n} link nvn1 netns many address 02:00:00:00:03:{n:02x} "
                   "type macvlan mode private")
        cmd(f"ip link set m{n} up", ns="many")
    ksft_eq((len(sets()), occupancy()), (SETS, SETS), "sets")
    mark = log_mark()
    vm = Vm(1)
    log_has(f"all {SETS} VM queue sets are in use, vm1 falls back to software", mark)
    in_software(vm)
    vm.ping()
    high = Vm(2, link="group 7")
    log_has("is given to vm2 (group 7), ", mark)
    ksft_eq((len(sets()), sets()["vm2"]["priority"]), (SETS, 7), "sets")
    own = counted(high)
    high.ping()
    ksft_ge(own["rx_packets"], 4, "frames of vm2")
    # The same group is no reason; a free set is had by coming up again.
    in_software(Vm(3))
    high.remove()
    vm.set("down")
    vm.up()
    ksft_true("vm1" in sets(), "vm1 has the set that vm2 had")
    vm.ping()


@ksft_case
def queue_pairs():
    """What does not fit 128 queue pairs works in software, and nobody gives way in vain."""
    limit("vm_queues_per_set", 128)
    limit("vm_queues_reserve", 0)
    PAIR.b.cmd("ethtool -G nvn1 rx 64 tx 64")
    defer(PAIR.b.cmd, "ethtool -G nvn1 rx 1024 tx 1024")
    big = Vm(1, queues=120)
    ksft_eq(sets()["vm1"]["queues"], 120, "queue pairs")
    mark = log_mark()
    vm = Vm(2, queues=8)
    log_has("fewer than 8 of 128 queue pairs are free, 0 are reserved for the port, "
            "vm2 falls back to software", mark)
    in_software(vm)
    huge = Vm(3, queues=127, link="group 1")
    in_software(huge)
    ksft_true("vm1" in sets(), "vm1 kept its set")
    PAIR.b.cmd("ethtool -L nvn1 combined 9", expect_fail=True)
    log_has("9 queue pairs and 120 of VM queue sets exceed the maximum of 128", mark)
    PAIR.b.cmd("ethtool -L nvn1 combined 8")
    big.ping()
    PAIR.b.cmd(f"ethtool -L nvn1 combined {OWN}")
    big.ping()
    for words in (f"-X nvn1 start {OWN} equal 1", f"-N nvn1 flow-type tcp4 action {OWN}"):
        out = PAIR.b.cmd(f"ethtool {words}", fail=False)
        ksft_true(out.ret or out.stderr, f"a VM's queue is refused to {words}")


# VMs that there are: (queues, group); who has a set, and where, when another VM of 4 queues
# and group 3 has come
LAYOUTS = {
    "neighbours": ([(2, 0), (2, 0), (122, 5)], {"vm3": 6, "vm4": 2}),
    "one-is-enough": ([(2, 0), (2, 5), (4, 1), (118, 5)],
                      {"vm1": 2, "vm2": 4, "vm4": 10, "vm5": 6}),
}


@ksft_variants(LAYOUTS)
def gives_way(others, left):
    """Those who give way make room together, and nobody does in vain."""
    limit("vm_queues_per_set", 128)
    limit("vm_queues_reserve", 0)
    PAIR.b.cmd("ethtool -G nvn1 rx 64 tx 64")
    defer(PAIR.b.cmd, "ethtool -G nvn1 rx 1024 tx 1024")
    vms = [Vm(n, queues=queues, link=f"group {group}")
           for n, (queues, group) in enumerate(others + [(4, 3)], 1)]
    ksft_eq({vm: s["first queue"] for vm, s in sets().items()}, left, "first queues")
    vms[-1].ping()


@ksft_case
def resource():
    """devlink limits the number of sets, from the next reload on."""
    def put_back():
        cmd(f"devlink resource set {DEV} path /vm_queues size {SETS}")
        reload()

    def reload():
        cmd(f"devlink dev reload {DEV}")
        wait_for(lambda: os.path.isdir("/sys/class/net/nvn1"), "nvn1")
        cmd("ip link set nvn1 netns b")
        PAIR.b.address("10.9.0.2/24")
        PAIR.b.set_ipv6(False)
        PAIR.b.cmd(f"ethtool -L nvn1 combined {OWN}")
        PAIR.b.up()
        PAIR.b.wait_carrier()
        PAIR.b.cmd("ethtool -K nvn1 l2-fwd-offload on")

    vm = Vm(1)
    vm.ping()
    defer(put_back)
    cmd(f"devlink resource set {DEV} path /vm_queues size 1")
    reload()
    ksft_eq((sets(), occupancy()), ({}, 0), "after a reload")
    vm, mark = Vm(2), log_mark()
    other = Vm(3)
    log_has("all 1 VM queue sets are in use, vm3 falls back to software", mark)
    in_software(other)
    vm.ping()
    other.ping()
    ksft_true(cmd(f"devlink resource set {DEV} path /vm_queues size 65", fail=False).ret,
              "65 sets are refused")


@ksft_case
def not_offloaded():
    """Without destination filter, or with several TX queues: in software."""
    mark = log_mark()
    vm = Vm(1, link="numtxqueues 4")
    log_has("vm1 has 4 TX queues, must have 1, it falls back to software", mark)
    in_software(vm)
    vm.ping()
    vm = Vm(2, "mode source")
    log_has("mode of vm2 has no destination filter", mark)
    in_software(vm)


@ksft_case
def source_mode():
    """A VM whose mode becomes "source" gets nothing by its address any more."""
    vm = Vm(1)
    vm.ping()
    listener = Listener("vm1", ns=vm.ns, match=lambda f: f[12:14] == b"\x88\xb5")
    vm.set("type macvlan mode source")
    in_software(vm)
    TX.send(vm.frame())
    vm.set("type macvlan mode bridge")
    TX.send(vm.frame(1))
    ksft_eq([bytes(f) for f in listener.exactly(1)], [vm.frame(1)], "frames")
    vm.ping()


# ---- rings change under it ----

@ksft_case
def off_and_on():
    """l2-fwd-offload off: VMs go on in software; they come back when they come up."""
    vm = Vm(1)
    stream = Stream(PAIR.a, vm), Stream(vm, PAIR.a)
    for _ in range(3):
        for s in stream:
            s.moving(1 << 16)
        PAIR.b.cmd("ethtool -K nvn1 l2-fwd-offload off")
        in_software(vm)
        for s in stream:
            s.moving(1 << 16)
        PAIR.b.cmd("ethtool -K nvn1 l2-fwd-offload on")
        in_software(vm)
        vm.set("down")
        vm.up()
        ksft_true("vm1" in sets(), "vm1 has a set")
    for s in stream:
        s.check()


@ksft_case
def reconfigure():
    """Rings, MTU and channels change under VMs; nothing is lost, all is counted."""
    vm, other = Vm(1, queues=2), Vm(2)
    stream = Stream(PAIR.a, vm), Stream(vm, PAIR.a)
    seen = counted(vm)
    defer(PAIR.b.cmd, f"ethtool -L nvn1 combined {OWN}")
    defer(PAIR.b.cmd, "ethtool -G nvn1 rx 1024 tx 1024")
    defer(PAIR.b.set, "mtu 1500")
    for words in ("-G nvn1 rx 256 tx 128", "-L nvn1 combined 5", "-L nvn1 combined 1",
                  "-G nvn1 rx 512 tx 1024", f"-L nvn1 combined {OWN}"):
        had = seen["rx_packets"]
        PAIR.b.cmd(f"ethtool {words}")
        for s in stream:
            s.moving(1 << 16)
        other.ping()
        own = int(re.findall(r"Combined:\s+(\d+)", PAIR.b.cmd("ethtool -l nvn1").stdout)[1])
        ksft_eq([(s["first queue"], s["state"]) for s in sets().values()],
                [(own, "running"), (own + 2, "running")], f"after ethtool {words}")
        ksft_ge(seen["rx_packets"], had + 40, "counters go on")
    for mtu in (9000, 1500):
        PAIR.b.set(f"mtu {mtu}")
        for s in stream:
            s.moving(1 << 16)
    for s in stream:
        s.check()
    ksft_eq(seen["drop_state"] + seen["drop_spoof"], 0, "dropped")


@ksft_case
def told_by_the_port():
    """A smaller MTU of the port, and features, become those of a VM, which tells of them
    while the port is still busy with its own change."""
    vm = Vm(1)
    defer(PAIR.b.set, "mtu 1500")
    PAIR.b.set("mtu 1400")
    ksft_eq(vm.link()["mtu"], 1400, "MTU of the VM")
    for state in (False, True):
        PAIR.b.set_features(rx_checksumming=state)
        ksft_eq(vm.features()["rx-checksumming"], state, "rx-checksumming of the VM")
    ksft_in("vm1", sets(), "stations")
    vm.ping()


def rx_usecs(queue):
    out = PAIR.b.cmd(f"ethtool --per-queue nvn1 queue_mask {1 << queue:#x} --show-coalesce")
    return int(re.search(r"^rx-usecs:\s*(\d+)", out.stdout, re.M)[1])


def round_trips(vm):
    """The shortest and the longest one, in milliseconds. Anything else that the VM sends or
    receives may end a wait."""
    out = PAIR.a.cmd(f"ping -qc 5 -i 0.1 -W 5 {vm.v4}").stdout
    best, worst = re.search(r"= ([\d.]+)/[\d.]+/([\d.]+)/", out).groups()
    return float(best), float(worst)


@ksft_case
def moderation():
    """What is set for a VM's queue goes with it, and is nobody else's afterwards."""
    vm, other = Vm(1), Vm(2)
    defer(PAIR.b.cmd, f"ethtool -L nvn1 combined {OWN}", fail=False)
    PAIR.b.cmd(f"ethtool --per-queue nvn1 queue_mask {1 << OWN:#x} --coalesce rx-usecs 30000")
    for own in (OWN + 1, OWN):
        PAIR.b.cmd(f"ethtool -L nvn1 combined {own}")
        ksft_eq([rx_usecs(q) for q in range(own + 2)], [0] * own + [30000, 0],
                f"rx-usecs beside {own} queues")
        ksft_ge(round_trips(vm)[1], 30, "the longest round trip, in ms")
        ksft_le(round_trips(other)[0], 15, "the shortest one to the other VM")
    vm.remove()
    PAIR.b.cmd(f"ethtool -L nvn1 combined {OWN + 1}")
    ksft_eq([rx_usecs(q) for q in range(OWN + 2)], [0] * (OWN + 2), "rx-usecs without the VM")


@ksft_case
def down_and_up():
    """Sets outlive the port's down; VMs may come and go meanwhile."""
    vm, gone = Vm(1), Vm(2)
    vm.ping()
    PAIR.b.down()
    ksft_eq({n: s["state"] for n, s in sets().items()}, {"vm1": "undefined", "vm2": "undefined"},
            "states")
    gone.remove()
    new = Vm(3, queues=3)
    PAIR.b.up()
    PAIR.b.wait_carrier()
    for one in (vm, new):
        own = counted(one)
        wait_for(lambda: not PAIR.a.cmd(f"ping -qc 1 -W 1 {one.v4}", fail=False).ret, "an answer")
        ksft_ge(own["rx_packets"], 1, "frames")
    ksft_eq([s["state"] for s in sets().values()], ["running"] * 2, "states")


@ksft_case
def self_test():
    """The offline self-test takes the port away for a moment, and gives it back."""
    vm = Vm(1)
    vm.ping()
    PAIR.b.cmd("ethtool -t nvn1 offline", fail=False)
    PAIR.a.wait_carrier()
    PAIR.b.wait_carrier()
    wait_for(lambda: not PAIR.a.cmd(f"ping -qc 1 -W 1 {vm.v4}", fail=False).ret, "an answer")
    ksft_eq(sets()["vm1"]["state"], "running")


@ksft_variants(["tx", "rx"])
def recovery(side):
    """A VM's queue that the device has stopped is reset; other VMs do not notice."""
    vm, other = Vm(1), Vm(2)
    vm.ping()
    at = queues_of(vm)[0]
    seen = Watch(PAIR.b)
    stream = Stream(PAIR.a, other)
    with open(f"{DEBUGFS}/{FILES[side]}", "w") as knob:
        knob.write(f"{at} 1 {1 << 62:x}")
    wait_for(lambda: (PAIR.a.cmd(f"ping -qc 1 -W 1 {vm.v4}", fail=False),
                      seen[f"{side}_reset"] == 1)[1], "the reset", timeout=60)
    vm.ping()
    stream.moving()
    stream.check()
    ksft_eq((seen["tx_reset"] + seen["rx_reset"], seen.queues(side, "err_desc")), (1, {at: 1}),
            "resets, and queues that the device has stopped")


@ksft_case
def port_goes():
    """The port takes its VMs along."""
    Vm(1)
    Vm(2, queues=2)
    module_unload()
    module_load()


ksft_run(setup)
