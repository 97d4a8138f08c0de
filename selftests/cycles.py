#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# seconds: 60
# timeout: 500
"""The module comes and goes 200 times (or $NVNIC_CYCLES, a multiple of 20), under
everything that can be going on, and leaves nothing behind.

Copyright (C) 2026 nvnic contributors
"""

import ctypes
import errno
import os
import re
import socket
import struct
import threading
import time

from lib.frames import ETH_P_IP, TCP, Listener, Sender, addr, eth, ipv4, mac, tcp
from lib.ktap import (ksft_case, ksft_eq, ksft_ge, ksft_in, ksft_le, ksft_pr, ksft_raises, ksft_run,
                      ksft_true, ksft_variants)
from lib.nvnic import KO, TOP, WIRE, Port, Transfer, module_loaded, module_unload, netns_add
from lib.shell import KsftSkipEx, bkg, cmd, defer, in_netns, undo, undo_depth, wait_for

CYCLES = int(os.environ.get("NVNIC_CYCLES", 200))
# Memory that a cycle may cost, in bytes, once all caches are warm
LEAK = 16 << 10
WARM = 40

MAC_A, MAC_B = mac("02:4e:56:00:00:00"), mac("02:4e:56:00:00:01")
LIBC = ctypes.CDLL(None, use_errno=True)
IMAGE = None


def setup():
    global IMAGE
    module_unload()
    # Without its debug information it loads in a fraction of the time.
    small = "/tmp/nvnic-cycles.ko"
    cmd(f"strip -g -o {small} {KO}")
    defer(os.unlink, small)
    with open(small, "rb") as file:
        IMAGE = file.read()
    for ns in ("a", "b"):
        netns_add(ns)


# insmod and rmmod without a process each

def _syscall(number, *args):
    if LIBC.syscall(number, *args) < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def load(arguments=""):
    _syscall(175, IMAGE, len(IMAGE), arguments.encode())


def unload():
    _syscall(176, b"nvnic", os.O_NONBLOCK)


# ip link set, likewise

_RTM_NEWLINK, _IFF_UP, _IFLA_NET_NS_FD = 16, 1, 28


def link_set(dev, ns=None, to=None, up=False):
    """Move an interface from namespace NS to namespace TO, or bring it up."""
    with in_netns(ns):
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        index = socket.if_nametoindex(dev)
    with sock, open(f"/run/netns/{to}" if to else "/dev/null") as target:
        body = struct.pack("=BxHiII", 0, 0, index, _IFF_UP if up else 0, _IFF_UP if up else 0)
        if to:
            body += struct.pack("=HHI", 8, _IFLA_NET_NS_FD, target.fileno())
        sock.send(struct.pack("=IHHII", 16 + len(body), _RTM_NEWLINK, 5, 1, 0) + body)
        error = -struct.unpack_from("=i", sock.recv(4096), 16)[0]
        if error:
            raise OSError(error, f"{os.strerror(error)}: {dev}")


def batch(*lines, ns=None):
    where = f"-n {ns} " if ns else ""
    cmd(f"ip {where}-batch -", stdin="\n".join(lines) + "\n")


def ports_up(ns=True, addresses=False):
    """Both ports up, in their namespaces, with IPv4 addresses."""
    for host, name in ((1, "a"), (2, "b")):
        dev = f"nvn{host - 1}"
        if ns:
            link_set(dev, to=name)
        link_set(dev, name if ns else None, up=True)
        if addresses:
            batch(f"addr add 10.9.0.{host}/24 dev {dev}", ns=name)
    return ("a", "b") if ns else (None, None)


def frames_both_ways(a, b, count=50):
    """Some frames each way; at least one must arrive on either side."""
    ears = []
    for ns, dev, own, peer in ((a, "nvn0", MAC_A, MAC_B), (b, "nvn1", MAC_B, MAC_A)):
        ears.append((Listener(dev, ns=ns, bufsize=1 << 20, match=lambda f: f[12:13] == b"\x88"),
                     Sender(dev, ns=ns), eth(peer, own, 0x88b5, bytes(900)),
                     eth(peer, own, 0x88b6, bytes(46))))
    for (_, sender, frame, pilot), (ear, *_) in zip(ears, reversed(ears)):
        # What is sent before the stack knows of the link is lost.
        wait_for(lambda: _sent(sender, pilot) and ear.take(1, timeout=0.1), "the link")
        for _ in range(count):
            sender.send(frame)
    for ear, *_ in ears:
        got = []
        while len(got) < count:
            frames = ear.take(1)
            ksft_eq(len(frames), 1, f"frames after {len(got)} of {count}")
            got += [f for f in frames if f[12:14] == b"\x88\xb5"]
    for ear, sender, *_ in ears:
        ear.close()
        sender.close()


