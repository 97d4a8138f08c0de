#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# timeout: 7200
"""Everything at once, at random, for minutes: for the debug kernels.

Streams of TCP and UDP run through tunnels and beside them, while this process
switches offloads, changes MTU, rings, channels, RSS and flow control, reads
statistics, captures, creates and removes other adapters and moves their ports.
VMs behind macvlan come, change and go, with queues of their own in the device and
without; rules send tunnelled frames to other queues.
In between the streams' own link goes: down and up, to another namespace, away
with its adapter. Where the kernel has fault injection, allocations below the
module's functions fail in part of the rounds.

What arrives must be what was sent. A stream may end only where its link was
taken away. Datagrams that are lost must have been counted as dropped, and at the
end the counters of device and driver must add up.

Options, behind "--": --seconds=N (default 300), --seed=N (default random).

Copyright (C) 2026 nvnic contributors
"""

import argparse
import collections
import os
import random
import re
import secrets
import socket
import sys
import time

from lib.churn import Vm
from lib.hwstats import hwstats
from lib.inject import Injection
from lib.ktap import ksft_case, ksft_eq, ksft_ge, ksft_le, ksft_pr, ksft_run
from lib.nvnic import FEATURES, FLAGS, WIRE, Pair, Port, delta, netns_add, total
from lib.shell import CmdExitFailure, cmd, defer, in_netns, undo, undo_depth, wait_for
from lib.traffic import TcpFlow, UdpFlow

# What the flows' tunnels carry and the ports' MTU leaves room for
TUNNEL_MTU = 1300
MTUS = (1400, 1500, 1665, 2000, 4000, 9000, 9216)
OTHERS = (1, 2, 3)
VMS = (1, 2, 3)
RULES = (1, 2, 3, 4)

OPT = RNG = INJECT = None
PAIR, TUNNELS, FLOWS = None, [], []
ROUND = {}
DONE, REFUSED = collections.Counter(), collections.Counter()


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int,
                        default=os.environ.get("NVNIC_STRESS_SECONDS") or "300")
    parser.add_argument("--seed", type=int, default=os.environ.get("NVNIC_STRESS_SEED") or
                        secrets.randbelow(1 << 32))
    known, rest = parser.parse_known_args()
    sys.argv[1:] = rest
    return known


def setup():
    global RNG, INJECT
    ksft_pr(f"seed {OPT.seed}, {OPT.seconds} s; again: scripts/check-debug.sh --seed {OPT.seed} "
         f"--seconds {OPT.seconds} --only stress.py KERNEL")
    RNG = random.Random(OPT.seed)
    INJECT = Injection()
    for ns in ("a", "b", "c"):
        netns_add(ns)
        # A link that was down for a moment is the same link.
        cmd("sysctl -qw net.ipv6.conf.all.keep_addr_on_down=1 "
            "net.ipv6.conf.default.keep_addr_on_down=1", ns=ns)
    for number in VMS:
        netns_add(f"v{number}")
    for number in OTHERS:
        defer(remove_adapter, number)


# ---- the streams' world ----

def world():
    """Ports, addresses and tunnels, after anything that may have happened to them."""
    global PAIR
    PAIR = Pair.__new__(Pair)
    PAIR.a, PAIR.b = Port("nvn0", "a"), Port("nvn1", "b")
    PAIR._tunnels = 0
    for number, port in enumerate(PAIR.ports, 1):
        wait_for(lambda p=port: find(p.ifname) is not None, port.ifname)
        bring(port.ifname, port.ns)
        port.set("down")
        port.cmd(f"ip addr flush dev {port}", fail=False)
        port.set("mtu 1500")
        port.up()
        port.address(f"10.9.0.{number}/24", f"fd09::{number}/64")
    for port in PAIR.ports:
        port.wait_carrier()
    for port in PAIR.ports:
        for number in (1, 2):
            port.cmd(f"ip link del t{number}", fail=False)
    TUNNELS[:] = [PAIR.tunnel("gretap", key=5000 << 8 | RNG.randrange(256), mtu=TUNNEL_MTU),
                  PAIR.tunnel("ip6gretap", key=5001 << 8, csum=RNG.random() < 0.5,
                              mtu=TUNNEL_MTU)]
    for tunnel in (*TUNNELS, PAIR):
        tunnel.a.cmd(f"ping -c 1 -W 10 {tunnel.b.v4}")


