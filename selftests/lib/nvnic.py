# SPDX-License-Identifier: GPL-2.0
"""nvnic selftests: the module, its two ports in network namespaces, tunnels between
them, ethtool, traffic:

    from lib.ktap import ksft_case, ksft_run
    from lib.nvnic import Pair
    from lib.shell import cmd

    PAIR = None

    def setup():
        global PAIR
        PAIR = Pair()

    @ksft_case
    def ping():
        tun = PAIR.tunnel("gretap", key=5000 << 8)
        cmd(f"ping -c 1 -W 5 {tun.b.v4}", ns=tun.a.ns)

    ksft_run(setup)

What a case makes is undone when the case ends; what setup() makes, after the
last case. NVNIC_STANDIN=veth puts a veth pair in the place of the module.

Copyright (C) 2026 nvnic contributors
"""

import collections
import hashlib
import json
import os
import re
import socket
import struct
import threading
import time

from .genl import qstats
from .hwstats import carrier, hwstats
from .ktap import ksft_eq, ksft_in
from .shell import bkg, cmd, defer, in_netns, quiesce, wait_for

STANDIN = os.environ.get("NVNIC_STANDIN")
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KO = os.environ.get("NVNIC_KO", os.path.join(TOP, "nvnic.ko"))
WIRE = "nvnwire0"
# Descriptors of a new port's rings
RING = 1024


def module_loaded():
    return os.path.isdir("/sys/module/nvnic")


def module_load(arguments=""):
    """insmod nvnic.ko, unless it is loaded; wait for the ports."""
    if STANDIN:
        return
    if not module_loaded():
        cmd(f"insmod {KO} {arguments}")
    wait_for(lambda: os.path.isdir("/sys/module/nvnic"), "the module")


def module_unload():
    if module_loaded():
        cmd("rmmod nvnic")


def netns_add(name):
    """A namespace with lo up and IPv6 DAD off; deleted at the end of the case."""
    cmd(f"ip netns add {name}")
    defer(cmd, f"ip netns del {name}", fail=False)
    cmd(f"ip -n {name} link set lo up")
    cmd(["sysctl", "-qw", "net.ipv6.conf.default.router_solicitations=0"] +
        [f"net.ipv6.conf.{scope}.{knob}=0" for scope in ("all", "default")
         for knob in ("accept_dad", "dad_transmits")], ns=name)
    return name


def believe_neighbours(*ifnames, seconds=600):
    """Neighbours that are known are not asked again for so long, on these interfaces of
    the initial namespace and on all that are made from now on, anywhere."""
    cmd(["sysctl", "-qw"] + [f"net.{ip}.neigh.{name}.delay_first_probe_time={seconds}"
                             for ip in ("ipv4", "ipv6") for name in ("default", *ifnames)])


# What may be switched under traffic: ethtool -K, and private flags
FEATURES = ("tx-tcp-segmentation", "tx-tcp6-segmentation", "tx-tcp-ecn-segmentation",
            "tx-tcp-mangleid-segmentation", "tx-gre-segmentation", "tx-gre-csum-segmentation",
            "tx-gso-partial", "tx-udp-segmentation", "tx-checksum-ip-generic", "rx-checksumming",
            "receive-hashing", "tx-scatter-gather", "generic-segmentation-offload",
            "generic-receive-offload")
FLAGS = ("gre-gso-partial", "nvgre-offload", "rss-inner", "engine-threads")


def new_adapter(number):
    """Create an adapter; gone when the case ends. The names of its ports."""
    def write(file):
        with open(f"/sys/bus/nvnic/{file}", "w") as bus:
            bus.write(str(number))
    write("new_device")
    defer(write, "del_device")
    return [os.listdir(f"/sys/bus/nvnic/devices/nvnic{number}.{port}/net")[0]
            for port in range(2)]


