# SPDX-License-Identifier: GPL-2.0
"""KTAP output, cases and case tables.

Copyright (C) 2026 nvnic contributors
"""

import os
import sys
import traceback

from .shell import KsftSkipEx, undo, undo_depth

KSFT_PASS, KSFT_FAIL, KSFT_SKIP = 0, 1, 4

_cases = []


def ksft_case(func):
    """Decorator: a function is a case."""
    _cases.append((func.__name__, func, ()))
    return func


def ksft_variants(params):
    """Decorator: a function is a case for each of its parameters.

    Each is a tuple of arguments (or one argument); its text names the case. A dict gives
    names: {"name": arguments}.

        @ksft_variants([("gretap", 4), ("ip6gretap", 6)])
        def lso(kind, family): ...
    """
    rows = list(params.items() if isinstance(params, dict) else ((None, row) for row in params))

    def add(func):
        for name, row in rows:
            args = row if isinstance(row, tuple) else (row,)
            label = name or ".".join(map(_word, args)).strip(".")
            _cases.append((f"{func.__name__}.{label}", func, args))
        return func
    return add


def _word(argument):
    """An argument's part in the name of a case: nothing, if it has no short name."""
    if callable(argument):
        return argument.__name__
    return str(argument) if argument is None or isinstance(argument, (str, int, float)) else ""


def ksft_pr(text):
    """Print a remark to the reader of the log."""
    for line in str(text).splitlines() or [""]:
        print(f"# {line}", flush=True)


def _check(good, relation, a, b, what):
    if not good:
        raise AssertionError(f"{what + ': ' if what else ''}{a!r} {relation} {b!r}")


def ksft_true(value, what=""):
    if not value:
        raise AssertionError(what or f"{value!r} is not true")


def ksft_eq(a, b, what=""):
    _check(a == b, "is not", a, b, what)


def ksft_ne(a, b, what=""):
    _check(a != b, "must not be", a, b, what)


def ksft_ge(a, b, what=""):
    _check(a >= b, "is less than", a, b, what)


def ksft_le(a, b, what=""):
    _check(a <= b, "is more than", a, b, what)


def ksft_in(a, b, what=""):
    _check(a in b, "is not in", a, b, what)


class ksft_raises:
    """What is in the "with" block raises that exception, which is then in .exception.

        with ksft_raises(OSError) as refusal:
            ...
        ksft_eq(refusal.exception.errno, errno.EINVAL)
    """

    def __init__(self, expected_type, what=""):
        self.expected_type, self.what, self.exception = expected_type, what, None

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            raise AssertionError(self.what or f"no {self.expected_type.__name__}")
        self.exception = value
        return issubclass(kind, self.expected_type)


def _explain(error):
    """Where in the test it happened, then what."""
    for frame in traceback.extract_tb(error.__traceback__):
        if "/lib/" not in frame.filename or not isinstance(error, AssertionError):
            ksft_pr(f"{os.path.basename(frame.filename)}:{frame.lineno}: {frame.line}")
    ksft_pr(f"{type(error).__name__}: {error}")


def _run_one(number, name, func, args):
    depth = undo_depth()
    error = skip = None
    try:
        func(*args)
    except KsftSkipEx as why:
        skip = why
    except Exception as caught:
        error = caught
    for late in undo(depth):
        ksft_pr(f"while cleaning up after {name}:")
        _explain(late)
        error = error or late
    if error:
        _explain(error)
        print(f"not ok {number} {name}", flush=True)
        return KSFT_FAIL
    if skip:
        print(f"ok {number} {name} # SKIP {skip}", flush=True)
        return KSFT_SKIP
    print(f"ok {number} {name}", flush=True)
    return KSFT_PASS


def _finish(code):
    """Undo the setup; a failure of that is a failure of the test."""
    for late in undo():
        ksft_pr("while cleaning up at the end:")
        _explain(late)
        code = KSFT_FAIL
    sys.exit(code)


def ksft_run(setup=None):
    """Run every case (those whose name contains an argument, if there are any).

    setup() runs once before; what it defers is undone after the last case.
    Exits with 0, 1 (a case failed) or 4 (all were skipped).
    """
    wanted = [a for a in sys.argv[1:] if not a.startswith("-")]
    cases = [c for c in _cases if not wanted or any(w in c[0] for w in wanted)]
    if "-l" in sys.argv[1:]:
        print("\n".join(name for name, _, _ in cases))
        sys.exit(KSFT_PASS)
    print("KTAP version 1", flush=True)
    if not cases:
        print(f"1..0 # SKIP no case matches {' '.join(wanted)}", flush=True)
        sys.exit(KSFT_SKIP)
    try:
        if setup:
            setup()
    except KsftSkipEx as why:
        print(f"1..0 # SKIP {why}", flush=True)
        _finish(KSFT_SKIP)
    except Exception as error:
        print("1..1", flush=True)
        _explain(error)
        print("not ok 1 setup", flush=True)
        _finish(KSFT_FAIL)
    print(f"1..{len(cases)}", flush=True)
    results = [_run_one(n, *case) for n, case in enumerate(cases, 1)]
    if KSFT_FAIL in results:
        _finish(KSFT_FAIL)
    _finish(KSFT_SKIP if set(results) == {KSFT_SKIP} else KSFT_PASS)
