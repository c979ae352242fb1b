"""Everything that is held about somebody, as a file for them: a ZIP of JSON and CSV with a readme (GDPR, articles 15 and 20).

Each part is a table, once as CSV for people and once as JSON for programs: one question, asked page by page, so that a year of somebody's
time never lies in memory. The archive is packed while it is sent, and a ZIP takes one file at a time, so each part is read twice.
`LEFT_OUT` says what is not in it and why: a test holds both against the tables. Secrets are in no part: nobody gets a hash of theirs.
"""

import asyncio
import csv
import io
import itertools
import json
import zipfile
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.response import Stream

from hub import audit
from hub.auth.access import Subject, Viewer
from hub.auth.guard import require
from hub.database import connection, transaction
from hub.retention import detached_days
from hub.subject_keys import opener, without_sealed

_INTERVAL = '"interval"'
AT_ONCE = asyncio.Semaphore(2)
"""In this process: packing takes a core for seconds, where somebody has a year behind them."""
PAGE = 5_000
FORMULA = frozenset("=+-@\t\r")
IN_JSON = frozenset(("working_hours", "settings", "policy", "until_acknowledged", "detail"))
"""Columns whose text is JSON already."""


class Part(NamedTuple):
    """A table of the archive, in two files. `asked` takes the person and where the page before ended, and begins each row with that
    place."""

    name: str
    says: str
    asked: str
    sealed: bool = False
    """Whether its last two columns are the detail of a row of the audit, and whom that is about by number, which is left out."""

    @property
    def in_json(self) -> str:
        return f"json/{self.name.removesuffix('.csv')}.json"


