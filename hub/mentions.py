"""Where the name or the mail address of somebody stands in what others wrote, and emptying that when they are erased.

Called by `erasure`, in its transaction, and before it by whoever decides about one. It tells kinds, counts and where to go, never a text.
What devices told is no text that others wrote, and what is in the audit can't be changed: neither is looked through.
"""

import asyncio
import re
import unicodedata
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote_plus

import asyncpg
import msgspec

Kind = Literal[
    "client", "code", "device", "former_client", "former_team", "hold", "organisation", "passkey", "policy", "request", "team", "token",
    "view",
]  # fmt: skip
ERASED = "[erased]"
ALONE_MIN = 4
"""Letters of a family name that counts alone: shorter ones are words of some language too often."""
LINKS_MAX = 20


class Place(msgspec.Struct, frozen=True):
    """In how many texts of a kind they stand. `links`: pages of the application where these can be edited, of the first ones; where none
    can be, there is no link."""

    kind: Kind
    count: int
    links: list[str]


class Text(NamedTuple):
    """A column that people write freely. `link`: where somebody edits it, with `key` in it; empty: nobody can."""

    kind: Kind
    table: str
    column: str
    where: str = "true"
    """Which rows; `$1` is the person, whose own rows go with them."""
    key: str = "NULL"
    link: str = ""


_OTHERS = "person IS DISTINCT FROM $1::int"
TEXTS = (
    Text("organisation", "organisation", "name", link="/set-up"),
    Text("team", "team", "name", "removed_at IS NULL", "id", "/people?view=teams&team={}"),
    Text("client", "api_client", "name", "disabled_at IS NULL", link="/admin/clients"),
    Text("device", "device", "name", _OTHERS, "uid", "/devices?view=all&device={}"),
    Text("policy", "policy_change", "reason", _OTHERS),
    Text("request", "person_request", "wrong", _OTHERS),
    Text("request", "person_request", "wanted", _OTHERS),
    Text("request", "person_request", "answer", _OTHERS),
    Text("request", "person_request", "extended_reason", _OTHERS),
    Text("hold", "legal_hold", "reason", _OTHERS),
    Text("hold", "legal_hold", "lifted_reason", _OTHERS),
    Text("view", "saved_view", "name", _OTHERS),
    Text("view", "saved_view", "query", _OTHERS),
    Text("code", "enrolment_code", "label", _OTHERS),
    Text("passkey", "passkey", "name", _OTHERS),
    Text("token", "personal_token", "name", _OTHERS),
    Text("former_team", "team", "name", "removed_at IS NOT NULL"),
    Text("former_client", "api_client", "name", "disabled_at IS NOT NULL"),
)
"""A test holds them and `LEFT_OUT` against the schema: each column of text is in one of them."""

LEFT_OUT = {
    "the hub's own words: kinds, states, zones, languages, errors, numbers": {
        "api_client.scopes", "audit.action", "device.enrolled_with", "device.version", "device_cursor.instance", "enrolment_request.state",
        "former_zone.zone", "last_mail.language", "link.purpose", "loss.reason", "mail.error", "mail.kind", "mail.language", "mail.state",
        "organisation.factor_roles", "organisation.zone", "pause.kind", "person.locale", "person.working_hours", "person.zone",
        "person_request.kind", "person_request.state", "personal_token.scopes", "policy_change.new", "policy_change.old",
        "policy_change.scope", "policy_change.state", "policy_setting.scope", "policy_setting.settings", "policy_version.policy",
        "quarantine.reason", "report_run.detail", "report_run.error", "report_run.job", "report_run.state", "role.role",
        "rollup_day.state", "rollup_quarter.state", "span_day.state",
    },
    "secrets and what ends them": {
        "client_secret.ends_with", "enrolment_request.confirmation", "person.password_hash", "personal_token.ends_with",
    },
    "who others are, and where they sign in": {
        "identity.issuer", "identity.sub", "last_mail.email", "link.email", "person.email", "person.folded", "person.name",
        "sign_in.address", "sign_in.browser",
    },
    "what others' devices told, which goes with its period": {
        "device.system", "enrolment_request.name", "enrolment_request.system", "interval.app", "interval.site", "interval.title",
        "rollup_day.app", "rollup_day.site", "rollup_quarter.app", "rollup_quarter.site",
    },
    "deleted by every erasure": {"people_import.result", "people_import.source"},
    "can't be changed: the chain would break": {"audit.detail"},
    "of the migrations": {"migration.app_name", "migration.name"},
}  # fmt: skip


class Named:
    """Finds a name and an address in texts: as words, in any case and Unicode form. `others`: names of everybody else.

    A family name, the last of several, counts alone when it has four letters and nobody else has it; a name of one word when nobody else
    has it.
    """

    def __init__(self, name: str, email: str, others: Iterable[str]) -> None:
        words = name.split()
        taken = {word for other in others for word in _folded(other).split()}
        sought = [rf"(?<![\w.+-]){re.escape(_folded(email))}(?![\w-]|\.\w)"]
        if len(words) > 1:
            sought.append(_words(words))
        if words and (len(words) == 1 or len(words[-1]) >= ALONE_MIN) and _folded(words[-1]) not in taken:
            sought.append(_words(words[-1:]))
        self._sought = re.compile("|".join(sought))

    def stand_in(self, text: str) -> bool:
        return bool(self._spans(text))

    def emptied(self, text: str) -> str:
        """With `[erased]` in their place."""
        for start, end in reversed(self._spans(text)):
            text = text[:start] + ERASED + text[end:]
        return text

    def emptied_query(self, query: str) -> str:
        """Of an address, without the parts that they stand in."""
        return "&".join(part for part in query.split("&") if not self.stand_in(unquote_plus(part)))

    def _spans(self, text: str) -> list[tuple[int, int]]:
        if not self._sought.search(_folded(text)):
            return []
        # A letter with its marks is folded as one, and found whole or not at all.
        folded, starts, ends = "", [], []
        for start, end in _letters(text):
            part = _folded(text[start:end])
            folded += part
            starts += [start] * len(part)
            ends += [end] * len(part)
        hits = [hit.span() for hit in self._sought.finditer(folded)]
        return [
            (starts[first], ends[last - 1])
            for first, last in hits
            if (first == 0 or starts[first - 1] != starts[first])
            and (last == len(folded) or starts[last] != starts[last - 1])
        ]