class Port:
    """A network interface in a namespace, with its addresses."""

    def __init__(self, ifname, ns=None, v4=None, v6=None):
        self.ifname, self.ns, self.v4, self.v6 = ifname, ns, v4, v6

    def __str__(self):
        return self.ifname

    def cmd(self, command, **kwargs):
        return cmd(command, ns=self.ns, **kwargs)

    def set(self, words, **kwargs):
        """ip link set dev IF WORDS"""
        return self.cmd(f"ip link set dev {self.ifname} {words}", **kwargs)

    def up(self):
        self.set("up")

    def down(self):
        self.set("down")

    def address(self, v4=None, v6=None):
        for prefix, option in ((v4, ""), (v6, "nodad")):
            if prefix:
                self.cmd(f"ip addr add {prefix} dev {self.ifname} {option}")
        self.v4 = v4.split("/")[0] if v4 else self.v4
        self.v6 = v6.split("/")[0] if v6 else self.v6

    def set_ipv6(self, on):
        """Without IPv6 the kernel sends nothing of its own: for tests that count frames."""
        self.cmd(f"sysctl -qw net.ipv6.conf.{self.ifname}.disable_ipv6={int(not on)}")
        if on:
            # The address has gone with it.
            self.cmd(f"ip addr replace {self.v6}/64 dev {self.ifname} nodad")

    def returns(self):
        """A driver has made the interface anew: as Pair(ipv6=False) had it, once it is there."""
        wait_for(lambda: os.path.isdir(f"/sys/class/net/{self}"), str(self))
        if self.ns:
            cmd(f"ip link set {self} netns {self.ns}")
        self.set_ipv6(False)
        self.address(f"{self.v4}/24")
        self.up()

    def addr(self, family):
        return self.v4 if family == 4 else self.v6

    def sysfs(self, name):
        """Content of /sys/class/net/IF/NAME ("" when it cannot be read)."""
        return self.cmd(f"cat /sys/class/net/{self.ifname}/{name}", fail=False).stdout.strip()

    def carrier(self):
        return carrier(self)

    def wait_carrier(self, present=True):
        # Twice: each look has the stack take up what it was told before that look.
        wait_for(lambda: self.carrier() == present == self.carrier(),
                 f"{self.ifname} to {'get' if present else 'lose'} its carrier")

    def link(self):
        """ip -s -s -d -j link show IF, as a dict."""
        quiesce()
        return self.cmd(f"ip -s -s -d -j link show dev {self.ifname}").json()[0]

    def mac(self):
        return self.link()["address"]

    def features(self):
        """ethtool -k: {name: True or False}"""
        return {name: state for name, (state, _) in self._features().items()}

    def fixed_features(self):
        return {name for name, (_, fixed) in self._features().items() if fixed}

    def _features(self):
        found = {}
        for line in self.cmd(f"ethtool -k {self.ifname}").stdout.splitlines()[1:]:
            match = re.match(r"\s*([^:]+): (on|off)(.*)", line)
            if match:
                found[match[1]] = (match[2] == "on", "[fixed]" in match[3])
        return found

    def set_features(self, undo_later=True, **changes):
        """ethtool -K; a name is written with _ for -: set_features(tx_gre_segmentation=False).

        The states before are put back when the case ends. Raises when a
        feature is not as asked for afterwards.
        """
        wanted = {name.replace("_", "-"): bool(state) for name, state in changes.items()}
        before = self.features()
        unknown = wanted.keys() - before.keys()
        if unknown:
            raise AssertionError(f"{self.ifname} has no feature {', '.join(sorted(unknown))}")
        self._ethtool_k(wanted)
        if undo_later:
            defer(self._ethtool_k, {name: before[name] for name in wanted}, check=False)

    def _ethtool_k(self, wanted, check=True):
        words = " ".join(f"{n} {'on' if s else 'off'}" for n, s in wanted.items())
        self.cmd(f"ethtool -K {self.ifname} {words}", fail=check)
        now = self.features()
        wrong = [n for n, s in wanted.items() if now[n] != s]
        if check and wrong:
            raise AssertionError(f"{self.ifname}: still not as asked: {', '.join(wrong)}")

    def priv_flags(self):
        """ethtool --show-priv-flags: {name: True or False}"""
        out = self.cmd(f"ethtool --show-priv-flags {self.ifname}").stdout
        return {m[1]: m[2] == "on" for m in re.finditer(r"^(\S+)\s*: (on|off)$", out, re.M)}

    def set_priv_flag(self, name, state):
        """Set a private flag; put back when the case ends."""
        before = self.priv_flags()
        ksft_in(name, before, f"private flags of {self.ifname}")
        self._priv_flag(name, state)
        defer(self._priv_flag, name, before[name])

    def _priv_flag(self, name, state):
        self.cmd(f"ethtool --set-priv-flags {self.ifname} {name} {'on' if state else 'off'}")

    def stats(self):
        """ethtool -S: Counter of name: value; one that is not there reads 0."""
        return hwstats(self)

    def qstats(self, per_queue=False):
        """netdev-genl statistics: {"tx-hw-gso-packets": 5, ...}; see genl.qstats."""
        return qstats(self.ifname, self.ns, per_queue)


