"""What is known of the other processes, over outages of the server that tells of them."""

from hub.feed.contract import Lease
from hub.feed.leases import GAP_S, LEASE_S, Leases

BEAT_S = 0.5


def test_silence_is_what_the_server_says() -> None:
    leases = Leases()

    for at, silent_s in ((0.0, 0.25), (0.5, 0.75), (1.0, 0.125)):
        assert leases.told([("two", Lease(3, silent_s))], at) == {"two": Lease(3, silent_s)}


def test_process_that_stopped_holds_nobody_and_falls_silent() -> None:
    leases = Leases()
    leases.told([("two", Lease(3, 0.0))], 0.0)

    assert leases.told([], 1.0) == {"two": Lease(0, 1.0)}
    assert leases.told([], 1.5) == {"two": Lease(0, 1.5)}


def test_frozen_server_makes_nobody_silent_who_was_heard_before_it() -> None:
    leases = Leases()
    leases.told([("two", Lease(3, 0.1)), ("dead", Lease(4, LEASE_S + 1))], 0.0)
    back = leases.told([("two", Lease(3, 15.1)), ("dead", Lease(4, LEASE_S + 16))], 15.0)
    later = leases.told([("two", Lease(3, 15.1 + GAP_S))], 15.0 + GAP_S)
    after = leases.told([("two", Lease(3, 0.2))], 15.0 + GAP_S + BEAT_S)

    assert back == {"two": Lease(3, 0.0), "dead": Lease(4, LEASE_S + 16)}
    assert later["two"] == Lease(3, GAP_S)
    assert round(after["two"].silent_s, 6) == 0.2


def test_killed_process_falls_silent_though_the_server_is_away_again_and_again() -> None:
    leases, away_s = Leases(), GAP_S + 0.1
    leases.told([("dead", Lease(3, 0.0))], 0.0)
    for time in range(1, 20):
        told = leases.told([("dead", Lease(3, time * away_s))], time * away_s)

    assert told["dead"].silent_s == 19 * away_s


def test_process_is_forgotten_after_an_hour() -> None:
    leases = Leases()
    leases.told([("two", Lease(3, 0.0))], 0.0)

    assert leases.told([("one", Lease(1, 0.0))], 3601.0) == {"one": Lease(1, 0.0)}
