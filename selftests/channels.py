#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# seconds: 30
"""Channels and rings change under traffic: no frame that was queued is lost, and
what fails leaves the old rings running.

Copyright (C) 2026 nvnic contributors
"""

from lib.frames import Sender, eth, mac
from lib.hwstats import Watch
from lib.inject import injection
from lib.ktap import ksft_case, ksft_eq, ksft_in, ksft_pr, ksft_run, ksft_true, ksft_variants
from lib.nvnic import Transfer
from lib.pktgen import Pktgen, Sink, Stream, quiet_pair
from lib.shell import defer, wait_for
from lib.stream import Stream as Tcp

PAIR = None
RINGS, CHANNELS = (64, 256, 1024, 4096), (1, 4, 2, 3)
DEFAULTS = ("ethtool -G {0} rx 1024 tx 1024", "ethtool -L {0} combined 2")


def setup():
    global PAIR
    PAIR = quiet_pair()


def restore(port):
    for words in DEFAULTS:
        defer(port.cmd, words.format(port), fail=False)


def refuse(port, side, queue):
    """The device refuses the next start of that queue."""
    number = "01"[port is PAIR.b]
    with open(f"/sys/kernel/debug/nvnic/nvnic0.{number}/refuse_{side}q", "w") as knob:
        knob.write(str(queue))


def config(port):
    return port.cmd(f"ethtool -g {port}").stdout + port.cmd(f"ethtool -l {port}").stdout


@ksft_variants({f"{what}-{end}": (what, end) for what in ("rings", "channels")
                for end in ("sender", "receiver")})
def nothing_lost(what, end):
    """Each frame that pktgen has sent has come as far as to UDP."""
    port = PAIR.a if end == "sender" else PAIR.b
    restore(port)
    sink, seen, sent = Sink(PAIR.b), Watch(PAIR.b), Watch(PAIR.a)
    before = sink.count()
    with Pktgen([Stream(0, PAIR.a, PAIR.b)]) as gen:
        for n in range(12):
            if what == "rings":
                port.cmd(f"ethtool -G {port} rx {RINGS[n % 4]} tx {RINGS[(n + 1) % 4]}")
            else:
                port.cmd(f"ethtool -L {port} combined {CHANNELS[n % 4]}")
            at = gen.count()
            wait_for(lambda: gen.count() > at + 50, "the generator to go on")
    wait_for(lambda: seen["rx_frames"] >= gen.sent, "all frames, as the device counts them")
    ksft_pr(f"{gen.sent} frames sent under 12 changes")
    wait_for(lambda: sink.count() - before >= gen.sent,
             f"UDP to see {gen.sent} frames; it has {sink.count() - before}")
    ksft_eq(sink.count() - before, gen.sent, "frames that UDP has seen")
    for watch in (seen, sent):
        delta = watch.delta()
        ksft_eq({k: v for k, v in delta.items() if "drop" in k or "missed" in k}, {}, "drops")


@ksft_variants(["rings", "channels", "mtu"])
def stream_goes_on(what):
    """TCP both ways, while both ports change."""
    for port in PAIR.ports:
        restore(port)
        defer(port.set, "mtu 1500")
    streams = [Tcp(PAIR.a, PAIR.b), Tcp(PAIR.b, PAIR.a)]
    for n in range(12):
        for port in PAIR.ports:
            port.cmd({"rings": f"ethtool -G {port} rx {RINGS[n % 4]} tx {RINGS[-n % 4]}",
                      "channels": f"ethtool -L {port} combined {CHANNELS[n % 4]}",
                      "mtu": f"ip link set {port} mtu {(9000, 1500)[n % 2]}"}[what])
        for stream in streams:
            stream.moving(1 << 16)
    for stream in streams:
        ksft_pr(f"{stream.check()} segments sent again")


@ksft_variants({f"{side}-{change}": (side, change) for side in ("tx", "rx")
                for change in ("rings", "channels")})
