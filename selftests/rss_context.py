#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# seconds: 45
"""RSS contexts: key, table and input transform of their own, rules that point to
them with a queue offset, what must be refused, and changes under traffic.

A classic BPF filter on a packet socket compares the hash and the queue that the
driver has written into the sk_buff; the main table knows queue 0 only.

Copyright (C) 2026 nvnic contributors
"""

import errno
import re
import struct

from lib import rxnfc
from lib.flowframes import D, D6, N, S, S6, VSID, ether, nvgre, packet, toeplitz
from lib.frames import UDP, Listener, Sender, skb_filter
from lib.hwstats import Watch
from lib.ktap import (ksft_case, ksft_eq, ksft_ge, ksft_in, ksft_pr, ksft_raises, ksft_run,
                      ksft_true, ksft_variants)
from lib.nvnic import Pair, new_adapter
from lib.shell import cmd, defer
from lib.stream import Stream

PAIR = TX = DEV = None
QUEUES = 8
ENTRIES = 512
CONTEXTS = 64
KEY = bytes(range(3, 43))


def setup():
    global PAIR, TX, DEV
    PAIR = Pair(ns_a=None, ipv6=False)
    cmd("sysctl -qw net.core.message_cost=0")
    PAIR.b.cmd(f"ethtool -L nvn1 combined {QUEUES}")
    PAIR.b.cmd(f"ethtool -X nvn1 equal 1 hkey {KEY.hex(':')}")
    PAIR.b.set("promisc on")
    TX = Sender("nvn0")
    DEV = rxnfc.Ethtool(PAIR.b)
    defer(DEV.sock.close)


# ---- contexts and rules ----

def ethtool(words, **kwargs):
    return PAIR.b.cmd(f"ethtool {words}", **kwargs)


def remove(ctx):
    ethtool(f"-X nvn1 context {ctx} delete", fail=False)


def context(words=""):
    """A new context, deleted when the case ends; its number."""
    out = ethtool(f"-X nvn1 context new {words}").stdout
    ctx = int(re.search(r"New RSS context is (\d+)", out)[1])
    defer(remove, ctx)
    return ctx


def remove_rule(loc):
    ethtool(f"-N nvn1 delete {loc}", fail=False)


def rule(words):
    out = ethtool(f"-N nvn1 flow-type {words}").stdout
    loc = int(re.search(r"Added rule with ID (\d+)", out)[1])
    defer(remove_rule, loc)
    return loc


def refused(words, text):
    """ethtool refuses; the text is in what it prints, or in the log."""
    mark = len(cmd("dmesg").stdout)
    out = ethtool(words, fail=False)
    ksft_true(out.ret or out.stderr, f"taken: {words}")
    ksft_in(text, out.stderr + cmd("dmesg").stdout[mark:], f"reason why {words} is refused")


def tuple_of(src=S, dst=D, ports=(1000, 2000)):
    return src + dst + struct.pack("!HH", *ports)


def folded(src=S, dst=D, ports=(1000, 2000)):
    """The input of the symmetric transform."""
    address = bytes(a ^ b for a, b in zip(src, dst))
    return address * 2 + struct.pack("!H", ports[0] ^ ports[1]) * 2


def arrives(what, value, queue):
    """A frame comes with this hash, on this queue."""
    listener = Listener("nvn1", ns="b", bpf=skb_filter(value, queue))
    seen = Watch(PAIR.b)
    TX.send(what)
    got = listener.take(1)
    listener.close()
    if not got:
        raise AssertionError(f"no sk_buff with hash {value:#010x} on queue {queue}; on "
                             f"{seen.queues('rx', 'frames')}")
    ksft_eq(seen.queues("rx", "frames"), {queue: 1}, "queue")


def hashed(ctx, what, data, offset=0):
    """A frame is hashed with the context's key and spread by its table."""
    _, _, table, key = DEV.rxfh(ctx)
    value = toeplitz(key, data)
    arrives(what, value, table[value % ENTRIES] + offset)


