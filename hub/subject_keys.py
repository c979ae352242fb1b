"""Subject keys: each person has a key of their own, under which the audit keeps what it says of them. Destroying it erases that.

Whoever records an act seals what is personal in it (`sealed`), whoever reads the audit opens it (`opener`). The chain's hash covers what is
sealed, so it holds whether a key is there or not. A key is made when it is needed first, in the transaction of that act, and lies wrapped
under one that is made of the deployment's secret: neither the table nor the secret alone opens anything. `erasure.py` destroys it;
of somebody erased no other is made. What is no longer to be opened is told as erased. See docs/decisions/0020.
"""

import base64
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.auth.sealed import NONCE_BYTES, seal, unseal
from hub.errors import StartError

PURPOSE = "subject key"
KEY_BYTES = 32
SEALED, ERASED, UNREADABLE = "sealed", "erased", "unreadable"
"""Names in the detail of a row: what is sealed, in base64; once it is opened no more, that it was there; and that it should open, and does
not: row or key were changed, or the deployment's secret is another one."""

Opener = Callable[[int | None, str], dict[str, Any]]
"""The detail of a row about this person, as JSON, with what was sealed in its place."""

_secret = ""


def use(secret: str) -> None:
    """The deployment's secret: of the process, as its pool is. Called once, before anything is sealed or opened."""
    global _secret
    _secret = secret


async def sealed(held: Any, person: int, **personal: Any) -> dict[str, Any]:
    """What an act says of `person`, for the detail of its row: `await audit.record(..., **await sealed(held, person, changed=...))`.

    `held` is the transaction of the act. Of somebody erased, and of nobody, nothing is kept but that there was something.
    """
    return (await sealed_many(held, [(person, personal)]))[0]


async def sealed_many(held: Any, about: Sequence[tuple[int, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """As `sealed`, of several people, in their order."""
    keys = await _made(held, sorted({person for person, _ in about}))
    return [
        {SEALED: _closed(keys[person], person, msgspec.json.encode(told))} if person in keys else {ERASED: True}
        for person, told in about
    ]


async def opener(held: Any, persons: Collection[int | None]) -> Opener:
    """Opens the details of rows about these people; what can't be opened any more is told as `erased`, and what does not open as
    `unreadable`: who changes one row or key keeps nobody from reading the others."""
    rows = await held.fetch("SELECT person, wrapped FROM subject_key WHERE person = ANY($1::int[])", list(persons))
    keys: dict[int, bytes | None] = dict.fromkeys(row["person"] for row in rows)
    for row in rows:
        with suppress(StartError):
            keys[row["person"]] = _unwrapped(row["person"], row["wrapped"])

    def opened(person: int | None, detail: str) -> dict[str, Any]:
        told: dict[str, Any] = msgspec.json.decode(detail)
        if (closed := told.pop(SEALED, None)) is None:
            return told
        if person is None or person not in keys:
            return {**told, ERASED: True}
        if (data_key := keys[person]) is not None:
            with suppress(InvalidTag, ValueError, TypeError):  # no base64, too short, or no text at all
                return {**told, **msgspec.json.decode(_opened(data_key, person, closed))}
        return {**told, UNREADABLE: True}

    return opened


def without_sealed(detail: str) -> dict[str, Any]:
    """The detail of a row, for who is not to read what is sealed in it."""
    told: dict[str, Any] = msgspec.json.decode(detail)
    told.pop(SEALED, None)
    return told


async def _made(held: Any, persons: list[int]) -> dict[int, bytes]:
    """Their keys, made where there are none. Of one that two make at once the second waits and takes the first's.

    Until the transaction ends none of these people is erased: whoever does that holds their row for itself.
    """
    here = await held.fetch(
        "SELECT id FROM person WHERE id = ANY($1::int[]) AND erased_at IS NULL ORDER BY id FOR KEY SHARE", persons
    )
    people = [row["id"] for row in here]
    rows = await held.fetch(_KEYS, people)
    if missing := sorted(set(people) - {row["person"] for row in rows}):
        await held.execute(
            "INSERT INTO subject_key (person, wrapped) SELECT * FROM unnest($1::int[], $2::bytea[]) ON CONFLICT DO NOTHING",
            missing,
            [seal(_used(), PURPOSE, person, os.urandom(KEY_BYTES)) for person in missing],
        )
        rows = await held.fetch(_KEYS, people)
    return {row["person"]: _unwrapped(row["person"], row["wrapped"]) for row in rows}


_KEYS = "SELECT person, wrapped FROM subject_key WHERE person = ANY($1::int[])"


def _used() -> str:
    if not _secret:
        raise StartError(
            "The deployment's secret is not known here (DAYLIGHT_SECRET): nothing about people can be sealed."
        )
    return _secret


def _unwrapped(person: int, wrapped: bytes) -> bytes:
    try:
        return unseal(_used(), PURPOSE, person, wrapped)
    except (InvalidTag, ValueError) as error:
        raise StartError(
            "DAYLIGHT_SECRET is another one than the keys of people were wrapped with. Put the earlier one back."
        ) from error


def _closed(data_key: bytes, person: int, plain: bytes) -> str:
    nonce = os.urandom(NONCE_BYTES)
    return base64.b64encode(nonce + AESGCM(data_key).encrypt(nonce, plain, f"{person}:".encode())).decode()


def _opened(data_key: bytes, person: int, closed: str) -> bytes:
    whole = base64.b64decode(closed)
    return AESGCM(data_key).decrypt(whole[:NONCE_BYTES], whole[NONCE_BYTES:], f"{person}:".encode())
