#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# seconds: 25
# timeout: 900
"""Isolation of 32 virtual machines: 16 behind macvlan, 16 behind NVGRE tunnels that all
have the same inner MAC and IP address. Each datagram, of one of four lengths, carries the
number of its VM all through, which its receiver checks; each VM's counters show its own
frames and no other; VMs come and go throughout.

NVNIC_VMQ_FRAMES is how many frames are sent in all (32000 without it). A million takes
about 20 minutes under TCG:

    scripts/vm-run.sh --timeout 7200 -- env NVNIC_VMQ_FRAMES=1000000 \
            selftests/run.sh --slow 8 vmq_isolation.py

Copyright (C) 2026 nvnic contributors
"""

import os
import random
import socket
import struct

from lib.frames import (ETH_P_IP, ETH_P_TEB, GRE, SO_RCVBUFFORCE, UDP, Sender, addr, eth, gre, ipv4,
                        mac, udp)
from lib.hwstats import hwstats, rule_counts
from lib.ktap import ksft_case, ksft_eq, ksft_in, ksft_pr, ksft_run
from lib.nvnic import Pair, netns_add
from lib.shell import cmd, defer, in_netns, wait_for
from lib.station import set_counters

PAIR = TX = None
HALF, BATCH = 16, 20
FRAMES = int(os.environ.get("NVNIC_VMQ_FRAMES", "32000"))
INNER, INNER_IP = "02:aa:00:00:00:11", "10.77.0.2"
MAC_A = "02:4e:56:00:00:00"
PORT = 9
# How often a datagram holds the number of its VM
REPEATS = (1, 8, 100, 350)


def setup():
    global PAIR, TX
    PAIR = Pair(ns_a=None, ipv6=False)
    PAIR.b.cmd(f"ethtool -L nvn1 combined {HALF + 1}")
    PAIR.b.cmd("ethtool -X nvn1 equal 1")
    PAIR.b.cmd("ethtool -K nvn1 l2-fwd-offload on")
    TX = Sender("nvn0")


class Vm:
    """A namespace with an interface and a socket that receives what is for it."""

    def __init__(self, number):
        self.number, self.ns, self.sock = number, netns_add(f"v{number}"), None
        self.sent = self.got = 0
        self.payloads = [struct.pack("!I", number) * count for count in REPEATS]
        defer(self.remove)

    def add(self):
        self.make()
        cmd(f"ip addr add {self.ip}/24 dev vm{self.number}", ns=self.ns)
        cmd(f"ip link set vm{self.number} up", ns=self.ns)
        with in_netns(self.ns):
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20)
        self.sock.bind((self.ip, PORT))
        self.sock.setblocking(False)
        self.sent = self.got = 0

    def remove(self):
        if self.sock:
            self.sock.close()
            self.sock = None
            self.unmake()

    def datagrams(self, dst_mac, src_ip):
        return [eth(mac(dst_mac), mac(MAC_A), ETH_P_IP, ipv4(
            addr(src_ip), addr(self.ip), UDP,
            udp(addr(src_ip), addr(self.ip), 1000, PORT, payload))) for payload in self.payloads]

    def send(self):
        for n in range(BATCH):
            TX.send(self.frames[n % len(self.frames)])
        self.sent += BATCH

    def receive(self):
        """Take what has come, and look whose it was."""
        while True:
            try:
                data = self.sock.recv(2000)
            except BlockingIOError:
                return
            self.got += 1
            ksft_in(data, self.payloads, f"datagram received by {self.number}")


class Station(Vm):
    """Behind a macvlan."""

    def __init__(self, number):
        super().__init__(number)
        self.ip, self.mac = f"10.9.0.{100 + number}", f"02:00:00:00:01:{number:02x}"
        self.frames = self.datagrams(self.mac, "10.9.0.1")

    def make(self):
        PAIR.b.cmd(f"ip link add vm{self.number} link nvn1 netns {self.ns} address {self.mac} "
                   "type macvlan mode bridge")

    def unmake(self):
        cmd(f"ip link del vm{self.number}", ns=self.ns)

    def counted(self, rules):
        return set_counters(f"vm{self.number}")["rx_packets"]


class Tenant(Vm):
    """Behind a tunnel; its inner addresses are those of all tenants."""

    def __init__(self, number):
        super().__init__(number)
        self.ip, self.vsid, self.queue = INNER_IP, 5000 + number, number - HALF + 1
        outer = mac(PAIR.b.mac())
        self.frames = [eth(outer, mac(MAC_A), ETH_P_IP, ipv4(
            addr("10.9.0.1"), addr("10.9.0.2"), GRE,
            gre(ETH_P_TEB, inner, key=self.vsid << 8)))
            for inner in self.datagrams(INNER, "10.77.0.1")]

    def make(self):
        name = f"vm{self.number}"
        PAIR.b.cmd(f"ethtool -N nvn1 flow-type ether dst {INNER} user-def {self.vsid:#x} "
                   f"action {self.queue} loc {self.number}")
        PAIR.b.cmd(f"ip link add {name} address {INNER} type gretap local 10.9.0.2 "
                   f"remote 10.9.0.1 key {self.vsid << 8}")
        PAIR.b.cmd(f"ip link set {name} netns {self.ns}")

    def unmake(self):
        cmd(f"ip link del vm{self.number}", ns=self.ns)
        PAIR.b.cmd(f"ethtool -N nvn1 delete {self.number}")

    def counted(self, rules):
        return rules[self.number][0]


def check(vms, before):
    """Every VM has all of its frames, and its counters say so."""
    def all_there():
        for vm in vms:
            vm.receive()
        return all(vm.got >= vm.sent for vm in vms)
    wait_for(all_there, "all frames")
    stats, rules = hwstats(PAIR.b), rule_counts(PAIR.b)
    ksft_eq({vm.number: (vm.got, vm.counted(rules)) for vm in vms},
            {vm.number: (vm.sent, vm.sent) for vm in vms}, "(received, counted) of each VM")
    for name in ("wire_rx_drop_vmq", "wire_rx_drop_noqueue"):
        ksft_eq(stats[name], before[name], name)


@ksft_case
def isolation():
    vms = [Station(n) for n in range(HALF)] + [Tenant(n) for n in range(HALF, 2 * HALF)]
    for vm in vms:
        vm.add()
    total, away, rng, before = 0, [], random.Random(7), hwstats(PAIR.b)
    while total < FRAMES:
        # To those who are away, too: nobody else may get it.
        for vm in rng.sample(vms, len(vms)):
            vm.send()
            total += BATCH
        check([vm for vm in vms if vm not in away], before)
        if total // (BATCH * len(vms)) % 5 == 0:
            while away:
                away.pop().add()
            away = [rng.choice(vms[:HALF]), rng.choice(vms[HALF:])]
            for vm in away:
                vm.remove()
        if total % 50000 < BATCH * len(vms):
            ksft_pr(f"{total} of {FRAMES} frames")
    ksft_pr(f"{total} frames")


ksft_run(setup)