T4, T6 = ether(packet()), ether(packet(D6))


# ---- cases ----

@ksft_case
def defaults():
    """All queues, a key that is not zero, Toeplitz, no transform."""
    ctx = context()
    hfunc, xfrm, table, key = DEV.rxfh(ctx)
    ksft_eq((hfunc, xfrm), (1, 0), "function and transform")
    ksft_eq(table, [i % QUEUES for i in range(ENTRIES)], "table")
    ksft_true(len(set(key)) > 8, f"key {key.hex()}")
    ksft_in(f"RSS hash key:\n{key.hex(':')}", ethtool(f"-x nvn1 context {ctx}").stdout)
    rule(f"tcp4 dst-port 2000 context {ctx}")
    hashed(ctx, T4, tuple_of())
    arrives(T6, toeplitz(KEY, tuple_of(S6, D6)), 0)


@ksft_case
def own_key_and_table():
    keys = [bytes((n * 7 + i * i) & 255 for i in range(40)) for n in range(4)]
    ctxs = [context(f"start {2 * n} equal 2 hkey {key.hex(':')}") for n, key in enumerate(keys)]
    for n, ctx in enumerate(ctxs):
        rule(f"tcp4 dst-port {2000 + n} context {ctx}")
    for n, ctx in enumerate(ctxs):
        ksft_eq(DEV.rxfh(ctx)[2:], ([2 * n + i % 2 for i in range(ENTRIES)], keys[n]), "context")
        for sport in range(6):
            hashed(ctx, ether(packet(sport=sport, dport=2000 + n)),
                   tuple_of(ports=(sport, 2000 + n)))
    ksft_eq(DEV.rxfh()[2:], ([0] * ENTRIES, KEY), "main table and key")
    # One changes, the others do not.
    ethtool(f"-X nvn1 context {ctxs[1]} weight 0 0 0 0 0 1 3")
    ethtool(f"-X nvn1 context {ctxs[2]} hkey {KEY.hex(':')}")
    ksft_eq(DEV.rxfh(ctxs[1])[2:], ([5] * 128 + [6] * 384, keys[1]), "changed table")
    ksft_eq(DEV.rxfh(ctxs[2])[2:], ([4 + i % 2 for i in range(ENTRIES)], KEY), "changed key")
    for n, ctx in enumerate(ctxs):
        hashed(ctx, ether(packet(dport=2000 + n)), tuple_of(ports=(1000, 2000 + n)))


@ksft_case
def all_contexts():
    """64 contexts, each with a queue of its own, a key of its own and a rule; no more."""
    defer(ethtool, f"-L nvn1 combined {QUEUES}")
    ethtool(f"-L nvn1 combined {CONTEXTS + 1}")
    ctxs = []
    for n in range(CONTEXTS):
        key = bytes([n + 1]) * 8 + KEY[8:]
        ctxs.append(context(f"start {n + 1} equal 1 hkey {key.hex(':')}"))
        rule(f"tcp4 dst-port {2000 + n} context {ctxs[n]}")
    ksft_eq(sorted(ctxs), list(range(1, CONTEXTS + 1)), "numbers")
    out = ethtool("-X nvn1 context new", fail=False)
    ksft_true(out.ret, "a context too many is refused")
    ksft_pr(out.stderr)
    for n, ctx in enumerate(ctxs):
        hashed(ctx, ether(packet(dport=2000 + n)), tuple_of(ports=(1000, 2000 + n)))
    out = ethtool(f"-L nvn1 combined {CONTEXTS}", expect_fail=True)
    ksft_in("too low for existing indirection table", out.stderr, "refusal of fewer channels")