def delta(before, after):
    """What changed between two dicts of counters: {name: difference}."""
    return {name: value - before.get(name, 0) for name, value in after.items()
            if value != before.get(name, 0)}


def total(counters, pattern):
    """Sum of the counters whose whole name matches a regular expression."""
    return sum(v for name, v in counters.items() if re.fullmatch(pattern, name))


Tunnel = collections.namedtuple("Tunnel", "a b kind")

_TUNNELS = {"gretap": 4, "ip6gretap": 6, "gre": 4, "ip6gre": 6}


class Pair:
    """The two ports of the adapter, up, addressed, in namespaces "a" and "b".

    a: nvn0, 10.9.0.1, fd09::1    b: nvn1, 10.9.0.2, fd09::2
    ns_a=None leaves nvn0 in the initial namespace. fresh=True reloads the
    module first. ipv6=False: see Port.set_ipv6().
    """

    def __init__(self, ns_a="a", ns_b="b", fresh=False, mtu=None, ifnames=("nvn0", "nvn1"),
                 ipv6=True):
        if fresh:
            module_unload()
        module_load()
        if STANDIN and not os.path.isdir(f"/sys/class/net/{ifnames[0]}"):
            cmd(f"ip link add {ifnames[0]} type veth peer name {ifnames[1]}")
            defer(cmd, f"ip link del {ifnames[0]}", fail=False)
        self._tunnels = 0
        # What is sent and counted is the test's.
        believe_neighbours()
        defer(believe_neighbours, seconds=5)
        self.a = Port(ifnames[0], ns_a)
        self.b = Port(ifnames[1], ns_b)
        for ns in {ns_a, ns_b} - {None}:
            netns_add(ns)
        for number, port in enumerate((self.a, self.b), 1):
            wait_for(lambda p=port: os.path.isdir(f"/sys/class/net/{p.ifname}"), port.ifname)
            if port.ns:
                cmd(f"ip link set {port.ifname} netns {port.ns}")
            else:
                believe_neighbours(port.ifname)
                cmd(f"sysctl -qw net.ipv6.conf.{port.ifname}.router_solicitations=0")
            if mtu:
                port.set(f"mtu {mtu}")
            port.address(f"10.9.0.{number}/24", f"fd09::{number}/64")
            if not ipv6:
                port.set_ipv6(False)
            port.up()
        for port in (self.a, self.b):
            port.wait_carrier()

    @property
    def ports(self):
        return (self.a, self.b)

    def set_rings(self, port, **sizes):
        """ethtool -G of one of them, rx=64, tx=64; the sizes of a new port are put back when the
        case ends. Waits for the carrier, which both lose meanwhile."""
        def words(values):
            return " ".join(f"{name} {value}" for name, value in values.items())
        port.cmd(f"ethtool -G {port} {words(sizes)}")
        defer(port.cmd, f"ethtool -G {port} {words(dict.fromkeys(sizes, RING))}")
        for end in self.ports:
            end.wait_carrier()

    def next_hop(self):
        """A second adapter, from namespace "b" on to "c": its ports there, up, 10.7.0.2 and
        fd07::2 in "b", 10.7.0.1 and fd07::1 in "c"."""
        names = new_adapter(1)
        out, far = Port(names[0], self.b.ns), Port(names[1], netns_add("c"))
        for port, host in ((out, 2), (far, 1)):
            cmd(f"ip link set {port} netns {port.ns}")
            port.address(f"10.7.0.{host}/24", f"fd07::{host}/64")
            port.up()
        return out, far

    def tunnel(self, kind="gretap", key=None, csum=False, mtu=None, options=""):
        """A gretap, ip6gretap, gre or ip6gre between the ports; both ends carry
        10.9.N.1 and .2, fd09:N::1 and ::2. Gone when the case ends.

        key: the 32-bit GRE key (VSID << 8 | FlowID); csum: GRE checksum.
        """
        self._tunnels += 1
        number = self._tunnels
        ends = []
        for me, peer, host in ((self.a, self.b, 1), (self.b, self.a, 2)):
            family = _TUNNELS[kind]
            name = f"t{number}"
            words = f"local {me.addr(family)} remote {peer.addr(family)} dev {me.ifname}"
            if key is not None:
                words += f" key {key}"
            if csum:
                words += " csum"
            me.cmd(f"ip link add {name} type {kind} {words} {options}")
            end = Port(name, me.ns)
            defer(me.cmd, f"ip link del {name}", fail=False)
            if mtu:
                end.set(f"mtu {mtu}")
            end.address(f"10.9.{number}.{host}/24", f"fd09:{number}::{host}/64")
            end.up()
            ends.append(end)
        return Tunnel(ends[0], ends[1], kind)


