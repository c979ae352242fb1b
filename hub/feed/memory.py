"""The feed of a single process, without Redis. Twin of `redis.py`: both pass the same tests."""

from collections.abc import Iterable

from hub.feed.contract import Changed, Health
from hub.feed.record import Record


class MemoryFeed:
    """The feed of a single process: the same contract without Redis."""

    def __init__(self, hub: str) -> None:
        self.healthy = True
        self._hub = hub
        self._teams: dict[int, dict[int, Record]] = {}
        self._watched: set[int] = set()
        self._on_change: Changed = lambda record: None

    async def start(self, on_change: Changed, on_health: Health) -> None:
        self._on_change = on_change
        on_health(True)

    async def stop(self) -> None:
        self._on_change = lambda record: None

    async def publish(self, records: Iterable[Record]) -> None:
        for record in records:
            team = self._teams.setdefault(record.team, {})
            known = team.get(record.device)
            if known is None or (known.session, known.n) < (record.session, record.n):
                team[record.device] = record
                if record.team in self._watched:
                    self._on_change(record)

    async def remove(self, team: int, device: int) -> None:
        self._teams.get(team, {}).pop(device, None)

    async def watch(self, team: int) -> None:
        self._watched.add(team)

    async def unwatch(self, team: int) -> None:
        self._watched.discard(team)

    async def snapshot(self, team: int) -> list[Record]:
        return list(self._teams.get(team, {}).values())

    async def hubs_heard(self, hubs: Iterable[str]) -> set[str]:
        return {hub for hub in hubs if hub == self._hub}