def find(ifname):
    """The namespace that an interface is in ("" the first), or None."""
    for ns in ("", "a", "b", "c"):
        with in_netns(ns or None):
            if ifname in [name for _, name in socket.if_nameindex()]:
                return ns
    return None


def bring(ifname, ns):
    here = find(ifname)
    if here is not None and here != ns:
        where = f"-n {here} " if here else ""
        cmd(f"ip {where}link set {ifname} netns {ns or 1}")


def start_flows():
    outer, inner = TUNNELS
    FLOWS[:] = [
        TcpFlow("TCP in gretap", outer.a, outer.b, 4, seed=RNG.random()),
        TcpFlow("TCP/IPv6 in ip6gretap", inner.b, inner.a, 6, seed=RNG.random()),
        TcpFlow("TCP beside the tunnels", PAIR.a, PAIR.b, RNG.choice((4, 6)), seed=RNG.random()),
        UdpFlow("UDP beside the tunnels", PAIR.b, PAIR.a, RNG.choice((4, 6)), seed=RNG.random()),
        UdpFlow("UDP, segmented, in gretap", outer.a, outer.b, 4, 1000, RNG.randint(2, 40),
                seed=RNG.random()),
        UdpFlow("UDP, fragmented, in ip6gretap", inner.a, inner.b, 6, RNG.randint(3000, 9000),
                seed=RNG.random()),
    ]


def end_flows():
    """Stop them; what arrived is right, and all of it unless the link was taken."""
    for flow in FLOWS:
        flow.ending.set()
    # All at once may take its time in a kernel that checks everything.
    for flow in FLOWS:
        if ROUND["taken"]:
            flow.cut()
        else:
            flow.finish()
    wrong = [f"{f.name}: {f.wrong}" for f in FLOWS if f.wrong]
    ksft_eq(wrong, [], f"bytes that were not sent so, {about()}")
    if not ROUND["taken"]:
        for flow in FLOWS:
            ksft_eq(flow.error, None, f"{flow.name}, {about()}")
            ksft_ge(flow.received, 1, f"{flow.name}: nothing arrived, {about()}")
            if isinstance(flow, TcpFlow):
                ksft_eq(flow.received, flow.sent, f"{flow.name}, bytes, {about()}")
    DONE["bytes over TCP"] += sum(f.received for f in FLOWS if isinstance(f, TcpFlow))
    DONE["datagrams"] += sum(f.received for f in FLOWS if isinstance(f, UdpFlow))


def end_vm(number):
    DONE["datagrams of VMs"] += ROUND["vms"].pop(number).end()


def about():
    return f"round {ROUND['number']}: {', '.join(ROUND['log'][-12:])}"


# ---- what is done to it ----

def either():
    return RNG.choice(PAIR.ports)


def feature():
    port = either()
    port.cmd(f"ethtool -K {port} {RNG.choice(FEATURES)} {RNG.choice(('on', 'off'))}")


def private_flag():
    port = either()
    port.cmd(f"ethtool --set-priv-flags {port} {RNG.choice(FLAGS)} {RNG.choice(('on', 'off'))}")


def mtu():
    size = RNG.choice(MTUS)
    for port in PAIR.ports:
        port.set(f"mtu {size}")


def rings():
    port = either()
    rx, tx = (1 << RNG.randint(6, 12) for _ in "rt")
    port.cmd(f"ethtool -G {port} rx {rx} tx {tx}")