@ksft_case
def queue_offset():
    """The rule's queue is added to what the table says."""
    ctx = context("start 1 equal 2")
    loc = rule(f"tcp4 dst-port 2000 context {ctx} action 2")
    text = ethtool("-n nvn1").stdout
    ksft_in(f"RSS Context ID: {ctx}", text)
    for sport in range(8):
        hashed(ctx, ether(packet(sport=sport)), tuple_of(ports=(sport, 2000)), offset=2)
    # Queue 2 + 5 is the last one; 6 would be one too many.
    ksft_eq(rule(f"tcp4 dst-port 2000 context {ctx} action 5"), loc, "location")
    hashed(ctx, T4, tuple_of(), offset=5)
    refused(f"-N nvn1 flow-type tcp4 dst-port 2000 context {ctx} action 6",
            f"queue offset 6 plus queue 2 of RSS context {ctx} out of range, port has {QUEUES}")
    refused(f"-X nvn1 context {ctx} start 2 equal 2",
            "plus rule offset 5: queue 8 out of range, port has 8")
    hashed(ctx, T4, tuple_of(), offset=5)
    refused(f"-L nvn1 combined {QUEUES - 1}", f"rules for RSS context {ctx} use queue 7")
    hashed(ctx, T4, tuple_of(), offset=5)
    ethtool(f"-X nvn1 context {ctx} start 0 equal 2")
    hashed(ctx, T4, tuple_of(), offset=5)
    refused("-N nvn1 flow-type tcp4 dst-port 2000 context 0 action 1",
            "queue offset is not supported with RSS context 0")


@ksft_case
def busy():
    """A context that a rule points to stays; without the rule it goes."""
    ctx, other = context("start 3 equal 1"), context("start 4 equal 1")
    loc = rule(f"tcp4 dst-port 2000 context {ctx}")
    rule(f"tcp6 dst-port 2000 context {ctx}")
    out = ethtool(f"-X nvn1 context {ctx} delete", fail=False)
    ksft_true(out.ret and "busy" in out.stderr, f"refusal: {out.stderr}")
    hashed(ctx, T4, tuple_of())
    # Replaced, the rule points elsewhere; one still does not.
    rule(f"tcp4 dst-port 2000 context {other}")
    ksft_true(ethtool(f"-X nvn1 context {ctx} delete", fail=False).ret, "still busy")
    rule("tcp6 dst-port 2000 action 1")
    ethtool(f"-X nvn1 context {ctx} delete")
    arrives(T4, toeplitz(DEV.rxfh(other)[3], tuple_of()), 4)
    remove_rule(loc)
    ethtool(f"-X nvn1 context {other} delete")
    arrives(T4, toeplitz(KEY, tuple_of()), 0)
    refused(f"-X nvn1 context {ctx} equal 2", "No such file or directory")
    refused(f"-N nvn1 flow-type tcp4 dst-port 2000 context {ctx}",
            "Invalid argument" if rxnfc.core_looks_up_contexts() else
            f"RSS context {ctx} does not exist")


@ksft_case
def numbers_are_used_again():
    first, second = context("start 2 equal 1"), context()
    ethtool(f"-X nvn1 context {first} delete")
    again = context("start 6 equal 1")
    ksft_eq(again, first, "number")
    rule(f"tcp4 dst-port 2000 context {again}")
    hashed(again, T4, tuple_of())
    ksft_eq(DEV.rxfh(second)[2], [i % QUEUES for i in range(ENTRIES)], "the other one")


@ksft_case
def inside_a_vm():
    """RSS inside the queues of a VSID: inner headers, the context's key."""
    ctx = context("start 4 equal 4")
    rule(f"ether dst {N} user-def {VSID:#x} context {ctx}")
    for sport in range(6):
        hashed(ctx, nvgre(ether(packet(sport=sport))), tuple_of(ports=(sport, 2000)))
    arrives(nvgre(T4, VSID + 1), toeplitz(KEY, tuple_of()), 0)