def _sent(sender, frame):
    try:
        return sender.send(frame)
    except OSError as error:
        if error.errno != errno.ENETDOWN:
            raise
        return False


class Flood:
    """Threads that send on both ports until the ports are gone."""

    def __init__(self, a, b):
        self.stop, self.count = False, 0
        self.threads = []
        for ns, dev, own, peer in ((a, "nvn0", MAC_A, MAC_B), (b, "nvn1", MAC_B, MAC_A)):
            sender = Sender(dev, ns=ns, vnet=True)
            src, dst = addr("10.9.0.1"), addr("10.9.0.2")
            frame = eth(peer, own, ETH_P_IP, ipv4(src, dst, TCP, tcp(
                src, dst, 5, 6, bytes(20000), check="seed")))
            self.threads.append(threading.Thread(target=self.run, args=(sender, frame)))
        for thread in self.threads:
            thread.start()
        wait_for(lambda: self.count > 20, "the flood")

    def run(self, sender, frame):
        while not self.stop:
            try:
                sender.send_super(frame, 1000)
                self.count += 1
            except OSError as error:
                if error.errno in (errno.ENXIO, errno.ENODEV):
                    break
                time.sleep(0.001)
        sender.close()

    def end(self):
        self.stop = True
        for thread in self.threads:
            thread.join(20)
            ksft_true(not thread.is_alive(), "the flood has ended")


# ---- what is going on when the module has to go ----

def idle(n):
    """Never up."""


def quiet(n):
    frames_both_ways(*ports_up())


def one_namespace(n):
    frames_both_ways(*ports_up(ns=False))


def flooded(n):
    flood = Flood(*ports_up())
    unload()
    flood.end()


def tapped(n):
    """A reader on the tap, and a flood."""
    where = ports_up()
    link_set(WIRE, up=True)
    reader = Listener(WIRE, bufsize=1 << 20)
    flood = Flood(*where)
    ksft_true(reader.take(5), "frames on the tap")
    unload()
    flood.end()
    reader.close()


def tunnelled(n):
    """Tunnels and a VLAN on top of the ports, with a TCP transfer inside."""
    ports_up(addresses=True)
    for host, ns in ((1, "a"), (2, "b")):
        batch(f"link add g0 type gretap local 10.9.0.{host} remote 10.9.0.{3 - host} key 1280000 "
              f"dev nvn{host - 1}", f"addr add 10.8.0.{host}/24 dev g0", "link set g0 up",
              f"link add link nvn{host - 1} name v0 type vlan id 5", "link set v0 up", ns=ns)
    ends = [Port("g0", ns, f"10.8.0.{host}") for host, ns in ((1, "a"), (2, "b"))]
    transfer = Transfer(*ends, 200 << 10)
    transfer.check()
    unload()
    for ns in ("a", "b"):
        # It is bound to a port that is gone, and is there all the same.
        cmd("ip link del g0", ns=ns, fail=False)


def transferring(n):
    """A TCP transfer that never gets to its end."""
    ports_up(addresses=True)
    a, b = Port("nvn0", "a", "10.9.0.1"), Port("nvn1", "b", "10.9.0.2")
    transfer = Transfer(a, b, 1 << 30)
    wait_for(lambda: transfer.received > 1 << 20, "the transfer to run")
    unload()
    for sock in (transfer.client, transfer.server):
        sock.shutdown(socket.SHUT_RDWR)
        sock.close()
    for thread in transfer.threads:
        thread.join(20)


def by_sysfs(n):
    """Adapters come and go by themselves, one under a flood; then the module."""
    for number in (5, 17):
        write_bus("new_device", number)
    ksft_true(os.path.isdir("/sys/class/net/nvnwire17"), "the tap of adapter 17")
    flood = Flood(*ports_up())
    write_bus("del_device", 0)
    flood.end()
    write_bus("del_device", 17)
    for number, error in ((17, errno.ENODEV), (0, errno.ENODEV)):
        refused("del_device", number, error)
    refused("new_device", 5, errno.EEXIST)
    write_bus("new_device", 0)
    frames_both_ways(*ports_up())


