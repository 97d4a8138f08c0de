# SPDX-License-Identifier: GPL-2.0
"""nvnic selftests: virtual machines behind macvlan.

Copyright (C) 2026 nvnic contributors
"""

import collections

from .nvnic import Port
from .shell import cmd, defer, quiesce

_DEV = "nvnic/nvnic0.1"
# What devlink says of a VM queue set beside its counters
_ABOUT = ("set", "station", "priority", "state", "first queue", "queues", "filters")


def _diagnosed():
    quiesce()
    return cmd(f"devlink -j health diagnose {_DEV} reporter rx").json()["VM queue sets"]


def sets():
    """{station: its VM queue set, as devlink describes it} of nvn1"""
    return {s["station"]: {name: s[name] for name in _ABOUT} for s in _diagnosed()}


def set_counters(vm):
    """Counter {name: value} of the VM queue set of a Station; empty without one."""
    return collections.Counter({name: value for s in _diagnosed() if s["station"] == str(vm)
                                for name, value in s.items() if name not in _ABOUT})


def limit(name, value):
    """Set a devlink parameter of nvn1; put back when the case ends."""
    show = cmd(f"devlink -j dev param show {_DEV} name {name}").json()["param"][_DEV]
    words = f"devlink dev param set {_DEV} name {name} cmode runtime value"
    defer(cmd, f"{words} {show[0]['values'][0]['value']}")
    cmd(f"{words} {value}")


class Station(Port):
    """A macvlan over LOWER in namespace NS, which is there: vmN, up, 10.9.0.(100 + N).
    Gone when the case ends.

    words: of the macvlan; options: of the link.
    """

    def __init__(self, number, lower, ns, words="mode bridge", options=""):
        super().__init__(f"vm{number}", ns, v4=f"10.9.0.{100 + number}")
        self.number, self.lower = number, lower
        self.made_by = (f"ip link add {self} link {lower} netns {ns} address {self.station()} "
                        f"{options} type macvlan {words}")
        defer(self.remove)
        self.add()

    def station(self, version=0):
        """Its MAC address, or another one that no other has."""
        return f"02:00:00:00:{version + 1:02x}:{self.number:02x}"

    def add(self):
        self.lower.cmd(self.made_by)
        self.address(f"{self.v4}/24")
        self.up()

    def remove(self):
        self.cmd(f"ip link del {self}", fail=False)

    def bounce(self):
        self.down()
        self.up()