@ksft_case
def channels():
    """More channels leave tables alone; fewer than a table needs are refused."""
    defer(ethtool, f"-L nvn1 combined {QUEUES}")
    ctx = context("weight 1 0 0 1")
    rule(f"tcp4 dst-port 2000 context {ctx}")
    ethtool("-L nvn1 combined 12")
    ksft_eq(DEV.rxfh(ctx)[2], [0] * 256 + [3] * 256, "table")
    refused("-L nvn1 combined 3", "too low for existing indirection table (3)")
    ethtool("-L nvn1 combined 4")
    PAIR.b.wait_carrier()
    hashed(ctx, T4, tuple_of())


@ksft_case
def down_and_up():
    ctx = context("start 5 equal 2")
    rule(f"tcp4 dst-port 2000 context {ctx}")
    PAIR.b.down()
    new = context("start 3 equal 1")
    rule(f"tcp6 dst-port 2000 context {new}")
    PAIR.b.up()
    PAIR.a.wait_carrier()
    PAIR.b.wait_carrier()
    hashed(ctx, T4, tuple_of())
    hashed(new, T6, tuple_of(S6, D6))


ALL = rxnfc.IP_SRC | rxnfc.IP_DST | rxnfc.SPORT | rxnfc.DPORT


@ksft_case
def fields_of_its_own():
    """A context begins with the port's fields; then each has its own."""
    defer(ethtool, "-N nvn1 rx-flow-hash tcp4 sdfn")
    ethtool("-N nvn1 rx-flow-hash tcp4 sd")
    ctx, other = context("start 2 equal 4"), context("start 1 equal 2")
    rule(f"tcp4 dst-port 2000 context {ctx}")
    rule(f"tcp6 dst-port 2000 context {other}")
    hashed(ctx, T4, S + D)
    ethtool("-N nvn1 rx-flow-hash tcp4 sdfn")
    hashed(ctx, T4, S + D)
    ethtool(f"-N nvn1 rx-flow-hash tcp4 n context {ctx}")
    hashed(ctx, T4, struct.pack("!H", 2000))
    ksft_eq([DEV.fields(rxnfc.TCP4, n) for n in (0, ctx, other)],
            [ALL, rxnfc.DPORT, rxnfc.IP_SRC | rxnfc.IP_DST], "fields of port and contexts")
    ethtool(f"-N nvn1 rx-flow-hash tcp6 s context {other}")
    hashed(other, T6, S6)
    hashed(ctx, T4, struct.pack("!H", 2000))
    # What else changes of a context, and down and up, leave them alone.
    ethtool(f"-X nvn1 context {ctx} start 3 equal 2")
    PAIR.b.down()
    PAIR.b.up()
    PAIR.a.wait_carrier()
    PAIR.b.wait_carrier()
    hashed(ctx, T4, struct.pack("!H", 2000))
    # The next one with that number begins anew.
    last = context()
    ethtool(f"-N nvn1 rx-flow-hash tcp4 n context {last}")
    remove(last)
    ksft_eq((context(), DEV.fields(rxnfc.TCP4, last)), (last, ALL), "fields of a new context")
    refused(f"-N nvn1 rx-flow-hash tcp4 m context {ctx}", "Invalid argument")
    ksft_eq(DEV.fields(rxnfc.TCP4, ctx), rxnfc.DPORT, "fields after a refusal")


def einval(func, *args):
    with ksft_raises(OSError, "it was taken") as error:
        func(*args)
    ksft_eq(error.exception.errno, errno.EINVAL, "errno")


@ksft_variants(["main", "context"])
def symmetric_fields(where):
    """What is hashed is the same for both directions, as long as symmetric-xor is on."""
    ctx = context() if where == "context" else 0
    defer(DEV.set_rxfh, ctx, 0)
    defer(DEV.set_fields, rxnfc.UDP4, ALL, ctx)
    DEV.set_fields(rxnfc.UDP4, rxnfc.IP_SRC, ctx)
    einval(DEV.set_rxfh, ctx, rxnfc.SYM_XOR)
    ksft_eq(DEV.rxfh(ctx)[1], 0, "transform")
    for pair in (rxnfc.SPORT | rxnfc.DPORT, rxnfc.IP_SRC | rxnfc.IP_DST):
        DEV.set_rxfh(ctx, 0)
        DEV.set_fields(rxnfc.UDP4, pair, ctx)
        DEV.set_rxfh(ctx, rxnfc.SYM_XOR)
        for bad in (rxnfc.IP_SRC, rxnfc.DPORT, pair | rxnfc.SPORT if pair & rxnfc.IP_SRC else
                    pair | rxnfc.IP_DST):
            einval(DEV.set_fields, rxnfc.UDP4, bad, ctx)
        ksft_eq(DEV.fields(rxnfc.UDP4, ctx), pair, "fields after refusals")
        DEV.set_fields(rxnfc.UDP4, ALL, ctx)


