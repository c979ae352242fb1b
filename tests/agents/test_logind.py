"""Locks and sleep, from a mock logind on a private bus."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from agents.sensors.logind import Logind

from .mocklogind import Mock, mock_logind, private_bus


@pytest.fixture(scope="module")
def bus_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with private_bus(tmp_path_factory.mktemp("bus")) as address:
        yield address


@pytest.fixture
async def mock(bus_address: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Mock]:
    monkeypatch.delenv("XDG_SESSION_ID", raising=False)
    async with mock_logind(bus_address) as made:
        yield made


@pytest.fixture
async def logind(mock: Mock, bus_address: str) -> AsyncIterator[Logind]:
    made = Logind(
        lambda: mock.seen.put_nowait(("locked", made.locked)),
        lambda begins: mock.seen.put_nowait(("sleep", begins)),
        bus_address,
    )
    task = asyncio.create_task(made.run())
    async with asyncio.timeout(30):
        await made.ready()
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_lock_and_unlock_are_seen_by_the_hint(mock: Mock, logind: Logind) -> None:
    assert not logind.locked
    mock.session.hint(True)
    assert await mock.next() == ("locked", True)
    mock.session.hint(False)
    assert await mock.next() == ("locked", False)


async def test_lock_signal_counts_where_no_hint_is_set(mock: Mock, logind: Logind) -> None:
    mock.session.Lock()
    assert await mock.next() == ("locked", True)
    mock.session.Unlock()
    assert await mock.next() == ("locked", False)


async def test_sleep_is_announced_before_and_after(mock: Mock, logind: Logind) -> None:
    mock.manager.PrepareForSleep(True)
    assert await mock.next() == ("sleep", True)
    mock.manager.PrepareForSleep(False)
    assert await mock.next() == ("sleep", False)


async def test_session_that_is_locked_already_is_known_as_locked(mock: Mock, bus_address: str) -> None:
    mock.session.locked = True
    made = Logind(lambda: mock.seen.put_nowait("changed"), lambda _: None, bus_address)
    task = asyncio.create_task(made.run())

    assert await mock.next() == "changed"
    assert made.locked
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_session_named_by_the_environment_is_followed(
    mock: Mock, bus_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_SESSION_ID", "37")
    made = Logind(lambda: mock.seen.put_nowait(made.locked), lambda _: None, bus_address)
    task = asyncio.create_task(made.run())
    async with asyncio.timeout(30):
        await made.ready()
    mock.session.hint(True)

    assert await mock.next() is True
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("address", ["unix:path=/nowhere/at/all", "no address"])
async def test_missing_bus_is_said_and_claims_no_lock(address: str) -> None:
    made = Logind(lambda: None, lambda _: None, address)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await made.run()

    assert not made.available
    assert not made.locked
    assert made.trouble.startswith("no logind")