def several(n):
    """Several adapters at load, up, with traffic on the first."""
    unload()
    load("adapters=4")
    ksft_eq(len([d for d in os.listdir("/sys/class/net") if d.startswith("nvn")]), 12,
            "ports and taps")
    for port in range(2, 8):
        link_set(f"nvn{port}", up=True)
    frames_both_ways(*ports_up())


def threads(n):
    """The device's engines in kernel threads, flooded."""
    a, b = ports_up()
    cmd("ethtool --set-priv-flags nvn0 engine-threads on", ns=a)
    flood = Flood(a, b)
    unload()
    flood.end()


def held(n):
    """A sender that waits for a receiver without buffers when it goes."""
    a, b = ports_up()
    cmd("ethtool -G nvn1 rx 64", ns=b)
    flood = Flood(a, b)
    cmd("ip link set nvn1 down", ns=b)
    unload()
    flood.end()


def broken(n):
    """A queue that is being reset when the module goes."""
    flood = Flood(*ports_up())
    for file in ("nvnic0.0/corrupt_txd", "nvnic0.1/corrupt_rxb"):
        for queue in range(2):
            try:
                with open(f"/sys/kernel/debug/nvnic/{file}", "w") as knob:
                    knob.write(f"{queue} 1 4000000000000000")
            except OSError as error:
                ksft_eq(error.errno, errno.EBUSY)
    unload()
    flood.end()


def iperf(n):
    ports_up(addresses=True)
    server = bkg("iperf3 -s -1", ns="b")
    wait_for(lambda: ":5201 " in cmd("ss -Hltn", ns="b").stdout, "the iperf3 server")
    client = bkg("iperf3 -c 10.9.0.2 -t 60 -P 2", ns="a")
    wait_for(lambda: link_bytes("a", "nvn0") > 1 << 20, "iperf3 to send")
    unload()
    client.kill()
    server.kill()


def link_bytes(ns, dev):
    return Port(dev, ns).link()["stats64"]["tx"]["bytes"]


def write_bus(name, number):
    with open(f"/sys/bus/nvnic/{name}", "w") as knob:
        knob.write(str(number))


def refused(name, number, error):
    with ksft_raises(OSError, f"{name} took {number}") as why:
        write_bus(name, number)
    ksft_eq(why.exception.errno, error, f"errno of {name} {number}")


