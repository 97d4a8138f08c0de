# SPDX-License-Identifier: GPL-2.0
"""nvnic selftests: virtual machines behind macvlan that come, change and go under
traffic of their own.

Copyright (C) 2026 nvnic contributors
"""

from .ktap import ksft_eq
from .station import Station
from .traffic import UdpFlow


class Vm(Station):
    """A Station, and datagrams between it and PEER, one way or the other. What arrives
    must be what was sent for this VM; that all of it does, nobody says: it may be taken
    away at any moment.

        vm = Vm(3, PAIR.b, PAIR.a, "v3", to_vm=True, seed=1)
        vm.bounce()
        received = vm.end()
    """

    def __init__(self, number, lower, peer, ns, to_vm, seed):
        try:
            super().__init__(number, lower, ns)
            self.address(v6=f"fd09::{100 + number:x}/64")
            ends = (peer, self) if to_vm else (self, peer)
            self.flow = UdpFlow(f"VM {number} over {lower}", *ends, size=400, seed=seed)
        except Exception:
            # Another one of this number may come in the same round.
            self.remove()
            raise

    def change_address(self, version):
        """Another MAC address, while it runs."""
        self.set(f"address {self.station(version)}")

    def end(self):
        """It goes; returns how many datagrams had arrived, none of them another's."""
        self.remove()
        self.flow.cut()
        ksft_eq(self.flow.wrong, None, f"what arrived of {self.flow.name}")
        return self.flow.received