def connect(src, dst, family=4, port=0):
    """A TCP connection from Port src to Port dst: (client socket, server socket)."""
    inet = socket.AF_INET if family == 4 else socket.AF_INET6
    with in_netns(dst.ns):
        listener = socket.socket(inet, socket.SOCK_STREAM)
    with in_netns(src.ns):
        client = socket.socket(inet, socket.SOCK_STREAM)
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((dst.addr(family), port))
        listener.listen(1)
        listener.settimeout(15)
        client.settimeout(15)
        client.connect(listener.getsockname()[:2])
        server, _ = listener.accept()
    for sock in (client, server):
        sock.settimeout(120)
        defer(sock.close)
    return client, server


def retransmits(sock):
    """Segments that a TCP socket has sent again (tcpi_total_retrans)."""
    return struct.unpack_from("=I", sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104),
                              100)[0]


class Transfer:
    """SIZE random bytes over TCP from Port src to Port dst, in the background.

        transfer = Transfer(tun.a, tun.b, 64 << 20)
        ... change something under it ...
        transfer.check()     # waits; raises unless the SHA-256 sums are equal
    """

    def __init__(self, src, dst, size, family=4):
        self.size, self.sent, self.got, self.error = size, hashlib.sha256(), hashlib.sha256(), None
        self.received = 0
        self.started = time.monotonic()
        self.client, self.server = connect(src, dst, family)
        self.threads = [threading.Thread(target=self._guard, args=(f,), daemon=True)
                        for f in (self._send, self._receive)]
        for thread in self.threads:
            thread.start()

    def _guard(self, func):
        try:
            func()
        except OSError as error:
            self.error = self.error or error

    def _send(self):
        block = os.urandom(1 << 20)
        left = self.size
        while left:
            # Random once, different in each block: random bytes are slow here.
            piece = (struct.pack("=Q", left) + block[8:])[:left]
            self.sent.update(piece)
            self.client.sendall(piece)
            left -= len(piece)
        self.client.shutdown(socket.SHUT_WR)

    def _receive(self):
        while True:
            data = self.server.recv(1 << 20)
            if not data:
                return
            self.got.update(data)
            self.received += len(data)

    def running(self):
        return any(t.is_alive() for t in self.threads)

    def check(self, timeout=300):
        """Wait for the end; return the number of retransmitted segments."""
        for thread in self.threads:
            thread.join(max(0.1, timeout - (time.monotonic() - self.started)))
        if self.running():
            raise AssertionError(f"transfer stuck at {self.received} of {self.size} bytes")
        if self.error:
            raise AssertionError(f"transfer: {self.error} after {self.received} bytes")
        ksft_eq(self.received, self.size, "bytes received")
        ksft_eq(self.got.hexdigest(), self.sent.hexdigest(), "SHA-256 of what arrived")
        again = retransmits(self.client)
        self.client.close()
        self.server.close()
        return again


def iperf3(src, dst, family=4, seconds=3, options=""):
    """Run iperf3 from Port src to Port dst; return its JSON result."""
    server = bkg(f"iperf3 -s -1 -B {dst.addr(family)}", ns=dst.ns)
    wait_for(lambda: ":5201 " in dst.cmd("ss -Hltn").stdout, "the iperf3 server")
    out = src.cmd(f"iperf3 -J -c {dst.addr(family)} -t {seconds} {options}", fail=False,
                  timeout=seconds + 60)
    result = json.loads(out.stdout or "{}")
    if out.ret or "error" in result:
        raise AssertionError(f"iperf3: {result.get('error') or out.stderr}")
    server.wait(timeout=30, fail=False)
    return result
