"""A crowd for `wall.py`: people in teams put straight into the database, and their presence published at a steady rate.

`python -m bench.wall_people DATABASE_URL REDIS_URL` publishes until it is ended, from a process of its own, so that its CPU is nobody's. It
prints `ready` once everybody has been told of. From then on a number on its input is how many changes a second there are; each time it
answers how many there have been so far.
"""

import asyncio
import random
import sys
from datetime import UTC, datetime, timedelta

import structlog
import uvloop

from hub.database import close_pool, connection, open_pool, transaction
from hub.feed.record import Record
from hub.feed.redis import RedisFeed
from hub.wire.activity import Facts
from hub.wire.today import Today

TEAM = 100
DIVISION = 8
"""Teams of a division. Few people are one team under the root."""
TURN_S = 0.1
AT_ONCE = 1_000
"""At first: a busy machine answers so many within the feed's deadline."""
APPS = ("VS Code", "Slack", "Figma", "Chrome", "Excel", "Outlook", "Terminal", "Zoom")
DIVISIONS = ("Engineering", "Operations", "Customer", "Commercial", "Product", "Corporate", "Finance", "Research")
FIRST = (
    "Amara",
    "Lukas",
    "Priya",
    "Hana",
    "Mateusz",
    "Chloé",
    "Kwame",
    "Sofia",
    "Tariq",
    "Linh",
    "Noor",
    "Tomás",
    "Ingrid",
    "Ravi",
)
LAST = (
    "Okafor",
    "Brandt",
    "Menon",
    "Kobayashi",
    "Nowak",
    "Lambert",
    "Mensah",
    "Rossi",
    "Hussain",
    "Nguyen",
    "Dahl",
    "Horák",
    "Chen",
)


async def settle(people: int, manager: str) -> None:
    """Teams and people under the first team, which the person with this address manages from now on."""
    draw = random.Random(people)
    async with transaction() as held:
        root = await held.fetchval("SELECT id FROM team WHERE parent IS NULL ORDER BY id LIMIT 1")
        await held.execute(
            "INSERT INTO role (person, role, team) SELECT id, 'manager', $2 FROM person WHERE email = $1 "
            "AND NOT EXISTS (SELECT 1 FROM role WHERE role = 'manager' AND team = $2 AND person = person.id)",
            manager,
            root,
        )
        for number in range(max(1, people // TEAM)):
            if number % DIVISION == 0:
                name = DIVISIONS[number // DIVISION % len(DIVISIONS)]
                name += f" {number // DIVISION // len(DIVISIONS) + 1}" if number // DIVISION >= len(DIVISIONS) else ""
                above = await held.fetchval("INSERT INTO team (parent, name) VALUES ($1, $2) RETURNING id", root, name)
            team = await held.fetchval(
                "INSERT INTO team (parent, name) VALUES ($1, $2) RETURNING id", above, f"Team {number + 1}"
            )
            size = (
                min(TEAM, people) if people <= TEAM else round(TEAM * (0.5 + draw.random())) if people < 5000 else TEAM
            )
            await held.execute(
                """
                WITH added AS (
                    INSERT INTO person (email, name, zone)
                    SELECT 'p' || $1 || '-' || at || '@bench.example', name, 'UTC'
                    FROM unnest($2::text[]) WITH ORDINALITY AS given(name, at) RETURNING id
                )
                INSERT INTO membership (person, team, since_at) SELECT id, $3, now() FROM added
                """,
                str(number),
                [f"{draw.choice(FIRST)} {draw.choice(LAST)}" for _ in range(size)],
                team,
            )


async def publish(database_url: str, redis_url: str) -> None:
    """Tells of everybody once, then of as many people a second as its input says: another app, sometimes another state."""
    await open_pool(database_url)
    async with connection() as held:
        rows = await held.fetch(
            "SELECT id, person, team FROM membership WHERE until_at IS NULL AND person IN "
            "(SELECT id FROM person WHERE email LIKE '%@bench.example')"
        )
    await close_pool()
    feed = RedisFeed(redis_url, "bench")
    await feed.start(lambda change: None, lambda healthy: None, lambda: None)
    draw = random.Random(1)
    everybody = [(row["person"], row["team"], row["id"]) for row in rows]
    for at in range(0, len(everybody), AT_ONCE):
        batch = everybody[at : at + AT_ONCE]
        while await _tell(feed, batch, 0, draw) < len(batch):  # noqa: ASYNC110 - a feed tells nobody that it has time again
            await asyncio.sleep(TURN_S)
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    rate, told = 0.0, 0

    async def listen() -> None:
        nonlocal rate
        while line := await reader.readline():
            rate = float(line)
            print(told, flush=True)

    listening = asyncio.create_task(listen())
    before, owed, n = loop.time(), 0.0, 0
    while not listening.done():
        await asyncio.sleep(TURN_S)
        n += 1
        now = loop.time()
        owed, before = owed + rate * (now - before), now
        due = min(int(owed), len(everybody))
        owed -= due
        told += await _tell(feed, draw.sample(everybody, due), n, draw)
    await feed.stop()


async def _tell(feed: RedisFeed, people: list[tuple[int, int, int]], n: int, draw: random.Random) -> int:
    """Returns of how many: a machine that is too busy to answer within the feed's deadline was told of fewer."""
    by_team: dict[int, list[Record]] = {}
    for person, team, membership in people:
        by_team.setdefault(team, []).append(_record(person, team, membership, n, draw))
    publishing = (feed.publish(team, records) for team, records in by_team.items())
    told = await asyncio.gather(*publishing, return_exceptions=True)
    return sum(len(records) for records, answer in zip(by_team.values(), told, strict=True) if isinstance(answer, str))


def _record(person: int, team: int, membership: int, n: int, draw: random.Random) -> Record:
    now = datetime.now(UTC)
    state = draw.random()
    silent = timedelta(
        seconds=(400 if state > 0.98 or 0.6 < state < 0.72 else 0) + (2400 if state > 0.995 else 0) + draw.random() * 60
    )
    facts = Facts(
        app=draw.choice(APPS),
        last_input_at=now - silent,
        call=0.6 < state < 0.72,
        locked=0.72 < state < 0.8,
        on_break=0.8 < state < 0.85,
        private=0.85 < state < 0.86,
    )
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    today = Today(
        starts_at=midnight,
        ends_at=midnight + timedelta(days=1),
        active_s=draw.random() * 20_000,
        counted_until=now - silent - timedelta(seconds=30),
        expected_s=28_800,
    )
    return Record(
        device=person,
        person=person,
        team=team,
        membership=membership,
        session=1,
        n=n + 1,
        hub="bench",
        connected=not 0.86 < state < 0.95,
        at=now,
        facts=facts,
        since_at=now - silent - timedelta(seconds=draw.random() * 600),
        today=today,
    )


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # what is said on stdout is answers
    uvloop.run(publish(sys.argv[1], sys.argv[2]))
