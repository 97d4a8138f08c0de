#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Super-frames that were not made here: merged by receive offload and forwarded,
or handed over by who speaks for a guest.

   a: nvn0 --- nvn1 :b: (first of adapter 1) --- (second) :c

Copyright (C) 2026 nvnic contributors
"""

from lib.frames import (ACK, CWR, ETH_P_IP, GSO_TCPV4, TCP, Listener, Sender, addr, eth, ipv4, mac,
                        segment, tcp, vnet_hdr)
from lib.hwstats import Watch
from lib.ktap import ksft_case, ksft_eq, ksft_ge, ksft_pr, ksft_run, ksft_true, ksft_variants
from lib.nvnic import WIRE, Pair, Port, Transfer
from lib.shell import cmd, defer

PAIR = OUT = FAR = None
MSS = 500


def setup():
    global PAIR, OUT, FAR
    PAIR = Pair()
    OUT, FAR = PAIR.next_hop()
    PAIR.b.cmd("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
    for port, family in ((PAIR.a, 4), (PAIR.a, 6), (FAR, 4), (FAR, 6)):
        via = {("a", 4): "10.9.0.2", ("a", 6): "fd09::2", ("c", 4): "10.7.0.2",
               ("c", 6): "fd07::2"}[port.ns, family]
        port.cmd(f"ip -{family} route add default via {via}")
    OUT.wait_carrier()
    FAR.wait_carrier()


def tunnel(kind, words):
    ends = []
    family = 6 if kind.startswith("ip6") else 4
    for me, peer, host in ((PAIR.a, FAR, 1), (FAR, PAIR.a, 2)):
        me.cmd(f"ip link add t0 type {kind} local {me.addr(family)} remote {peer.addr(family)} "
               f"{words}")
        defer(me.cmd, "ip link del t0")
        end = Port("t0", me.ns)
        end.address(f"10.6.0.{host}/24", f"fd06::{host}/64")
        end.up()
        ends.append(end)
    return ends


@ksft_variants((kind, words) for kind in ("gretap", "ip6gretap", "gre")
               for words in ("csum", "key 1280000", "key 7 csum"))
def gre(kind, words):
    """Through a router: its receive side merges, its transmit side cuts up again."""
    ends = tunnel(kind, words)
    seen = Watch(OUT)
    again = Transfer(*ends, 8 << 20).check()
    delta = seen.delta()
    ksft_pr(f"{delta['lso_native']} super-frames cut up, {again} segments sent again")
    ksft_ge(delta["lso_gre"], 20, "super-frames forwarded behind GRE")
    # Those that were merged into a list are for the stack.
    ksft_eq({k: v for k, v in delta.items() if k.startswith("tx_drop")}, {}, "dropped")


@ksft_case
def gre_csum_off():
    """What the device may not be asked for the stack does."""
    ends = tunnel("gretap", "csum")
    OUT.set_features(tx_gre_csum_segmentation=False)
    seen = Watch(OUT)
    Transfer(*ends, 2 << 20).check()
    delta = seen.delta()
    ksft_eq(delta["lso_gre"], 0, "super-frames behind GRE for the device")
    ksft_eq({k: v for k, v in delta.items() if k.startswith("tx_drop")}, {}, "dropped")


@ksft_case
def cwr_without_a_word():
    """CWR is set in the header only, not in what comes with the frame."""
    cmd(f"ip link set {WIRE} up")
    defer(cmd, f"ip link set {WIRE} down")
    sender = Sender(PAIR.a, ns="a", vnet=True)
    tap = Listener(WIRE, match=lambda f: f[:12] == B + A)
    frame = eth(B, A, ETH_P_IP, ipv4(S, D, TCP, tcp(S, D, 1, 2, bytes(4 * MSS), check="seed",
                                                    flags=ACK | CWR)))
    seen = Watch(PAIR.a)
    sender.send(frame, vnet_hdr(gso=GSO_TCPV4, hdr_len=54, gso_size=MSS, csum_start=34,
                                csum_offset=16))
    got = [bytes(f) for f in tap.take(4)]
    ksft_eq([f[47] for f in got], [ACK | CWR, ACK, ACK, ACK], "flags of the segments")
    ksft_true(got == segment(frame, MSS), "segments")
    ksft_eq((seen.tx("drop_mismatch"), seen["lso_native"]), (0, 1), "drop_mismatch, lso_native")


A, B = mac("02:00:00:00:00:01"), mac("02:00:00:00:00:02")
S, D = addr("10.1.0.1"), addr("10.1.0.2")

ksft_run(setup)
