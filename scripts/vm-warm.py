#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Have the guest's kernel patch its own code before anything else runs.

QEMU's TCG translates code without a lock against who writes it (mended in 8.1): a
CPU that translates while another one patches may keep the breakpoint of the patch,
and die of it when the patch is long complete ("Oops: int3"). The kernel patches where
a static key turns: when the first TCP connection, UDP port, flow hash, path MTU has
chosen its random key, with the first ingress qdisc, filter, UDP tunnel, time stamp, XPS
map. All of them are had here once, on one CPU, and what can be held is held until the
guest ends, by a child in a network namespace of its own.

Run by scripts/vm-guest.sh as: unshare -n scripts/vm-warm.py. Says on the kernel log
what could not be done.

Copyright (C) 2026 nvnic contributors
"""

import os
import signal
import socket
import subprocess
import time

SO_TIMESTAMP = 29
HELD = []


def step(func, *args):
    """Patches are made by a work item of this CPU: it needs a moment alone."""
    try:
        func(*args)
    except (OSError, subprocess.CalledProcessError) as error:
        with open("/dev/kmsg", "w", encoding="ascii", errors="replace") as log:
            log.write(f"guest: vm-warm: {func.__name__}: {error}\n")
    time.sleep(0.02)


def run(*commands):
    for command in commands:
        subprocess.run(command.split(), check=True, stdin=subprocess.DEVNULL,
                       stderr=subprocess.PIPE)


@step
def alone():
    os.sched_setaffinity(0, {0})


@step
def interfaces():
    run("ip link set lo up mtu 1500", "ip link add d0 numtxqueues 2 type dummy",
        "ip addr add 192.0.2.1/24 broadcast 192.0.2.255 dev d0", "ip link set d0 up")


@step
def time_stamps():
    HELD.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    HELD[-1].setsockopt(socket.SOL_SOCKET, SO_TIMESTAMP, 1)


def tcp(family, where):
    with socket.socket(family) as server, socket.socket(family) as client:
        server.bind((where, 0))
        server.listen()
        client.connect(server.getsockname()[:2])
        time.sleep(0.02)
        server.accept()[0].close()


def udp(family, where):
    """Two sockets on a port, and datagrams that are too long for a frame."""
    with (socket.socket(family, socket.SOCK_DGRAM) as one,
          socket.socket(family, socket.SOCK_DGRAM) as two):
        port = 0
        for sock in (one, two):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind((where, port))
            port = sock.getsockname()[1]
        for size in (1, 5000):
            one.sendto(bytes(size), (where, port))
            time.sleep(0.02)


for traffic in (tcp, udp):
    step(traffic, socket.AF_INET, "127.0.0.1")
    step(traffic, socket.AF_INET6, "::1")


@step
def flow_hash():
    """Of a frame that has to choose a queue"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.sendto(b"x", ("192.0.2.255", 9))


@step
def xps():
    # /sys shows the namespace of who mounted it.
    subprocess.run(["unshare", "-m", "sh", "-ec", "mount -t sysfs sys /sys; "
                    "echo 1 >/sys/class/net/d0/queues/tx-0/xps_cpus"], check=True,
                   stderr=subprocess.PIPE)


@step
def classifier():
    run("tc qdisc add dev lo clsact", "tc filter add dev lo ingress protocol all flower")


@step
def udp_tunnels():
    """Of both IP versions"""
    run("ip link add v0 type vxlan external dstport 4789", "ip link set v0 up")


@step
def path_mtu():
    """Packets that do not fit a tunnel, and the choice of its source port"""
    run("ip link add v1 type vxlan id 1 remote 192.0.2.2 dstport 4790",
        "ip link set v1 mtu 1500 up", "ip addr add 198.51.100.1/24 dev v1",
        "ip addr add 2001:db8::1/64 dev v1 nodad")
    for family, option, value, where in (
            (socket.AF_INET, (socket.IPPROTO_IP, 10), 2, "198.51.100.2"),
            (socket.AF_INET6, (socket.IPPROTO_IPV6, 23), 2, "2001:db8::2")):
        run(f"ip neigh add {where} lladdr 02:00:00:00:00:02 dev v1")
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            # IP_MTU_DISCOVER and IPV6_MTU_DISCOVER: IP_PMTUDISC_DO
            sock.setsockopt(*option, value)
            sock.sendto(bytes(1452), (where, 9))
        time.sleep(0.02)


if not os.fork():
    signal.pause()