def channels():
    # What waits in the stack's queues that go is dropped by the stack, uncounted.
    ROUND["loose"] = True
    port = either()
    port.cmd(f"ethtool -L {port} combined {RNG.choice((1, 2, 3, 4, 7))}")


def rss_key():
    port = either()
    port.cmd(f"ethtool -X {port} hkey {RNG.randbytes(40).hex(':')}")


def rss_table():
    port = either()
    port.cmd(f"ethtool -X {port} {RNG.choice(('default', 'equal 1', 'equal 2', 'weight 1 2'))}")


def rss_fields():
    port = either()
    port.cmd(f"ethtool -N {port} rx-flow-hash {RNG.choice(('udp4', 'udp6', 'tcp4'))} "
             f"{RNG.choice(('sd', 'sdfn'))}")


def flow_control():
    port = either()
    port.cmd(f"ethtool -A {port} tx {RNG.choice(('on', 'off'))} rx {RNG.choice(('on', 'off'))}")


def statistics():
    port = either()
    hwstats(port)
    port.qstats(per_queue=True)
    port.link()


def tap():
    cmd(f"ip link set {WIRE} {RNG.choice(('up', 'down'))}")


def capture():
    port = either()
    port.cmd(f"timeout 1 tcpdump -i {port} -w /dev/null", fail=False)


def write_bus(name, number):
    with open(f"/sys/bus/nvnic/{name}", "w") as knob:
        knob.write(str(number))


def remove_adapter(number):
    if os.path.exists(f"/sys/class/net/nvnwire{number}"):
        write_bus("del_device", number)


def create_adapter(number):
    """Its ports get names of their own: nvn0 may be free in this namespace."""
    write_bus("new_device", number)
    try:
        for port in (0, 1):
            name, = os.listdir(f"/sys/bus/nvnic/devices/nvnic{number}.{port}/net")
            cmd(f"ip link set {name} name other{number}{port}")
    except (CmdExitFailure, OSError):
        # Without memory there may be an adapter without ports.
        remove_adapter(number)
        raise


def other_adapter():
    """Another adapter comes, is used, or goes."""
    number = RNG.choice(OTHERS)
    if not os.path.exists(f"/sys/class/net/nvnwire{number}"):
        create_adapter(number)
        return
    if RNG.random() < 0.4:
        remove_adapter(number)
        return
    for name in (f"other{number}0", f"other{number}1"):
        bring(name, RNG.choice(("", "a", "b", "c")))
        where = find(name)
        cmd(f"ip {f'-n {where} ' if where else ''}link set {name} {RNG.choice(('up', 'down'))}")


def vm_queues():
    port = either()
    port.cmd(f"ethtool -K {port} l2-fwd-offload {RNG.choice(('on', 'on', 'off'))}")


def vm():
    """A VM comes, changes, or goes."""
    number = RNG.choice(VMS)
    if number not in ROUND["vms"]:
        ends = RNG.sample(PAIR.ports, 2)
        ROUND["vms"][number] = Vm(number, *ends, f"v{number}", RNG.random() < 0.7, RNG.random())
    elif RNG.random() < 0.5:
        end_vm(number)
    elif RNG.random() < 0.5:
        ROUND["vms"][number].bounce()
    else:
        ROUND["vms"][number].change_address(RNG.randrange(4))


def rule():
    """Frames of a tunnel go to a queue of the rule's, or no longer."""
    port, location = either(), RNG.choice(RULES)
    if RNG.random() < 0.5:
        port.cmd(f"ethtool -N {port} delete {location}")
    else:
        port.cmd(f"ethtool -N {port} flow-type ether proto {RNG.choice((0x0800, 0x86dd)):#x} "
                 f"user-def {RNG.choice((5000, 5001)):#x} action {RNG.randrange(3)} "
                 f"loc {location}")


GENTLE = (feature, feature, feature, private_flag, mtu, rings, rings, channels, rss_key,
          rss_table, rss_fields, flow_control, statistics, tap, capture, other_adapter,
          other_adapter, vm_queues, vm_queues, vm, vm, vm, vm, vm, rule, rule)


