"""Ports of loopback for servers that tests start."""

import os
import random
import socket
from collections.abc import Iterator
from contextlib import suppress

PORTS = range(7_000, 10_000)
"""Below those that the system gives to connections and to port 0, of which one could take a port before its server does."""
SHARES = 8
"""Workers of one run take from parts of their own, or two could be told the same before one of them listens."""


def free_port() -> int:
    """A port that nobody has now, and that this process was not told lately."""
    for port in _ports:
        with suppress(OSError), socket.socket() as probe:  # else somebody has it
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("unreachable")


def _around() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    share = PORTS[worker % SHARES :: SHARES]
    place = random.SystemRandom().randrange(len(share))
    while True:
        yield share[place % len(share)]
        place += 1


_ports = _around()
