# SPDX-License-Identifier: GPL-2.0
"""nvnic selftests: flower filters of tc.

Copyright (C) 2026 nvnic contributors
"""

import itertools

from .shell import cmd, defer

_prios = itertools.count(1)


class Tc:
    """The ingress filters of a Port; with the queueing discipline that holds them
    they are gone when the case ends.

        tc = Tc(PAIR.b)
        prio = tc.add("dst_mac 02:aa:00:00:00:02", "skbedit queue_mapping 3")
        tc.count(prio)          # (frames, bytes) that the device has counted
    """

    def __init__(self, port):
        self.port = port
        self._tc(f"qdisc add dev {port} clsact")
        defer(self._tc, f"qdisc del dev {port} clsact", fail=False)

    def _tc(self, words, **kwargs):
        return cmd(f"tc {words}", ns=self.port.ns, **kwargs)

    def words(self, match, action, prio, protocol="all", flags="skip_sw", handle=None):
        """A filter, as tc takes it after "filter add"."""
        handle = f"handle {handle}" if handle else ""
        action = f"action {action}" if action else ""
        return f"dev {self.port} ingress pref {prio} protocol {protocol} {handle} " \
               f"flower {match} {flags} {action}"

    def add(self, match, action, prio=None, verb="add", **kwargs):
        """Add a filter, in front of none that is there unless PRIO says so; its priority."""
        prio = prio or next(_prios)
        self._tc(f"filter {verb} " + self.words(match, action, prio, **kwargs))
        return prio

    def refused(self, match, action, **kwargs):
        """What tc says to a filter that is refused."""
        return self._tc("filter add " + self.words(match, action, next(_prios), **kwargs),
                        expect_fail=True).stderr

    def delete(self, prio, **kwargs):
        self._tc(f"filter del dev {self.port} ingress pref {prio}", **kwargs)

    def batch(self, lines):
        """Many commands in one process."""
        self._tc("-batch -", stdin="\n".join(lines) + "\n")

    def list(self):
        """{(priority, handle): its options} of all filters."""
        found = self._tc(f"-s -j filter show dev {self.port} ingress").json()
        return {(f["pref"], f["options"]["handle"]): f["options"]
                for f in found if "handle" in f.get("options", {})}

    def count(self, prio):
        """(frames, bytes) of the filter with this priority, as the device counts them."""
        options, = (o for (p, _), o in self.list().items() if p == prio)
        stats = options["actions"][0]["stats"]
        return stats.get("hw_packets", 0), stats.get("hw_bytes", 0)
