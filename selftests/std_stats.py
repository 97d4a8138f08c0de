#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Standard statistics: ethtool -S --groups eth-mac, eth-ctrl, rmon, and -I -a. And
ethtool -S itself, which programs read by three calls: each row keeps its place.

Copyright (C) 2026 nvnic contributors
"""

import re
import threading

from lib.frames import ETH_P_8021Q, Sender, eth, mac
from lib.hwstats import Watch, hwstats, three_calls
from lib.ktap import ksft_case, ksft_eq, ksft_in, ksft_run, ksft_true, ksft_variants
from lib.nvnic import Pair, Transfer, netns_add
from lib.shell import defer, wait_for
from lib.station import Station, sets
from lib.steering import add_rule, remove_rule

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
    octets = 5 * 100 + 3 * 200 + 2 * 300 + 4 * 400
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
            {"FrameTooLongErrors": 3, "FramesReceivedOK": 2, "OctetsReceivedOK": 2 * 100})
    ksft_eq(after["rmon"]["etherStatsOversizePkts"] - before["rmon"]["etherStatsOversizePkts"], 3,
            "etherStatsOversizePkts")


NEVER = {
    "eth-mac": ("FrameCheckSequenceErrors", "AlignmentErrors", "InRangeLengthErrors",
                "OutOfRangeLengthField", "FramesLostDueToIntMACXmitError",
                "FramesLostDueToIntMACRcvError", "CarrierSenseErrors", "SingleCollisionFrames",
                "MultipleCollisionFrames", "LateCollisions", "FramesAbortedDueToXSColls",
                "FramesWithDeferredXmissions", "FramesWithExcessiveDeferral"),
    "rmon": ("etherStatsUndersizePkts", "etherStatsFragments", "etherStatsJabbers"),
}


@ksft_variants([*NEVER])
def never(group):
    """Errors that the wire cannot have are reported, as 0."""
    for port in PAIR.ports:
        found = groups(port)[group]
        ksft_eq({name: found.get(name) for name in NEVER[group]}, dict.fromkeys(NEVER[group], 0),
                str(port))


def pause_stats(port):
    """(tx_pause_frames, rx_pause_frames)"""
    stats = port.cmd(f"ethtool --json -I -a {port}").json()[0]["statistics"]
    return stats["tx_pause_frames"], stats["rx_pause_frames"]


def ctrl_stats(port):
    """MAC control frames: (sent, received)"""
    ctrl = groups(port)["eth-ctrl"]
    return ctrl["MACControlFramesTransmitted"], ctrl["MACControlFramesReceived"]


def minus(after, before):
    return tuple(a - b for a, b in zip(after, before))


# name: (EtherType, what follows it, is MAC control, is PAUSE)
CONTROL = {
    "pause": (0x8808, b"\0\1\0\1", True, True),
    "pfc": (0x8808, b"\1\1\0\1", True, False),
    "gate": (0x8808, b"\0\2", True, False),
    "tagged-pause": (ETH_P_8021Q, b"\0\7\x88\x08\0\1", False, False),
    "type-below": (0x8807, b"\0\1", False, False),
}


@ksft_variants(CONTROL)
def mac_control(proto, body, is_control, is_pause):
    """MAC control frames that somebody sends are counted as such."""
    for sender, receiver in (PAIR.ports, PAIR.ports[::-1]):
        sock, seen = Sender(sender.ifname, ns=sender.ns), Watch(receiver)
        before = [(ctrl_stats(p), pause_stats(p)) for p in (sender, receiver)]
        send(sock, [eth(mac("01:80:c2:00:00:01"), mac(sender.mac()), proto, body)], 3)
        wait_for(lambda w=seen: w["wire_rx_frames"] >= 3, "3 frames")
        after = [(ctrl_stats(p), pause_stats(p)) for p in (sender, receiver)]
        moved_by = [tuple(map(minus, a, b)) for a, b in zip(after, before)]
        ctrl, pause_ = 3 * is_control, 3 * is_pause
        ksft_eq(moved_by, [((ctrl, 0), (pause_, 0)), ((0, ctrl), (0, pause_))],
                "MAC control and pause of sender, of receiver")


@ksft_case
def pause():
    """The three views of flow control agree."""
    for port in PAIR.ports:
        counters, stats = hwstats(port), pause_stats(port)
        ksft_eq(stats, (counters["wire_pause_tx"] + counters["wire_tx_ctrl_pause"],
                        counters["tx_held"] + counters["wire_rx_ctrl_pause"]), "pause frames")
        others = [counters[f"wire_{way}_ctrl"] - counters[f"wire_{way}_ctrl_pause"]
                  for way in ("tx", "rx")]
        ksft_eq(ctrl_stats(port), tuple(a + b for a, b in zip(stats, others)), "eth-ctrl")


# ---- ethtool -S by its three calls ----

class Reader(threading.Thread):
    """Reads all rows of a Port, again and again, until end()."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.rounds, self.wrong, self.stop = port, 0, [], False
        self.names, _, self.values = three_calls(port)
        defer(self.end)
        self.start()

    def run(self):
        while not self.stop and not self.wrong:
            self.look(*three_calls(self.port))
            self.rounds += 1

    def look(self, names, told, values):
        """The names are the same, there is a value for each, and no counter runs backwards."""
        if names != self.names:
            self.wrong.append(f"{len(names)} names after {len(self.names)}")
        if told != len(names):
            self.wrong.append(f"{told} values for {len(names)} names")
        for name, before, now in zip(names, self.values, values):
            if now < before:
                self.wrong.append(f"{name}: {now} after {before}")
        self.values = values

    def end(self):
        self.stop = True
        self.join()