def go_on():
    """Nothing is taken: whatever was sent must arrive."""


def flap():
    """The link goes down and comes back; nobody says that a stream must end of it."""
    port = either()
    port.down()
    time.sleep(RNG.random())
    port.up()
    port.wait_carrier()
    time.sleep(1)


def move():
    """A port goes to another namespace, running."""
    port = either()
    cmd(f"ip -n {port.ns} link set {port} netns c")
    time.sleep(RNG.random())
    cmd(f"ip -n c link set {port} netns {port.ns}")


def replace():
    """The streams' adapter goes, and a new one comes."""
    write_bus("del_device", 0)
    INJECT.stop()
    write_bus("new_device", 0)


VIOLENT = (go_on, go_on, go_on, flap, flap, move, replace)


def act(action):
    """One change. It may be refused with a word, and that is all."""
    name = action.__name__
    ROUND["log"].append(name)
    try:
        action()
        DONE[name] += 1
    except (CmdExitFailure, OSError) as error:
        REFUSED[name] += 1
        text = str(error)
        if not ROUND["inject"] and not re.search(r"(?s)stderr:|Errno", text):
            raise AssertionError(f"{name} failed without a word, {about()}: {text}") from error
        ksft_pr(f"{name}: {text.splitlines()[-1]}")


# ---- accounting ----

# Where a datagram can end up but in the receiver's hands; a VM's are not asked after.
# Sums over all queues: the rows of one go with it.
DROPS = re.compile(r"tx_drop(_(?!spoof)\w+)?|rx_(drop|flushed|missed)|"
                   r"wire_rx_drop_(?!vmq|filtered)\w+")


def stack_drops(port):
    """What the network stack of a port's namespace counted as dropped."""
    with in_netns(port.ns), open("/proc/thread-self/net/snmp") as table:
        rows = [line.split() for line in table]
    found = collections.Counter()
    for names, values in zip(rows[::2], rows[1::2]):
        found.update({names[0] + n: int(v) for n, v in zip(names[1:], values[1:])})
    with in_netns(port.ns), open("/proc/thread-self/net/snmp6") as table:
        for line in table:
            name, value = line.split()
            found[name] = int(value)
    qdisc = port.cmd(f"tc -s -j qdisc show dev {port}").json()
    return collections.Counter({
        "UDP": found["Udp:InErrors"] + found["Udp6InErrors"],
        "IP": found["Ip:InDiscards"] + found["Ip:OutDiscards"] + found["Ip6InDiscards"]
        + found["Ip6OutDiscards"],
        "qdisc": sum(q.get("drops", 0) for q in qdisc if q.get("root"))})


def drops():
    """By port and cause"""
    found = collections.Counter()
    for port in PAIR.ports:
        counters = {n: v for n, v in hwstats(port).items() if DROPS.fullmatch(n)}
        for name, value in (*counters.items(), *stack_drops(port).items()):
            found[f"{port}.{name}"] = value
    return found


def account(before):
    """Every plain datagram that is lost was counted by somebody."""
    lost = sum(f.sent - f.received for f in FLOWS if isinstance(f, UdpFlow)
               and f.count == 1 and f.size < TUNNEL_MTU)
    causes = {n: v for n, v in delta(before, drops()).items() if v}
    if lost or causes:
        ksft_pr(f"round {ROUND['number']}: {lost} plain datagrams lost; drops: {causes or 'none'}")
    if not ROUND["loose"]:
        ksft_le(lost, sum(causes.values()), f"datagrams lost and none counted, {about()}")


def counters(port):
    """Of ethtool -S, and what the link has received and sent."""
    link = port.link()["stats64"]
    return hwstats(port) + collections.Counter({f"link_{side}_packets": link[side]["packets"]
                                                for side in ("rx", "tx")})


def quiet():
    """The counters of both ports once they have come to rest."""
    last = None
    for _ in range(60):
        now = [counters(port) for port in PAIR.ports]
        if now == last:
            break
        last = now
        time.sleep(0.3)
    return now


