# SPDX-License-Identifier: GPL-2.0
"""nvnic selftests: BPF programs at an interface's egress and ingress, and XDP's in the stack,
without a compiler.

Copyright (C) 2026 nvnic contributors
"""

import ctypes
import os
import socket
import struct

from .shell import KsftSkipEx, defer, in_netns

_SYS_BPF = 321
_PROG_LOAD, _LINK_CREATE = 5, 28
_SCHED_CLS, _XDP = 3, 6
INGRESS, EGRESS, _AT_XDP = 46, 47, 37
_XDP_GENERIC, _XDP_HAS_FRAGS = 1 << 1, 1 << 5
_libc = ctypes.CDLL(None, use_errno=True)

# Helpers
STORE_BYTES, REDIRECT, LOAD_BYTES, ADJUST_HEAD, ADJUST_ROOM = 9, 23, 26, 44, 50
# The next program, or the stack, goes on with the frame; it is dropped
NEXT, SHOT = -1, 2
XDP_DROP, XDP_PASS, XDP_TX = 1, 2, 3


def insn(code, dst=0, src=0, off=0, imm=0):
    return struct.pack("=BBhi", code, dst | src << 4, off, imm)


def mov(dst, imm):
    return insn(0xb7, dst, imm=imm)


def mov_reg(dst, src):
    return insn(0xbf, dst, src)


def call(helper):
    return insn(0x85, imm=helper)


def leave(value):
    """Exit with VALUE."""
    return mov(0, value) + insn(0x95)


def unless_equal(reg, imm, value):
    """Exit with VALUE unless REG is IMM."""
    return insn(0x15, reg, off=2, imm=imm) + leave(value)


def _bpf(command, attributes):
    buf = ctypes.create_string_buffer(attributes, max(len(attributes), 128))
    result = _libc.syscall(_SYS_BPF, command, buf, len(buf))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _load(kind, code, flags=0):
    text = ctypes.create_string_buffer(code, len(code))
    licence = ctypes.create_string_buffer(b"GPL")
    log = ctypes.create_string_buffer(1 << 16)
    try:
        return _bpf(_PROG_LOAD, struct.pack("=IIQQIIQII", kind, len(code) // 8,
                                            ctypes.addressof(text), ctypes.addressof(licence), 1,
                                            len(log), ctypes.addressof(log), 0, flags))
    except OSError as error:
        raise AssertionError(f"BPF: {error}: {log.value.decode()[-2000:]}") from None


def _link(prog, port, where, flags):
    """Until the case ends"""
    try:
        with in_netns(port.ns):
            defer(os.close, _bpf(_LINK_CREATE, struct.pack(
                "=IIII", prog, socket.if_nametoindex(port.ifname), where, flags)))
    finally:
        os.close(prog)


def attach(port, where, code):
    """Have CODE look at all frames of a Port, until the case ends."""
    prog = _load(_SCHED_CLS, code)
    try:
        _link(prog, port, where, 0)
    except OSError as error:
        raise KsftSkipEx(f"this kernel has no BPF links at interfaces (tcx): {error}") from None


def attach_xdp(port, code, frags=False):
    """The same by XDP in the stack; FRAGS: it takes frames that are not in one piece."""
    _link(_load(_XDP, code, _XDP_HAS_FRAGS if frags else 0), port, _AT_XDP, _XDP_GENERIC)


# XDP: r6 is the context, r7 and r8 are where the frame begins and ends.

def xdp_frame():
    return insn(0x61, 7, 6, 0) + insn(0x61, 8, 6, 4)


def xdp_has(length, value):
    """Exit with VALUE if the frame has not LENGTH bytes."""
    return mov_reg(1, 7) + insn(0x07, 1, imm=length) + insn(0xbd, 1, 8, off=2) + leave(value)


def xdp_store(data):
    """The frame begins with DATA, of an even length, from now on."""
    return b"".join(insn(0x6a, 7, off=at, imm=int.from_bytes(data[at:at + 2], "little"))
                    for at in range(0, len(data), 2))


def xdp_turn(old, new, ifindex):
    """A program that sends each frame that begins with the addresses of OLD out of another
    interface, beginning with NEW instead of OLD."""
    code = mov_reg(6, 1) + xdp_frame() + xdp_has(len(old), XDP_PASS)
    for at in range(0, 12, 2):
        code += insn(0x69, 2, 7, at)
        code += unless_equal(2, int.from_bytes(old[at:at + 2], "little"), XDP_PASS)
    code += mov_reg(1, 6) + mov(2, len(old) - len(new)) + call(ADJUST_HEAD)
    code += unless_equal(0, 0, XDP_DROP) + xdp_frame() + xdp_has(len(new), XDP_DROP)
    return code + xdp_store(new) + xdp_redirect(ifindex)


def xdp_redirect(ifindex):
    """A program that sends each frame out of another interface."""
    return mov(1, ifindex) + mov(2, 0) + call(REDIRECT) + insn(0x95)
