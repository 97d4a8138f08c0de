#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# seconds: 50
# cpus: 2
"""One queue stops and starts anew while the others run.

A fault in a descriptor makes the driver reset that queue, by the operations that
the stack has for it.

Copyright (C) 2026 nvnic contributors
"""

import errno

from lib.frames import Sender, eth, mac
from lib.hwstats import Watch
from lib.ktap import ksft_case, ksft_eq, ksft_ge, ksft_le, ksft_pr, ksft_run, ksft_variants
from lib.nvnic import Transfer
from lib.pktgen import Pktgen, Stream, quiet_pair, source_for
from lib.shell import cmd, defer, wait_for
from lib.stream import Stream as Tcp

PAIR = TX = None
RESTARTS = 30


def setup():
    global PAIR, TX
    PAIR = quiet_pair()
    TX = Sender("nvn0")


def corrupt(port, file, queue):
    """The device misreads the TYPE of its next descriptor. False: it is yet to misread one."""
    path = f"/sys/kernel/debug/nvnic/nvnic0.{'01'[port is PAIR.b]}/{file}"
    try:
        with open(path, "w") as knob:
            knob.write(f"{queue} 1 4000000000000000")
    except OSError as error:
        ksft_eq(error.errno, errno.EBUSY, f"errno of {file}")
        return False
    return True


def refuse(port, file, queue):
    with open(f"/sys/kernel/debug/nvnic/nvnic0.{'01'[port is PAIR.b]}/{file}", "w") as knob:
        knob.write(str(queue))


def restart(port, side, queue, times):
    """Break that queue so often, under the traffic that is there."""
    seen = Watch(port)
    for n in range(times):
        corrupt(port, "corrupt_rxb" if side == "rx" else "corrupt_txd", queue)
        wait_for(lambda: seen[f"{side}{queue}_reset"] > n, f"reset {n + 1} of {side} queue {queue}")
    return seen


def one_pair_stream():
    """A TCP stream by the only queue pair of each port."""
    for port in PAIR.ports:
        port.cmd(f"ethtool -L {port} combined 1")
        defer(port.cmd, f"ethtool -L {port} combined 2", fail=False)
    PAIR.a.wait_carrier()
    stream = Tcp(PAIR.a, PAIR.b)
    stream.moving()
    return stream


@ksft_variants(["rx", "tx"])
def others_go_on(side):
    """TCP by queue 0 of nvn1 notices nothing of resets of queue 1 under a flood."""
    # Data to queue 0, and acknowledgements from it.
    PAIR.b.cmd("ethtool -X nvn1 weight 1 0")
    defer(PAIR.b.cmd, "ethtool -X nvn1 default")
    stream = Tcp(PAIR.a, PAIR.b)
    stream.moving()
    port, queue = (PAIR.b, 0) if side == "rx" else (PAIR.a, 1)
    if side == "rx":
        # All by queue 0 but the flood, which is UDP from an address of its own.
        PAIR.b.cmd("ethtool -X nvn1 default")
        flows = Watch(PAIR.b)
        wait_for(lambda: flows.rx("frames") > 50, "the stream to go on")
        mine = max(flows.queues("rx", "frames").items(), key=lambda item: item[1])[0]
        queue = 1 - mine
        flood = Stream(0, PAIR.a, PAIR.b, 0, source_for(TX, PAIR.a, PAIR.b, queue))
    else:
        flood = Stream(0, PAIR.a, PAIR.b, queue)
    with Pktgen([flood], delay=100_000):
        seen = restart(port, side, queue, RESTARTS)
    other = 1 - queue
    delta = seen.delta()
    ksft_eq(delta[f"{side}{other}_reset"], 0, f"resets of {side} queue {other}")
    ksft_ge(delta[f"hw_{side}{queue}_err_desc"], RESTARTS, "faults")
    stream.moving()
    ksft_pr(f"{stream.check()} segments sent again, {delta[f'{side}{queue}_reset']} resets")


@ksft_case
def other_half_goes_on():
    """The RX queue of a pair is reset, its TX queue sends on."""
    stream = one_pair_stream()
    seen = restart(PAIR.a, "rx", 0, 10)
    ksft_eq(seen["tx0_reset"], 0, "resets of the TX queue")
    stream.moving()
    ksft_pr(f"{stream.check()} segments sent again")