def change_rules(number):
    loc = add_rule(PAIR.b, f"udp4 dst-port {number} action 0", number % 50)
    if number % 2:
        remove_rule(PAIR.b, loc)


def change_sets(number):
    if number == 0:
        PAIR.b.cmd("ethtool -K nvn1 l2-fwd-offload on")
        defer(PAIR.b.cmd, "ethtool -K nvn1 l2-fwd-offload off")
        CHANGES["vm"] = Station(1, PAIR.b, netns_add("v1"))
        ksft_in("vm1", sets(), "stations with a set")
    CHANGES["vm"].bounce()


def change_queues(number):
    PAIR.b.cmd(f"ethtool -L nvn1 combined {(1, 3, 2, 4)[number % 4]}")


CHANGES = {"rules": change_rules, "sets": change_sets, "queues": change_queues}


@ksft_variants(["rules", "sets", "queues"])
def rows_stay(what):
    """Whatever comes and goes, each row has its place, its name and its value."""
    PAIR.b.cmd("ethtool -L nvn1 combined 4")
    defer(PAIR.b.cmd, "ethtool -L nvn1 combined 4")
    reader, number = Reader(PAIR.b), 0
    while number < 20 or (reader.rounds < 50 and not reader.wrong):
        CHANGES[what](number)
        number += 1
    reader.end()
    ksft_eq(reader.wrong, [], f"what {reader.rounds} readers found wrong")


def queue_numbers(names):
    return [int(m[1]) for m in (re.match(r"(?:hw_)?[rt]x(\d+)_", n) for n in names) if m]


@ksft_case
def rows_grow():
    """More queues than ever before have rows behind all others; they stay."""
    before = three_calls(PAIR.b)[0]
    most = max(queue_numbers(before)) + 1
    defer(PAIR.b.cmd, "ethtool -L nvn1 combined 4")
    PAIR.b.cmd(f"ethtool -L nvn1 combined {most + 2}")
    names = three_calls(PAIR.b)[0]
    ksft_true(names[:len(before)] == before, "former rows keep their places")
    ksft_eq(set(queue_numbers(names[len(before):])), {most, most + 1}, "queues of the new rows")
    numbers = queue_numbers(names)
    ksft_eq(numbers, sorted(numbers), "order of the queues")
    PAIR.b.cmd("ethtool -L nvn1 combined 1")
    ksft_true(three_calls(PAIR.b)[0] == names, "rows are the same with fewer queues")


ksft_run(setup)