PARTS = (
    Part("person.csv", "Who you are here.", """
        SELECT id AS place, name, email, zone, locale, working_hours::text, created_at, deactivated_at, restricted_at, simulated
        FROM person WHERE id = $1 AND id > $2 ORDER BY id LIMIT $3"""),
    Part("teams.csv", "Your teams, and when you were in each.", """
        SELECT membership.id AS place, team.name AS team, since_at, until_at FROM membership JOIN team ON team.id = membership.team
        WHERE person = $1 AND membership.id > $2 ORDER BY membership.id LIMIT $3"""),
    Part("roles.csv", "What you may do beside being a person here.", """
        SELECT role.id AS place, role, team.name AS team FROM role LEFT JOIN team ON team.id = role.team
        WHERE person = $1 AND role.id > $2 ORDER BY role.id LIMIT $3"""),
    Part("zones.csv", "Time zones that your workdays were in before.", """
        SELECT id AS place, zone, until_at FROM former_zone WHERE person = $1 AND id > $2 ORDER BY id LIMIT $3"""),
    Part("devices.csv", "Your devices.", """
        SELECT id AS place, uid, name, system, version, simulated, enrolled_at, last_seen_at, revoked_at, suspended_at, rekeyed_at,
            enrolled_with, unsent, skew_ms FROM device WHERE person = $1 AND id > $2 ORDER BY id LIMIT $3"""),
    Part("activity.csv", "What your devices told, row by row. What it means (active, idle ...) is decided from this when it is read.", """
        WITH page AS (
            SELECT max(started_at) AS ends_at FROM (
                SELECT started_at FROM "interval" WHERE person = $1 AND started_at > 'epoch'::timestamptz + $2 * interval '1 microsecond'
                ORDER BY started_at LIMIT $3
            ) AS following
        )
        SELECT (extract(epoch FROM started_at) * 1000000)::bigint AS place, device, started_at, ended_at,
            zone_min, policy, app, site, title, first_input_at, last_input_at, keys, clicks, scrolls, flags & 1 > 0 AS nothing_was_seen,
            flags & 2 > 0 AS call, flags & 4 > 0 AS media, flags & 8 > 0 AS presenting, flags & 16 > 0 AS locked,
            flags & 32 > 0 AS on_break, flags & 64 > 0 AS private, flags & 128 > 0 AS by_the_clock_of_the_device
        FROM "interval", page WHERE person = $1
            AND started_at > 'epoch'::timestamptz + $2 * interval '1 microsecond' AND started_at <= ends_at
        ORDER BY started_at, device, epoch, seq, piece"""),
    Part("days.csv", "Your workdays in sums, all your devices together.", """
        SELECT row_number() OVER (ORDER BY day, state, app, site) + $2 AS place, day, state, app, site, duration_us / 1000000.0 AS seconds,
            keys, clicks, scrolls
        FROM rollup_day WHERE person = $1 ORDER BY day, state, app, site OFFSET $2 LIMIT $3"""),
    Part("policies.csv", "What might be collected of you, and since when: until you acknowledged it, and from then on.", """
        SELECT given.id AS place, given.since_at, given.acknowledged_at, before.policy::text AS until_acknowledged,
            wanted.policy::text AS policy, policy_change.reason
        FROM person_policy AS given JOIN policy_version AS before ON before.version = given.held
        JOIN policy_version AS wanted ON wanted.version = given.wanted
        LEFT JOIN policy_change ON policy_change.id = given.change
        WHERE given.person = $1 AND given.id > $2 ORDER BY given.id LIMIT $3"""),
    Part("own-policy.csv", "What is set of a policy for you alone.", """
        SELECT id AS place, settings::text FROM policy_setting WHERE person = $1 AND id > $2 ORDER BY id LIMIT $3"""),
    Part("kept-since.csv", "Since when each kind is kept: what was before is over its period and has been removed. Empty: nothing was.", """
        SELECT person AS place, activity_at AS activity, title_at AS titles, app_at AS apps_and_sites, count_at AS counts, sum_at AS days
        FROM kept_since WHERE person = $1 AND person > $2 ORDER BY person LIMIT $3"""),
    Part("holds.csv", "Legal holds on what is held about you: while one stands, nothing of it is deleted.", """
        SELECT id AS place, since_at, reason, lifted_at, lifted_reason FROM legal_hold
        WHERE person = $1 AND id > $2 ORDER BY id LIMIT $3"""),
    Part("requests.csv", "What you asked about your data, and the answers.", """
        SELECT id AS place, kind, wrong, wanted, first_on, last_on, asked_at, due_on, extended_reason, state, answer, decided_at
        FROM person_request WHERE person = $1 AND id > $2 ORDER BY id LIMIT $3"""),
    Part("erased-days.csv", "Days of which everything that your devices told was erased.", """
        SELECT id AS place, first, last, at FROM erased_days WHERE person = $1 AND id > $2 ORDER BY id LIMIT $3"""),
    Part("pauses.csv", "Private time and breaks that you declared; work that you started outside your hours, to its latest end.", """
        SELECT id AS place, kind, since_at, until_at FROM pause WHERE person = $1 AND id > $2 ORDER BY id LIMIT $3"""),
    Part("lost.csv", "What a device of yours said that it had to throw away.", """
        SELECT loss.id AS place, device, epoch, from_seq, to_seq, reason, received_at FROM loss JOIN device ON device.id = loss.device
        WHERE person = $1 AND loss.id > $2 ORDER BY loss.id LIMIT $3"""),
    Part("set-aside.csv", "What a device of yours told and could not be stored; the event as it came, in base64 of msgpack.", """
        SELECT row_number() OVER (ORDER BY received_at, quarantine.id) + $2 AS place, device, epoch, seq, reason, received_at,
            encode(event, 'base64') AS event
        FROM quarantine JOIN device ON device.id = quarantine.device WHERE person = $1
        ORDER BY received_at, quarantine.id OFFSET $2 LIMIT $3"""),
    Part("looks.csv", "Who looked at you or at your team's wall while you were in it, and why where they had to say so.", """
        SELECT look.id AS place, look.at, coalesce(nullif(actor.name, ''), api_client.name, 'somebody erased') AS who,
            look.client IS NOT NULL AS a_program,
            CASE look.action WHEN 'look_wall' THEN 'wall' ELSE 'person' END AS what, team.name AS team,
            look.detail::text AS detail, look.subject
        FROM audit look LEFT JOIN person actor ON actor.id = look.actor LEFT JOIN api_client ON api_client.id = look.client
        LEFT JOIN team ON team.id = look.team
        WHERE look.id > $2 AND look.actor IS DISTINCT FROM $1::int AND (
            (look.action = 'look_person' AND look.subject = $1)
            OR (look.action = 'look_wall' AND EXISTS (
                SELECT FROM membership stay WHERE stay.person = $1 AND stay.team = look.team
                    AND look.at >= date_trunc('hour', since_at, 'UTC') AND look.at < coalesce(until_at, 'infinity')
            ))
        ) ORDER BY look.id LIMIT $3""", sealed=True),
    Part("acts.csv", "What you did here, and what was done about you, as the audit has it: of others without what is sealed for them.", """
        SELECT act.id AS place, act.at, act.action, CASE WHEN actor.name = '' THEN 'somebody erased' ELSE actor.name END AS who,
            CASE WHEN subject.name = '' THEN 'somebody erased' ELSE subject.name END AS about, team.name AS team, act.detail::text,
            act.subject
        FROM audit act LEFT JOIN person actor ON actor.id = act.actor LEFT JOIN person subject ON subject.id = act.subject
        LEFT JOIN team ON team.id = act.team
        WHERE act.id > $2 AND (act.actor = $1 OR act.subject = $1) AND act.action <> 'look_wall' ORDER BY act.id LIMIT $3""", sealed=True),
    Part("sign-ins.csv", "Browsers that you are or were signed in with, for a month after they ended.", """
        SELECT row_number() OVER (ORDER BY created_at, id) + $2 AS place, created_at, seen_at, ended_at, browser, address
        FROM sign_in WHERE person = $1 ORDER BY created_at, id OFFSET $2 LIMIT $3"""),
    Part("passkeys.csv", "Your passkeys.", """
        SELECT id AS place, name, created_at, used_at FROM passkey WHERE person = $1 AND id > $2 ORDER BY id LIMIT $3"""),
    Part("authenticator.csv", "Your authenticator app, without its secret.", """
        SELECT id AS place, created_at, confirmed_at FROM totp_factor WHERE person = $1 AND id > $2 ORDER BY id LIMIT $3"""),
    Part("recovery-codes.csv", "Your recovery codes: how many there are, and when each was used.", """
        SELECT id AS place, used_at FROM recovery_code WHERE person = $1 AND id > $2 ORDER BY id LIMIT $3"""),
    Part("sign-on.csv", "Who you are at an OpenID provider that you are connected with.", """
        SELECT id AS place, issuer, sub, created_at FROM identity WHERE person = $1 AND id > $2 ORDER BY id LIMIT $3"""),
    Part("tokens.csv", "Tokens that you made for programs, without their secrets.", """
        SELECT id AS place, name, scopes, created_at, expires_at, last_used_at, revoked_at
        FROM personal_token WHERE person = $1 AND id > $2 ORDER BY id LIMIT $3"""),
    Part("views.csv", "Views of the live page that you saved.", """
        SELECT id AS place, name, query FROM saved_view WHERE person = $1 AND id > $2 ORDER BY id LIMIT $3"""),
    Part("links.csv", "Links to set a password that were made for you, without what opens them.", """
        SELECT id AS place, purpose, email, created_at, expires_at FROM link WHERE person = $1 AND id > $2 ORDER BY id LIMIT $3"""),
    Part("mails.csv", "Mails to you of the last month: when, and what became of them. Their text is not kept.", """
        SELECT id AS place, kind, language, queued_at, state, ended_at FROM mail WHERE person = $1 AND id > $2 ORDER BY id LIMIT $3"""),
)  # fmt: skip
LEFT_OUT = {
    "device_cursor": "how far a device's rows have been stored",
    "dirty": "marks for the job that sums up; nothing but when rows came",
    "enrolment_code": "hashes of codes that serve for ten minutes, or up to a month in a roll-out",
    "enrolment_request": "computers that asked to be somebody's device, for a day; what came of it is in acts.csv and devices.csv",
    "erased": "who was erased, by number: nobody who could ask for this",
    "factor_tries": "how often a second step failed: in acts.csv",
    "idempotency_key": "hashes and sealed answers of requests, for a day",
    "people_import": "a file of other people, for an hour",
    "rollup_quarter": "sums of activity.csv by quarter-hour; days.csv has them by day",
    "subject_key": "the key that opens what acts.csv has of you, wrapped: it is of no use elsewhere",
    "span_day": "when in a workday a state was held: made of activity.csv",
}
"""Tables that have rows of a person and are not in the archive, with the reason."""
ARABIC: dict[str, str] = json.loads(Path(__file__).with_name("held_ar.json").read_text())
"""The same words for the other readme, by name."""