class Found(NamedTuple):
    """Texts with the name or the address in them: `rows` of one column that say the same."""

    text: Text
    said: str
    rows: int
    links: list[str]


async def named(held: Any, person: int) -> Named:
    """How this person is found, who is here."""
    row = await held.fetchrow("SELECT name, email FROM person WHERE id = $1", person)
    others = await held.fetch("SELECT name FROM person WHERE id <> $1 AND erased_at IS NULL", person)
    return Named(row["name"], row["email"], (other["name"] for other in others))


async def find(held: Any, person: int, sought: Named) -> list[Found]:
    """All texts of others in which this person stands."""
    found = []
    for text in TEXTS:
        in_it: Callable[[str], bool] = sought.stand_in
        if text.column == "query":

            def in_it(said: str) -> bool:
                return sought.emptied_query(said) != said

        # The whole table, since no index knows words in every Unicode form: each different text once.
        for row in await held.fetch(_select(text), *([person] if "$1" in text.where else [])):
            if in_it(row["said"]):
                links = [text.link.format(key) for key in row["keys"] or ()] if text.link else []
                found.append(Found(text, row["said"], row["rows"], links))
        await asyncio.sleep(0)
    return found


def places(found: Iterable[Found]) -> list[Place]:
    """By kind, what can be edited first."""
    by_kind = sorted(found, key=lambda each: (not each.text.link, each.text.kind))
    told = []
    for kind, each in groupby(by_kind, key=lambda each: each.text.kind):
        of_kind = list(each)
        links = sorted({link for one in of_kind for link in one.links})
        told.append(Place(kind, sum(one.rows for one in of_kind), links[:LINKS_MAX]))
    return told


async def empty(held: Any, person: int, sought: Named, found: Iterable[Found]) -> int:
    """Puts `[erased]` into those that nobody can edit; returns in how many texts. One that says something else by now is left."""
    changed = 0
    for text, said, *_ in found:
        if text.link:
            continue
        new = sought.emptied_query(said) if text.column == "query" else sought.emptied(said)
        more = [person] if "$1" in text.where else []
        try:
            async with held.transaction():
                done = await held.execute(_update(text, "$NEW"), *more, said, new)
        except asyncpg.UniqueViolationError:  # views of one person, that are told apart by what is emptied
            done = await held.execute(_update(text, "$NEW || ' ' || gen_random_uuid()"), *more, said, ERASED)
        changed += int(done.split()[-1])
    return changed


def _select(text: Text) -> str:
    keys = f"(array_agg({text.key}::text))[:{LINKS_MAX}]" if text.key != "NULL" else "ARRAY['']"
    return (
        f'SELECT {text.column} AS said, count(*) AS rows, {keys} AS keys FROM "{text.table}" '  # noqa: S608 - names of ours
        f"WHERE {text.where} AND {text.column} <> '' GROUP BY {text.column}"
    )


def _update(text: Text, new: str) -> str:
    said, put = ("$2", "$3") if "$1" in text.where else ("$1", "$2")
    value = new.replace("$NEW", f"{put}::text")
    longest = _LONGEST.get((text.table, text.column))
    value = f"left({value}, {longest})" if longest else value
    raised = ", version = version + 1" if text.table in ("team", "api_client") else ""
    return (
        f'UPDATE "{text.table}" SET {text.column} = {value}{raised} '  # noqa: S608 - names of ours
        f"WHERE {text.where} AND {text.column} = {said}::text"
    )


_LONGEST = {
    ("policy_change", "reason"): 500,
    ("team", "name"): 200,
    **{(table, "name"): 80 for table in ("saved_view", "passkey", "personal_token", "api_client")},
    ("enrolment_code", "label"): 80,
}
"""What is emptied may be longer than the name was."""
_ALIKE = str.maketrans("\u2010\u2011\u2012\u2013\u2019\u02bc", "----''") | dict.fromkeys(
    [0xAD, 0x640, *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060, *range(0x2066, 0x206A), 0xFEFF]
)
"""Hyphens and apostrophes are one each; what only steers how text is drawn is nothing."""


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()).translate(_ALIKE)


def _letters(text: str) -> Iterable[tuple[int, int]]:
    """Where each character with the marks on it begins and ends."""
    start = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or not unicodedata.combining(text[place]):
            yield start, place
            start = place


def _words(words: list[str]) -> str:
    """What finds them as words of their own; in scripts without spaces anywhere, in Arabic also behind what is written onto a word."""
    before = "" if _is_unspaced(words[0][0]) else r"(?:(?<!\w)|(?<=(?<!\w)[وفبلك])|(?<=(?<!\w)[وف][بلك]))"
    after = "" if _is_unspaced(words[-1][-1]) else r"(?!\w)"
    return before + r"\s+".join(re.escape(_folded(word)) for word in words) + after


def _is_unspaced(character: str) -> bool:
    return unicodedata.east_asian_width(character) == "W"