@ksft_variants(["rx", "tx"])
def start_is_refused(side):
    """A queue that does not start again is tried again, until it does."""
    stream = one_pair_stream()
    port = PAIR.b if side == "rx" else PAIR.a
    refuse(port, f"refuse_{side}q", 0)
    restart(port, side, 0, 1)
    stream.moving()
    ksft_pr(f"{stream.check()} segments sent again")


@ksft_variants(["rx", "tx"])
def refused_start_is_quiet(side):
    """While a queue of a pair is off, its vector does not fire for completions of before."""
    for each in PAIR.ports:
        each.cmd(f"ethtool -L {each} combined 1")
        defer(each.cmd, f"ethtool -L {each} combined 2", fail=False)
    PAIR.a.wait_carrier()
    port = PAIR.b if side == "rx" else PAIR.a
    frame = eth(mac(PAIR.b.mac()), mac(PAIR.a.mac()), 0x88b5, bytes(60))
    for _ in range(100):
        TX.send(frame)
    refuse(port, f"refuse_{side}q", 0)
    seen = Watch(port)
    corrupt(port, "corrupt_rxb" if side == "rx" else "corrupt_txd", 0)
    TX.send(frame)
    wait_for(lambda: seen[f"{side}0_reset"] >= 2, "the second try")
    ksft_pr(f"{seen['irq_raised']} interrupts")
    ksft_le(seen["irq_raised"], 100, "interrupts")


RX_HEALTH = "nvnic/nvnic0.1 reporter rx"


def rx_health():
    """State of what reports for the RX queues of nvn1; those that are to be reset."""
    seen, = cmd(f"devlink -j health show {RX_HEALTH}").json()["health"].values()
    queues = cmd(f"devlink -j health diagnose {RX_HEALTH}").json()["queues"]
    return seen[0]["state"], [q["queue"] for q in queues if q["faulty"]]


def auto_recover(on):
    cmd(f"devlink health set {RX_HEALTH} auto_recover {'true' if on else 'false'}")


@ksft_case
def fault_during_a_retry():
    """A queue that breaks again while others are tried again is not forgotten."""
    defer(auto_recover, True)
    flood = [Stream(q, PAIR.a, PAIR.b, q, source_for(TX, PAIR.a, PAIR.b, q)) for q in range(2)]
    with Pktgen(flood, delay=100_000):
        for n in range(RESTARTS // 2):
            auto_recover(False)
            seen = Watch(PAIR.b)
            for queue in range(2):
                corrupt(PAIR.b, "corrupt_rxb", queue)
            wait_for(lambda: seen.rx("err_desc") == 2, "both queues to break")
            # It meets this one as soon as it has been started again.
            corrupt(PAIR.b, "corrupt_rxb", 0)
            for queue in range(2):
                refuse(PAIR.b, "refuse_rxq", queue)
            auto_recover(True)
            cmd(f"devlink health recover {RX_HEALTH}", fail=False)
            wait_for(lambda: seen.rx("err_desc") == 3, "another fault of queue 0")
            seen.mark()
            wait_for(lambda: len(seen.queues("rx", "frames")) == 2,
                     f"both queues to receive again in round {n}")
    wait_for(lambda: rx_health() == ("healthy", []), "the end of all resets")
    Transfer(PAIR.a, PAIR.b, 1 << 20).check()


@ksft_case
def down_while_broken():
    """Down, -L and up find a queue in the middle of its reset."""
    with Pktgen([Stream(0, PAIR.a, PAIR.b)], delay=100_000):
        for n in range(10):
            for queue in range(2):
                corrupt(PAIR.b, "corrupt_rxb", queue)
            PAIR.b.cmd(f"ethtool -L nvn1 combined {1 + n % 2}", fail=False)
    PAIR.b.down()
    PAIR.b.up()
    PAIR.a.wait_carrier()
    PAIR.b.cmd("ethtool -L nvn1 combined 2", fail=False)
    Transfer(PAIR.a, PAIR.b, 1 << 20).check()


ksft_run(setup)