@get(
    "/api/me/export",
    summary="Everything that is held about oneself",
    media_type="application/zip",
)
async def export_own(viewer: NamedDependency[Viewer]) -> Stream:
    """A ZIP of CSV and JSON with a readme."""
    await require(viewer, "see_activity", Subject(person=viewer.person), fresh=True)
    async with transaction():
        at = await audit.record("data_exported", viewer.actor, viewer.person)
    return Stream(
        archive(viewer.person, at),
        media_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="daylight-{at:%Y-%m-%d}.zip"'},
    )


ROUTES = [export_own]


class Gone(Exception):
    """Who asked is erased meanwhile: the file is broken off, and nothing more is read."""


async def archive(person: int, at: datetime) -> AsyncIterator[bytes]:
    """The archive's bytes as they are packed. Raises `Gone`."""
    packed = _Packed()
    counts: dict[str, int] = {}
    async with AT_ONCE:
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
            for part, written in itertools.product(PARTS, (_in_csv, _in_json)):
                name = part.name if written is _in_csv else part.in_json
                counts[name] = 0
                with made.open(zipfile.ZipInfo(name, at.timetuple()[:6]), "w", force_zip64=True) as file:
                    async for head, rows in _pages(part, person):
                        await asyncio.to_thread(file.write, written(head, rows, counts[name]))
                        counts[name] += len(rows)
                        yield packed.taken()
                    if written is _in_json:
                        file.write(b"]\n")
                yield packed.taken()
            told = {"made_at": at, "person": person, "rows": counts, "left_out": LEFT_OUT}
            made.writestr(
                zipfile.ZipInfo("contents.json", at.timetuple()[:6]), msgspec.json.format(msgspec.json.encode(told))
            )
            for name, text in (("README.txt", _readme(at, counts)), ("README.ar.txt", _readme_in_arabic(at, counts))):
                made.writestr(zipfile.ZipInfo(name, at.timetuple()[:6]), text)
        yield packed.taken()


