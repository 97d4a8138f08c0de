#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Standard statistics: ethtool -S --groups eth-mac, eth-ctrl, rmon, and -I -a.

Copyright (C) 2026 nvnic contributors
"""

from lib.frames import *
from lib.hwstats import Watch, hwstats
from lib.nvnic import *

PAIR = None
# RFC 2819, as far as it goes
RANGES = [(64, 64), (65, 127), (128, 255), (256, 511), (512, 1023), (1024, 1518), (1519, 2047),
          (2048, 4095), (4096, 8191), (8192, 9242)]
FCS = 4


def setup():
    global PAIR
    PAIR = Pair(ns_a=None, mtu=9216, ipv6=False)


def groups(port):
    """{group: {name: value}}; histograms as {"rx-pktsNtoM": {(low, high): value}}"""
    found = port.cmd(f"ethtool --json -S {port} --all-groups").json()[0]
    for name in ("rx-pktsNtoM", "tx-pktsNtoM"):
        found["rmon"][name] = {(b["low"], b["high"]): b["val"] for b in found["rmon"][name]}
    return found


def moved(before, after):
    return {k: after[k] - before[k] for k in after if after[k] != before[k]}


def send(sender, frames, count=1):
    for frame in frames:
        for _ in range(count):
            sender.send(frame)


def frame(size, dst):
    """SIZE bytes, FCS included, which nobody sends or writes"""
    return eth(dst, mac("02:00:00:00:00:77"), 0x88b5, bytes(size - FCS - 14))


@ksft_case
def histogram():
    """A frame at each end of each class, and in each direction."""
    for sender, receiver in (PAIR.ports, PAIR.ports[::-1]):
        sock, dst = Sender(sender.ifname, ns=sender.ns), mac(receiver.mac())
        ksft_eq(list(groups(sender)["rmon"]["tx-pktsNtoM"]), RANGES, "classes")
        for size in RANGES:
            # The longest frame that can be sent without tags has 9234 bytes.
            low, high = size[0], min(size[1], 9216 + 14 + FCS)
            before = groups(sender)["rmon"], groups(receiver)["rmon"]
            seen = Watch(receiver)
            send(sock, (frame(low, dst), frame(high, dst)), 3)
            wait_for(lambda w=seen: w["wire_rx_frames"] >= 6, "6 frames")
            after = groups(sender)["rmon"], groups(receiver)["rmon"]
            for side, way in enumerate(("tx", "rx")):
                name = f"{way}-pktsNtoM"
                ksft_eq([*moved(before[side][name], after[side][name]).items()], [(size, 6)],
                        f"classes of {way} that moved for {low} to {high}")


@ksft_case
def sums():
    """All classes together are the frames on the wire."""
    Transfer(PAIR.a, PAIR.b, 1 << 20).check()
    for port in PAIR.ports:
        rmon, counters = groups(port)["rmon"], hwstats(port)
        for way in ("rx", "tx"):
            ksft_eq(sum(rmon[f"{way}-pktsNtoM"].values()), counters[f"wire_{way}_frames"], way)


@ksft_case
def mac_counters():
    sock = Sender("nvn0")
    seen = Watch(PAIR.b)
    before = [groups(p)["eth-mac"] for p in PAIR.ports]
    send(sock, [frame(100, mac(PAIR.b.mac()))], 5)
    send(sock, [frame(200, mac("01:80:c2:00:00:0e"))], 3)    # nobody listens to that
    send(sock, [frame(300, mac("ff:ff:ff:ff:ff:ff"))], 2)
    PAIR.b.cmd("ip link set nvn1 allmulticast on")
    defer(PAIR.b.cmd, "ip link set nvn1 allmulticast off")
    send(sock, [frame(400, mac("01:80:c2:00:00:0e"))], 4)
    wait_for(lambda: seen["wire_rx_frames"] >= 14, "14 frames")
    tx, rx = (moved(b, groups(p)["eth-mac"]) for b, p in zip(before, PAIR.ports))
    octets = 5 * 100 + 3 * 200 + 2 * 300 + 4 * 400 - 14 * (14 + FCS)
    ksft_eq(tx, {"FramesTransmittedOK": 14, "OctetsTransmittedOK": octets,
                 "MulticastFramesXmittedOK": 7, "BroadcastFramesXmittedOK": 2}, "sent")
    ksft_eq(rx, {"FramesReceivedOK": 14, "OctetsReceivedOK": octets,
                 "MulticastFramesReceivedOK": 4, "BroadcastFramesReceivedOK": 2}, "received")


@ksft_case
def too_long():
    PAIR.b.set("mtu 1500")
    defer(PAIR.b.set, "mtu 9216")
    PAIR.b.wait_carrier()
    before, seen = groups(PAIR.b), Watch(PAIR.b)
    sock, dst = Sender("nvn0"), mac(PAIR.b.mac())
    send(sock, [frame(3000, dst)], 3)
    send(sock, [frame(100, dst)], 2)
    wait_for(lambda: seen["wire_rx_frames"] >= 5, "5 frames")
    after = groups(PAIR.b)
    ksft_eq(moved(before["eth-mac"], after["eth-mac"]),
            {"FrameTooLongErrors": 3, "FramesReceivedOK": 2, "OctetsReceivedOK": 2 * (100 - 18)})
    ksft_eq(after["rmon"]["etherStatsOversizePkts"] - before["rmon"]["etherStatsOversizePkts"], 3,
            "etherStatsOversizePkts")


@ksft_case
def pause():
    """The three views of flow control agree."""
    for port in PAIR.ports:
        counters, ctrl = hwstats(port), groups(port)["eth-ctrl"]
        stats = port.cmd(f"ethtool --json -I -a {port}").json()[0]["statistics"]
        ksft_eq(stats["tx_pause_frames"], counters["wire_pause_tx"], "tx_pause_frames")
        ksft_eq(stats["rx_pause_frames"], counters["tx_held"], "rx_pause_frames")
        ksft_eq((ctrl["MACControlFramesTransmitted"], ctrl["MACControlFramesReceived"]),
                (stats["tx_pause_frames"], stats["rx_pause_frames"]), "eth-ctrl")


ksft_run(setup)
