# SPDX-License-Identifier: GPL-2.0
"""Running commands, waiting for conditions, undoing.

Copyright (C) 2026 nvnic contributors
"""

import contextlib
import ctypes
import json as jsonlib
import os
import shlex
import subprocess
import time


class KsftSkipEx(Exception):
    """This case cannot be run here; the text says why."""


class CmdExitFailure(Exception):
    """A command ended with a status that its caller did not expect."""

    def __init__(self, argv, result):
        self.result = result
        text = f"{shlex.join(argv)}: exit status {result.ret}"
        for name in ("stdout", "stderr"):
            out = getattr(result, name).strip()
            if out:
                text += f"\n{name}:\n{out[-4000:]}"
        super().__init__(text)


class Result:
    """What a command left: ret, stdout, stderr, json()."""

    def __init__(self, ret, stdout, stderr):
        self.ret, self.stdout, self.stderr = ret, stdout, stderr

    def json(self):
        return jsonlib.loads(self.stdout)


def _prepare(command, ns):
    """(argv, the namespace to start it from). A child is born in its parent's namespace;
    "ip netns exec" would take as long again as most commands, and is for those that want
    to see the namespace in /sys."""
    argv = shlex.split(command) if isinstance(command, str) else [str(a) for a in command]
    if ns and any("/sys/" in word for word in argv):
        return ["ip", "netns", "exec", ns] + argv, None
    return argv, ns


def cmd(command, ns=None, fail=True, expect_fail=False, timeout=120, stdin=None):
    """Run COMMAND (a string split as a shell would, or a list) in namespace NS.

    A status other than 0 raises CmdExitFailure, unless fail=False; with expect_fail=True
    (a refusal) status 0 does.
    """
    argv, ns = _prepare(command, ns)
    try:
        with in_netns(ns):
            done = subprocess.run(argv, input=stdin, text=True, timeout=timeout,
                                  stdin=None if stdin else subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except subprocess.TimeoutExpired as expired:
        text = (expired.stdout or b"").decode(errors="replace")
        raise CmdExitFailure(argv, Result(f"none within {timeout} s", text, "")) from None
    result = Result(done.returncode, done.stdout, done.stderr)
    if expect_fail:
        fail = result.ret == 0
    else:
        fail = fail and result.ret != 0
    if fail:
        raise CmdExitFailure(argv, result)
    return result


class bkg:
    """A command running beside the test; killed when the case ends.

    With a `with` block: waits for it at the end and checks its status.
    """

    def __init__(self, command, ns=None):
        self.argv, ns = _prepare(command, ns)
        with in_netns(ns):
            self.proc = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, text=True,
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        defer(self.kill)

    def wait(self, timeout=120, fail=True):
        try:
            out, err = self.proc.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            out, err = self.proc.communicate()
            raise CmdExitFailure(self.argv, Result(f"none within {timeout} s", out, err)) from None
        result = Result(self.proc.returncode, out, err)
        if fail and result.ret != 0:
            raise CmdExitFailure(self.argv, result)
        return result

    def running(self):
        return self.proc.poll() is None

    def kill(self):
        if self.running():
            self.proc.kill()
        self.proc.wait()
        for stream in (self.proc.stdout, self.proc.stderr):
            stream.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.wait()
        else:
            self.kill()


def wait_for(condition, what, timeout=30):
    """Poll until condition() is true; return its value. AssertionError after TIMEOUT."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout} s in vain for {what}")
        time.sleep(0.01)


_undo = []


def defer(func, *args, **kwargs):
    """Call func when the running case (or the setup) is over, last in first out."""
    _undo.append((func, args, kwargs))


def undo(down_to=0):
    """Run the deferred calls down to a depth; return what they raised."""
    errors = []
    while len(_undo) > down_to:
        func, args, kwargs = _undo.pop()
        try:
            func(*args, **kwargs)
        except Exception as error:
            errors.append(error)
    return errors


def undo_depth():
    return len(_undo)


_libc = ctypes.CDLL(None, use_errno=True)
_MEMBARRIER, _MEMBARRIER_CMD_GLOBAL = 324, 1


def quiesce():
    """Wait until each CPU is out of the interrupt, poll or engine that it is in now: what
    has seen a frame pass may not have counted it yet. Such a section is one of RCU's, and
    membarrier(2) waits for those."""
    if _libc.syscall(_MEMBARRIER, _MEMBARRIER_CMD_GLOBAL, 0, 0):
        err = ctypes.get_errno()
        raise OSError(err, os.strerror(err))


_CLONE_NEWNET = 0x40000000


def _setns(fd):
    if _libc.setns(fd, _CLONE_NEWNET):
        err = ctypes.get_errno()
        raise OSError(err, os.strerror(err))


@contextlib.contextmanager
def in_netns(ns):
    """Sockets made in this block belong to namespace NS (None: this one)."""
    if ns is None:
        yield
        return
    with open("/proc/thread-self/ns/net", "rb") as old, open(f"/run/netns/{ns}", "rb") as new:
        _setns(new.fileno())
        try:
            yield
        finally:
            _setns(old.fileno())