async def _pages(part: Part, person: int) -> AsyncIterator[tuple[list[str], list[Sequence[Any]]]]:
    """The head and the rows of a part, page by page: the head with an empty page where there are none.

    What devices told lies also in days that are kept beside `interval`, for a legal hold or until they are dropped.
    """
    tables = [_INTERVAL]
    if _INTERVAL in part.asked:
        async with connection() as held:
            tables = [*sorted(await detached_days(held)), _INTERVAL]
    for table in tables:
        asked = part.asked.replace(_INTERVAL, table)
        with suppress(*(() if table == _INTERVAL else (asyncpg.UndefinedTableError,))):  # dropped meanwhile
            async for head, rows in _pages_of(asked, part.sealed, person):
                if rows or table == _INTERVAL:
                    yield head, rows


async def _pages_of(
    question: str, is_sealed: bool, person: int
) -> AsyncIterator[tuple[list[str], list[Sequence[Any]]]]:
    place = 0
    while True:
        async with connection() as held:
            if await held.fetchval("SELECT erased_at IS NOT NULL FROM person WHERE id = $1", person):
                raise Gone
            asked = await held.prepare(question)
            head = [column.name for column in asked.get_attributes()][1:]
            rows = await asked.fetch(person, place, PAGE)
            opened = await opener(held, [person]) if is_sealed else None
        if opened:
            theirs = [
                opened(person, row["detail"]) if row["subject"] == person else without_sealed(row["detail"])
                for row in rows
            ]
            yield head[:-1], [(*tuple(row)[1:-2], _json(told)) for row, told in zip(rows, theirs, strict=True)]
        else:
            yield head, [tuple(row)[1:] for row in rows]
        if len(rows) < PAGE:
            return
        place = rows[-1]["place"]


