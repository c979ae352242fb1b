"""Rows in COPY's binary form are what asyncpg would have written."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from hub.database import transaction
from hub.live import rows
from hub.live.packing import packed
from hub.retention import make_days
from hub.wire.activity import Facts
from hub.wire.events import Event, Gap, Interval

AT = datetime(2026, 7, 1, 9, 14, 30, 123_457, tzinfo=UTC)
EVENTS: list[Event] = [
    Interval(started_at=AT, ended_at=AT + timedelta(minutes=50), wall_at=AT, zone_min=-210, policy=7),
    Interval(
        started_at=AT,
        ended_at=AT + timedelta(microseconds=1),
        wall_at=datetime(1970, 1, 1, tzinfo=UTC),
        zone_min=845,
        policy=2**31 - 1,
        hub_clock=False,
        facts=Facts(
            app="Ünïcode 漢字", site="a.example", title="x" * 500, last_input_at=AT - timedelta(days=3), private=True
        ),
        first_input_at=AT,
        keys=1_000_000,
        clicks=3,
        scrolls=2,
    ),
    Gap(started_at=AT, ended_at=AT + timedelta(hours=9), wall_at=AT + timedelta(days=4000), zone_min=0, policy=0),
]


async def test_packed_rows_are_stored_as_asyncpg_stores_them(database: object) -> None:
    await make_days([AT.date()])
    laid = {
        device: [row for seq, event in enumerate(EVENTS, 2**40) for row in rows.rows_of(device, 5, 3, seq, event)]
        for device in (1, 2)
    }

    async def ours() -> AsyncIterator[bytes]:
        yield packed(laid[1])

    async with transaction() as held:
        await held.copy_to_table("interval", source=ours(), columns=rows.COLUMNS, format="binary")
        await held.copy_records_to_table("interval", records=laid[2], columns=rows.COLUMNS)
        stored = [
            await held.fetch(
                "SELECT to_jsonb(i) - 'device' AS row FROM interval i WHERE device = $1 ORDER BY seq, piece", device
            )
            for device in (1, 2)
        ]

    assert stored[0] == stored[1]
    assert len(stored[0]) == len(laid[1]) > 40


def test_text_that_is_no_unicode_is_refused() -> None:
    until = AT + timedelta(seconds=1)
    torn = Interval(started_at=AT, ended_at=until, wall_at=AT, zone_min=0, policy=1, facts=Facts(title="\ud800"))

    with pytest.raises(UnicodeError):
        packed(rows.rows_of(1, 1, 1, 1, torn))