def refused_by_the_device(side, change):
    """The device refuses a new queue: the old ones go on as they were."""
    restore(PAIR.b)
    stream = Tcp(PAIR.a, PAIR.b)
    stream.moving()
    before = config(PAIR.b)
    refuse(PAIR.b, side, 1)
    PAIR.b.cmd("ethtool -G nvn1 rx 512" if change == "rings" else "ethtool -L nvn1 combined 3",
               expect_fail=True)
    ksft_eq(config(PAIR.b), before, "rings and channels after the refusal")
    ksft_true(PAIR.b.carrier(), "carrier")
    stream.moving()
    PAIR.b.cmd("ethtool -G nvn1 rx 512")
    stream.moving()
    ksft_pr(f"{stream.check()} segments sent again")


@ksft_case
def new_and_old_refused():
    """Without any rings there is no link, for neither port, until some are made."""
    restore(PAIR.b)
    # One when the new rings start, the other when the old ones do.
    for queue in range(2):
        refuse(PAIR.b, "rx", queue)
    PAIR.b.cmd("ethtool -G nvn1 rx 512", expect_fail=True)
    PAIR.a.wait_carrier(False)
    PAIR.a.down()
    PAIR.a.up()
    ksft_true(not PAIR.b.carrier() and not PAIR.a.carrier(), "a link without rings")
    PAIR.b.cmd("ethtool -G nvn1 rx 512")
    PAIR.a.wait_carrier()
    PAIR.b.wait_carrier()
    Transfer(PAIR.a, PAIR.b, 1 << 20).check()


@ksft_case
def no_memory():
    """Rings for which there is no memory are refused; nobody is killed for it."""
    inject = injection()
    stream = Tcp(PAIR.a, PAIR.b)
    stream.moving()
    before = config(PAIR.b)
    inject.start(100)
    result = PAIR.b.cmd("ethtool -G nvn1 rx 2048", expect_fail=True)
    inject.stop()
    ksft_in("Cannot allocate memory", result.stderr)
    ksft_eq(config(PAIR.b), before, "rings and channels after the refusal")
    stream.moving()
    ksft_pr(f"{stream.check()} segments sent again")


@ksft_case
def no_memory_for_buffers():
    """Buffers that new rings did not get are no failure of the queue that goes on."""
    inject = injection()
    seen = Watch(PAIR.b)
    inject.start(100, "nvnic_rx_prefill")
    result = PAIR.b.cmd("ethtool -G nvn1 rx 2048", expect_fail=True)
    inject.stop()
    ksft_in("Cannot allocate memory", result.stderr)
    ksft_eq(seen["rx_alloc_fail"], 0, "refills that failed")
    Transfer(PAIR.a, PAIR.b, 1 << 20).check()


@ksft_case
def no_skb():
    """A frame that is dropped for want of an skb is what netdev-genl calls alloc-fail."""
    inject = injection()
    sender, seen, before = Sender("nvn0"), Watch(PAIR.b), PAIR.b.qstats()
    frame = eth(mac(PAIR.b.mac()), mac(PAIR.a.mac()), 0x88b5, bytes(100))
    inject.start(100, "nvnic_clean_rx")
    # The stack keeps some for a rainy day.
    wait_for(lambda: sender.send(frame) and seen["rx_drop"] >= 10, "frames to be dropped")
    inject.stop()
    ksft_eq(PAIR.b.qstats()["rx-alloc-fail"] - before["rx-alloc-fail"],
            seen["rx_drop"] + seen["rx_alloc_fail"], "rx-alloc-fail")


@ksft_case
def down_and_up():
    """What was set while down is there after up, and most queues at once."""
    restore(PAIR.b)
    PAIR.b.down()
    PAIR.b.cmd("ethtool -L nvn1 combined 128")
    PAIR.b.cmd("ethtool -G nvn1 rx 64 tx 64")
    PAIR.b.up()
    PAIR.a.wait_carrier()
    Transfer(PAIR.a, PAIR.b, 1 << 20).check()


ksft_run(setup)