def _json(told: dict[str, Any]) -> str:
    return msgspec.json.encode(told).decode()


def _in_csv(head: list[str], rows: Sequence[Sequence[Any]], before: int) -> bytes:
    """A page behind `before` rows."""
    text = io.StringIO()
    csv.writer(text).writerows([[_cell(value) for value in row] for row in ([] if before else [head]) + list(rows)])
    return text.getvalue().encode()


def _in_json(head: list[str], rows: Sequence[Sequence[Any]], before: int) -> bytes:
    """A page of an array of objects, without its end."""
    objects = [
        msgspec.json.encode({name: _value(name, value) for name, value in zip(head, row, strict=True)}) for row in rows
    ]
    return (b",\n" if before else b"[\n") + b",\n".join(objects) if objects or not before else b""


def _value(name: str, value: Any) -> Any:
    match value:
        case Decimal():
            return float(value)
        case str() if name in IN_JSON:
            return msgspec.Raw(value.encode())
    return value


def _cell(value: Any) -> Any:
    """Times in UTC by ISO 8601, and no text that a spreadsheet would take for a formula."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case bool():
            return "yes" if value else "no"
        case list():
            return " ".join(value)
        case str() if value and value[0] in FORMULA:
            return f"'{value}"
    return value


def _readme(at: datetime, counts: dict[str, int]) -> str:
    files = "\n".join(f"{part.name} (rows: {counts[part.name]:,})\n    {part.says}" for part in PARTS)
    left_out = "\n".join(f"{name}: {why}" for name, why in LEFT_OUT.items())
    return (
        f"What Daylight holds about you, as of {at:%Y-%m-%d %H:%M} UTC\n\n"
        "Each table is here twice: as CSV, for a spreadsheet, and under json/ as a JSON array of the same rows, for a program. All is\n"
        "UTF-8, times are UTC. In CSV a text that begins with =, +, - or @ has a quote (') in front, so that no spreadsheet takes it for\n"
        "a formula; in JSON it is as it was. contents.json says for programs what is here.\n\n"
        f"{files}\n\nNot here, because it says nothing more about you:\n{left_out}\n\n"
        "Passwords, keys and codes are kept as hashes or sealed, and are not here either.\n"
    )


def _readme_in_arabic(at: datetime, counts: dict[str, int]) -> str:
    files = "\n".join(
        f"{part.name} ({ARABIC['rows'].format(rows=counts[part.name])})\n    {ARABIC[part.name]}" for part in PARTS
    )
    left_out = "\n".join(f"{name}: {ARABIC[name]}" for name in LEFT_OUT)
    title = ARABIC["title"].format(at=f"{at:%Y-%m-%d %H:%M}")
    return f"{title}\n\n{ARABIC['words']}\n\n{files}\n\n{ARABIC['left_out']}\n{left_out}\n\n{ARABIC['secrets']}\n"


class _Packed(io.RawIOBase):
    """What a ZIP writes, until it is taken. It can't be gone back in, so the archive is one that needs no going back."""

    def __init__(self) -> None:
        super().__init__()
        self._chunks: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, chunk: Any) -> int:
        self._chunks.append(bytes(chunk))
        return len(chunk)

    def taken(self) -> bytes:
        taken, self._chunks = b"".join(self._chunks), []
        return taken