# ---- symmetric-xor ----

@ksft_variants(["main", "context"])
def symmetric(where):
    """Both directions of a flow have one hash, of the folded input."""
    ctx = 0
    if where == "context":
        ctx = context()
        rule(f"ip4 context {ctx}")
        rule(f"ip6 context {ctx}")
    else:
        defer(ethtool, "-X nvn1 equal 1")
        ethtool(f"-X nvn1 equal {QUEUES}")
    defer(DEV.set_rxfh, 0, 0)
    DEV.set_rxfh(ctx, rxnfc.SYM_XOR)
    ksft_eq(DEV.rxfh(ctx)[1], rxnfc.SYM_XOR, "transform")
    if ctx:
        ksft_eq(DEV.rxfh()[1], 0, "transform of the main table")
    for sport in range(1000, 1006):
        there = packet(sport=sport)
        back = packet(S, sport=2000, dport=sport, src=D)
        for what in (there, back):
            hashed(ctx, ether(what), folded(ports=(sport, 2000)))
            hashed(ctx, nvgre(ether(what)), folded(ports=(sport, 2000)))
    for what in (packet(D6, UDP), packet(S6, UDP, src=D6)):
        hashed(ctx, ether(what), folded(S6, D6))
    # Off again: the input as it is.
    DEV.set_rxfh(ctx, 0)
    ksft_eq(DEV.rxfh(ctx)[1], 0, "transform")
    hashed(ctx, T4, tuple_of())


@ksft_case
def symmetric_refused():
    """Another transform is not known; nothing changes."""
    for ctx in (0, context()):
        before = DEV.rxfh(ctx)
        with ksft_raises(OSError, "symmetric-or-xor was taken") as error:
            DEV.set_rxfh(ctx, rxnfc.SYM_OR_XOR)
        ksft_eq(error.exception.errno, errno.EOPNOTSUPP, "errno")
        ksft_eq(DEV.rxfh(ctx), before, "context")


@ksft_case
def gone_with_the_port():
    """A port that goes away takes its contexts along, and rules that lead to them."""
    names = new_adapter(1)
    for name in names:
        cmd(f"ethtool -X {name} context new")
    cmd(f"ethtool -N {names[0]} flow-type udp4 dst-port 7 context 1")


# ---- under traffic ----

@ksft_case
def under_traffic():
    """Contexts for a stream come, change and go; it must not notice."""
    stream = Stream(PAIR.a, PAIR.b)
    port = stream.server.getsockname()[1]
    seen = Watch(PAIR.b)
    for n in range(12):
        ctx = context(f"start {n % 6} equal 2")
        loc = rule(f"tcp4 dst-port {port} context {ctx} action {n % 2}")
        stream.moving(1 << 16)
        ethtool(f"-X nvn1 context {ctx} start {5 - n % 6} equal 2 hkey "
                f"{bytes([n + 1] * 40).hex(':')}")
        stream.moving(1 << 16)
        remove_rule(loc)
        ethtool(f"-X nvn1 context {ctx} delete")
    stream.check()
    ksft_ge(len(seen.queues("rx", "frames")), 3, "queues that the stream was on")
    ksft_eq(seen.rx("missed") + seen.rx("err_desc") + seen["csr_bad"], 0, "what must not be")


ksft_run(setup)