def adds_up(port, own, peer):
    """Documentation/statistics.rst: what holds on an idle port."""
    what = f"{port}, {about()}"
    ksft_eq(own["wire_tx_frames"], peer["wire_rx_frames"], f"sent by {port} and arrived; {what}")
    ksft_eq(own["wire_tx_bytes"], peer["wire_rx_bytes"], f"bytes sent by {port}; {what}")
    ksft_eq(own["wire_rx_frames"], total(own, r"wire_rx_drop_\w+") + own["rx_missed"]
            + own["rx_frames"], f"arrived, and dropped or delivered; {what}")
    ksft_eq(own["rx_frames"], own["link_rx_packets"] + own["rx_flushed"],
            f"delivered, and received by the driver; {what}")
    ksft_ge(own["wire_tx_frames"], own["tx_frames"], f"sent by queue; {what}")
    if not own["tx_drop"] + own["tx_reset"]:
        ksft_eq(own["link_tx_packets"], own["wire_tx_frames"], f"sent, and completed; {what}")
    for number in {m[1] for m in (re.match(r"hw_rx(\d+)_", n) for n in own) if m}:
        for names in ("csum_(unnecessary|complete|none)", "rss_(l4|l3|none)",
                      "parse_(l2|ip|frag|l4|too_long|bad)"):
            ksft_eq(total(own, rf"hw_rx{number}_{names}"), own[f"hw_rx{number}_frames"],
                    f"frames of queue {number} by {names}; {what}")
    # The device refuses a write for which it has no memory.
    faults = {n: v for n, v in own.items() if v and re.fullmatch(
        r"[rt]x_(err_\w+|drop_refused|drop_mismatch|bad_completion|reset)|dma_faults"
        + ("" if INJECT.possible else "|csr_bad"), n)}
    ksft_eq(faults, {}, f"faults; {what}")


def check_counters():
    a, b = quiet()
    adds_up(PAIR.a, a, b)
    adds_up(PAIR.b, b, a)


# ---- rounds ----

def begin(number, *log):
    ROUND.update(number=number, log=list(log), taken=False, loose=False, inject=False, vms={})


def one_round(number, seconds):
    begin(number)
    depth = undo_depth()
    world()
    before = drops()
    start_flows()
    end = time.monotonic() + seconds
    if INJECT.possible and RNG.random() < 0.5:
        ROUND.update(inject=True, loose=True)
        percent = RNG.choice((1, 5, 20))
        INJECT.start(percent)
        ROUND["log"].append(f"{percent} % of allocations fail")
        DONE["rounds with failing allocations"] += 1
    while time.monotonic() < end:
        act(RNG.choice(GENTLE))
        time.sleep(RNG.random() * 0.5)
    last = RNG.choice(VIOLENT)
    if ROUND["inject"] or last is not go_on:
        # An allocation that fails on the way back may take the link down.
        ROUND["taken"] = True
    act(last)
    INJECT.stop()
    for vm_number in list(ROUND["vms"]):
        end_vm(vm_number)
    end_flows()
    if last in (go_on, flap):
        if not ROUND["taken"]:
            account(before)
        check_counters()
    undo(depth)
    DONE["rounds"] += 1


@ksft_case
def storm():
    end, number = time.monotonic() + OPT.seconds, 0
    while time.monotonic() < end:
        number += 1
        one_round(number, min(RNG.uniform(5, 25), max(3, end - time.monotonic())))
    ksft_pr(", ".join(f"{name}: {count}" for name, count in sorted(DONE.items())))
    ksft_pr("refused: " + (", ".join(f"{n}: {c}" for n, c in sorted(REFUSED.items())) or "nothing"))


@ksft_case
def works_afterwards():
    begin(0, "the end")
    INJECT.stop()
    world()
    start_flows()
    time.sleep(2)
    end_flows()
    check_counters()


OPT = options()
ksft_run(setup)
