# SPDX-License-Identifier: GPL-2.0
"""nvnic selftests: BPF programs at an interface's egress and ingress, without a compiler.

Copyright (C) 2026 nvnic contributors
"""

import ctypes
import os
import socket
import struct

from .shell import Skip, defer, in_netns

_SYS_BPF = 321
_PROG_LOAD, _LINK_CREATE = 5, 28
_SCHED_CLS = 3
INGRESS, EGRESS = 46, 47
_libc = ctypes.CDLL(None, use_errno=True)

# Helpers
STORE_BYTES, LOAD_BYTES, ADJUST_ROOM = 9, 26, 50
# The next program, or the stack, goes on with the frame; it is dropped
NEXT, SHOT = -1, 2


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


def attach(port, where, code):
    """Have CODE look at all frames of a Port, until the case ends."""
    text = ctypes.create_string_buffer(code, len(code))
    licence = ctypes.create_string_buffer(b"GPL")
    log = ctypes.create_string_buffer(1 << 16)
    try:
        prog = _bpf(_PROG_LOAD, struct.pack("=IIQQIIQ", _SCHED_CLS, len(code) // 8,
                                            ctypes.addressof(text), ctypes.addressof(licence), 1,
                                            len(log), ctypes.addressof(log)))
    except OSError as error:
        raise AssertionError(f"BPF: {error}: {log.value.decode()[-2000:]}") from None
    try:
        with in_netns(port.ns):
            link = _bpf(_LINK_CREATE, struct.pack("=IIII", prog,
                                                  socket.if_nametoindex(port.ifname), where, 0))
    except OSError as error:
        raise Skip(f"this kernel has no BPF links at interfaces (tcx): {error}") from None
    finally:
        os.close(prog)
    defer(os.close, link)