class Meddler(threading.Thread):
    """Writes registers of a port of adapter 9, there or not, until end()."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.path = f"/sys/kernel/debug/nvnic/nvnic9.{port}/write"
        self.stop, self.written, self.error = False, 0, None
        self.start()

    def run(self):
        while not self.stop and not self.error:
            for words in (b"18 0", b"18 1", b"80 0", b"80 100000001"):
                try:
                    knob = os.open(self.path, os.O_WRONLY)
                    try:
                        os.write(knob, words)
                        self.written += 1
                    finally:
                        os.close(knob)
                except OSError as error:
                    if error.errno not in (errno.ENOENT, errno.EIO):
                        self.error = error

    def end(self):
        self.stop = True
        self.join()


def meddled(n):
    """An adapter comes and goes while somebody writes registers of its ports."""
    meddlers = [Meddler(port) for port in (0, 1, 1)]
    for _ in range(4):
        write_bus("new_device", 9)
        write_bus("del_device", 9)
    for meddler in meddlers:
        meddler.end()
    ksft_eq([meddler.error for meddler in meddlers if meddler.error], [], "errors of writes")
    ksft_ge(sum(meddler.written for meddler in meddlers), 1, "registers written")


# How often in a round of 20
SCHEDULE = [quiet, flooded, idle, tunnelled, tapped, one_namespace, flooded, transferring, quiet,
            by_sysfs, meddled, held, threads, quiet, broken, several, flooded, tapped, iperf, idle]


# ---- what must be left: nothing ----

def leftovers():
    found = []
    if module_loaded():
        found.append("the module")
    for ns in (None, "a", "b"):
        with in_netns(ns):
            found += [f"{name} in {ns or 'the first namespace'}" for _, name in
                      socket.if_nameindex() if name.startswith("nvn") or name in ("g0", "v0")]
    with open("/proc/interrupts") as table:
        found += [f"interrupt {line.split()[-1]}" for line in table if "nvn" in line]
    for path in ("/sys/bus/nvnic", "/sys/kernel/debug/nvnic"):
        if os.path.exists(path):
            found.append(path)
    return found


SPLATS = re.compile("|".join(line.rstrip("\n") for line in open(
    os.path.join(TOP, "selftests", "lib", "splats"))))


class KernelLog:
    """What the kernel says from now on."""

    def __init__(self):
        self.fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self.fd, 0, os.SEEK_END)
        defer(os.close, self.fd)

    def splats(self):
        found = []
        while True:
            try:
                record = os.read(self.fd, 8192).decode(errors="replace")
            except BlockingIOError:
                return found
            except BrokenPipeError:
                continue
            if SPLATS.search(record):
                found.append(record.split(";", 1)[-1].splitlines()[0])


def memory():
    """Free memory with everything given back that can be."""
    with open("/proc/sys/vm/drop_caches", "w") as knob:
        knob.write("3")
    with open("/proc/meminfo") as info:
        fields = dict(line.split(":") for line in info)
    return {name: int(fields[name].split()[0]) << 10
            for name in ("MemFree", "SUnreclaim", "VmallocUsed", "Percpu")}


LOG = None
MEMORY = {}
TIMES = {}


def one_cycle(n):
    scenario = SCHEDULE[n % len(SCHEDULE)]
    depth = undo_depth()
    started = time.monotonic()
    try:
        load()
        scenario(n)
        if module_loaded():
            unload()
        rest = leftovers()
        ksft_eq(rest, [], "left behind")
        ksft_eq(LOG.splats(), [], "the kernel complained")
    except Exception as error:
        raise AssertionError(f"cycle {n}, {scenario.__name__}: "
                             f"{type(error).__name__}: {error}") from error
    finally:
        undo(depth)
    TIMES.setdefault(scenario.__name__, []).append(time.monotonic() - started)


@ksft_variants((start, start + 19) for start in range(0, CYCLES, 20))
def cycles(first, last):
    global LOG
    LOG = KernelLog()
    if module_loaded():
        unload()
    for n in range(first, last + 1):
        one_cycle(n)
    MEMORY[last + 1] = memory()
    if last + 1 == CYCLES:
        ksft_pr(", ".join(f"{name} {sum(t) / len(t):.1f} s" for name, t in TIMES.items()))


@ksft_case
def no_memory_lost():
    if len(MEMORY) < 3:
        raise KsftSkipEx("needs the cycles before it")
    done = sorted(MEMORY)
    warm, last = next(n for n in done if n >= WARM), done[-1]
    for name, sign in (("MemFree", -1), ("SUnreclaim", 1), ("VmallocUsed", 1), ("Percpu", 1)):
        grown = (MEMORY[last][name] - MEMORY[warm][name]) * sign
        ksft_pr(f"{name}: {grown >> 10} KiB in {last - warm} cycles")
        if name != "MemFree":
            ksft_le(grown, LEAK * (last - warm), f"{name}, growth")


@ksft_case
def kmemleak_is_silent():
    path = "/sys/kernel/debug/kmemleak"
    if not os.path.exists(path):
        raise KsftSkipEx("this kernel has no kmemleak")
    for _ in range(2):
        with open(path, "w") as knob:
            knob.write("scan")
    with open(path) as report:
        ksft_eq(report.read(), "", "kmemleak")


@ksft_case
def nothing_in_vmalloc():
    with open("/proc/vmallocinfo") as table:
        ksft_eq([line for line in table if "nvnic" in line or "nvhw" in line], [], "areas")


@ksft_case
def in_use_is_refused():
    """A loaded module is not loaded twice; one that a file of it holds does not go."""
    load()
    with ksft_raises(OSError, "the module was loaded twice") as error:
        load()
    ksft_eq(error.exception.errno, errno.EEXIST)
    with open("/sys/kernel/debug/nvnic/nvnic0.0/corrupt_txd", "w"):
        with ksft_raises(OSError, "unloaded with a file of its own open") as error:
            unload()
        ksft_in(error.exception.errno, (errno.EAGAIN, errno.EBUSY, errno.EWOULDBLOCK))
    unload()
    ksft_eq(leftovers(), [], "left behind")


ksft_run(setup)
