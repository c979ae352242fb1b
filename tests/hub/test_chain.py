"""The audit is a chain: whatever is done to its rows behind the hub's back is found, and the first bad place is named."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import audit
from hub.audit_file import BadFile, KeptHead, check_file, lines
from hub.chain import START, Break, Head, Row, Verdict, check, is_signed, link_hash, links, seal, signing_key
from hub.database import connection, transaction
from tests.owner import owning

SIGNING = signing_key("a secret of these tests, long enough")
OTHER = signing_key("another secret, of somebody else")


async def sealed(count: int) -> None:
    """So many rows, each sealed by itself but the last two, which are sealed together."""
    for n in range(count):
        await audit.record("sign_out", n + 1, n + 1)
        if n != count - 2:
            await seal(SIGNING)


async def verdict(heads: list[Head] | None = None) -> Verdict:
    return await check(SIGNING.public_key(), heads or [])


async def head() -> Head:
    async with connection() as held:
        found = await held.fetchrow("SELECT position, hash, signature FROM audit_link ORDER BY position DESC LIMIT 1")
    return Head(found["position"], found["hash"], found["signature"])


async def behind_the_back(*statements: str) -> None:
    """As whoever owns the tables can: without the triggers that let them only grow."""
    async with owning() as held:
        for table in ("audit", "audit_link"):
            await held.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            await held.execute(statement)
        for table in ("audit", "audit_link"):
            await held.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


async def test_chain_of_rows_as_they_were_sealed_holds(database: str) -> None:
    assert await verdict() == Verdict(0, START, 0, None)
    await sealed(5)
    await audit.record("sign_out", 1, 1)

    found = await verdict([await head()])
    assert (found.position, found.waiting, found.broken) == (5, 1, None)


SWAP = """
    UPDATE audit SET (actor, subject) = (SELECT actor, subject FROM audit AS other WHERE other.id = 5 - audit.id)
    WHERE id IN (2, 3)
"""


@pytest.mark.parametrize(
    ("statements", "broken"),
    [
        (["UPDATE audit SET actor = 9 WHERE id = 3"], Break(3, 3, "it is not what was sealed")),
        (["UPDATE audit SET at = at + interval '1 microsecond' WHERE id = 1"], Break(1, 1, "it is not what was sealed")),
        (["""UPDATE audit SET detail = '{"a": 1}' WHERE id = 5"""], Break(5, 5, "it is not what was sealed")),
        (["DELETE FROM audit WHERE id = 2"], Break(2, 2, "the row is gone")),
        (["DELETE FROM audit WHERE id = 2", "DELETE FROM audit_link WHERE audit = 2"], Break(2, None, "it is gone")),
        (
            [
                "DELETE FROM audit WHERE id = 2",
                "DELETE FROM audit_link WHERE audit = 2",
                "UPDATE audit_link SET position = position - 1 WHERE position > 2",
            ],
            Break(2, 3, "it is not what was sealed"),
        ),
        ([SWAP], Break(2, 2, "it is not what was sealed")),
        (
            ["UPDATE audit_link SET audit = -audit WHERE audit IN (2, 3)", "UPDATE audit_link SET audit = 5 + audit WHERE audit < 0"],
            Break(2, 3, "it is not what was sealed"),
        ),
        (
            ["INSERT INTO audit (action, actor, at) VALUES ('sign_out', 9, now())"],
            Break(5, 6, "it was never sealed, and does not wait for it"),
        ),
        (
            ["INSERT INTO audit (id, action, actor, at) VALUES (0, 'sign_out', 9, now())"],
            Break(5, 0, "it was never sealed, and does not wait for it"),
        ),
        (
            [f"INSERT INTO audit (id, action, actor, at) VALUES ({2**63 - 1}, 'sign_out', 9, now())"],
            Break(5, 2**63 - 1, "it was never sealed, and does not wait for it"),
        ),
        (["UPDATE audit SET at = 'infinity' WHERE id = 3"], Break(3, 3, "it is not what was sealed")),
        (["UPDATE audit SET at = '294276-12-31' WHERE id = 3"], Break(3, 3, "it is not what was sealed")),
        (["DELETE FROM audit_link WHERE position = 5"], Break(4, 4, "nothing signed follows it")),
        (
            ["DELETE FROM audit_link WHERE position > 3", "DELETE FROM audit WHERE id = 5"],
            Break(3, 4, "it was never sealed, and does not wait for it"),
        ),
        (["UPDATE audit_link SET signature = NULL WHERE position = 5"], Break(5, 5, "nothing signed follows it")),
        (
            ["UPDATE audit_link SET signature = decode(repeat('00', 64), 'hex') WHERE position = 2"],
            Break(2, 2, "its signature is not by this deployment"),
        ),
    ],
    ids=[
        "changed", "its time changed", "its detail changed", "removed", "removed with its link", "removed and closed up", "swapped",
        "places swapped", "inserted", "inserted before all", "inserted far behind", "made endless", "made late", "last link cut",
        "tail of links cut", "signature taken off", "signature changed",
    ],
)  # fmt: skip
async def test_what_was_done_behind_the_back_is_named(database: str, statements: list[str], broken: Break) -> None:
    await sealed(5)
    await behind_the_back(*statements)

    assert (await verdict()).broken == broken


async def test_who_makes_a_chain_anew_has_no_key_for_it(database: str) -> None:
    await sealed(3)
    await behind_the_back(
        "UPDATE audit SET actor = 9 WHERE id = 2",
        "DELETE FROM audit_link",
        "INSERT INTO audit_waiting SELECT id FROM audit",
    )
    await seal(OTHER)

    assert (await verdict()).broken == Break(3, 3, "its signature is not by this deployment")


async def test_nothing_is_sealed_on_top_of_a_chain_that_was_made_anew_without_signatures(database: str) -> None:
    await sealed(3)
    async with connection() as held:
        told = [Row(**row) for row in await held.fetch("SELECT * FROM audit_told ORDER BY id")]
    last, made = START, []
    for position, row in enumerate([told[0], msgspec.structs.replace(told[1], actor=9), told[2]], start=1):
        last = link_hash(last, position, row)
        made.append(
            f"UPDATE audit_link SET hash = decode('{last.hex()}', 'hex'), signature = NULL WHERE position = {position}"
        )
    await behind_the_back("UPDATE audit SET actor = 9 WHERE id = 2", *made)
    await audit.record("sign_out", 4, 4)

    assert await seal(SIGNING) == 0

    found = await verdict()
    assert (found.waiting, found.broken) == (1, Break(3, 3, "nothing signed follows it"))


async def test_tail_that_was_cut_off_whole_is_known_by_a_head_that_was_kept(database: str) -> None:
    await sealed(5)
    kept = await head()
    await behind_the_back("DELETE FROM audit_link WHERE position > 3", "DELETE FROM audit WHERE id > 3")

    assert (await verdict()).broken is None  # nothing in the database can tell
    assert (await verdict([kept])).broken == Break(4, None, "it and what followed is gone")


async def test_other_rows_after_a_cut_are_known_by_a_head_that_was_kept(database: str) -> None:
    await sealed(5)
    kept = await head()
    await behind_the_back("DELETE FROM audit_link WHERE position > 3", "DELETE FROM audit WHERE id > 3")
    await audit.record("sign_out", 7, 7)
    await audit.record("sign_out", 8, 8)
    await audit.record("sign_out", 9, 9)
    await seal(SIGNING)

    assert (await verdict()).broken is None
    broken = (await verdict([kept])).broken
    assert broken == Break(5, None, "it, or something before it, is not what was sealed when the head was kept")


async def test_head_of_somebody_else_proves_nothing(database: str) -> None:
    await sealed(2)
    ours = await head()
    forged = Head(9, ours.hash, ours.signature)

    assert (await verdict([forged])).broken == Break(9, None, "the head that was kept is not signed by this deployment")
    assert not is_signed(OTHER.public_key(), ours)


async def test_made_up_head_hides_no_row_that_was_changed(database: str, tmp_path: Path) -> None:
    await sealed(4)
    ours = await head()
    path = tmp_path / "audit.jsonl"
    told = [line async for line in lines(SIGNING, links())]
    path.write_bytes(b"".join([*told[:4], told[4].replace(b"sign_out", b"sign_in"), *told[5:]]))
    forged = Head(1, ours.hash, ours.signature)
    await behind_the_back("INSERT INTO audit (action, actor, at) VALUES ('sign_out', 9, now())")
    inserted = (await verdict([forged, ours])).broken
    await behind_the_back("UPDATE audit SET actor = 9 WHERE id = 3")

    assert inserted == Break(4, 5, "it was never sealed, and does not wait for it")
    assert (await verdict([forged, ours])).broken == Break(3, 3, "it is not what was sealed")
    assert check_file(path, None, [forged])[0].broken == Break(4, 4, "it is not what was sealed")


async def test_rows_of_many_who_seal_at_once_have_one_place_each(database: str) -> None:
    async def act(n: int) -> None:
        await audit.record("sign_out", n, n)
        await seal(SIGNING)

    await asyncio.gather(*(act(n) for n in range(1, 60)))
    await seal(SIGNING)

    found = await verdict()
    assert (found.position, found.waiting, found.broken) == (59, 0, None)


async def test_row_that_commits_late_gets_the_next_place(database: str) -> None:
    begun, end = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with transaction():
            await audit.record("sign_out", 1, 1)
            begun.set()
            await end.wait()

    acting = asyncio.create_task(slow())
    await begun.wait()
    await audit.record("sign_in", 2, 2)
    assert await seal(SIGNING) == 1
    end.set()
    await acting
    assert await seal(SIGNING) == 1

    found = await verdict()
    assert (found.position, found.waiting, found.broken) == (2, 0, None)


@given(
    st.builds(
        Row,
        st.integers(1, 2**62),
        st.integers(),
        st.none() | st.integers(),
        st.none(),
        st.text(),
        st.none(),
        st.none(),
        st.text(),
    ),
    st.integers(1, 2**62),
    st.data(),
)
def test_hash_holds_every_field(row: Row, position: int, data: st.DataObject) -> None:
    before = link_hash(START, position, row)
    name = data.draw(st.sampled_from(Row.__struct_fields__))
    other = data.draw(st.text() if name in {"action", "detail"} else st.integers(0, 2**62))
    changed = msgspec.structs.replace(row, **{name: other})

    assert (link_hash(START, position, changed) == before) == (changed == row)
    assert link_hash(START, position + 1, row) != before
    assert link_hash(before, position, row) != before


@pytest.fixture
async def file(database: str, tmp_path: Path) -> Path:
    await sealed(4)
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b"".join([line async for line in lines(SIGNING, links())]))
    return path


async def test_file_is_checked_without_the_database(file: Path) -> None:
    found, key = check_file(file)

    assert (found, key) == (Verdict(4, (await head()).hash, 0, None), SIGNING.public_key().public_bytes_raw())


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (
            lambda told: [*told[:2], told[2].replace(b'"sign_out"', b'"sign_in"'), *told[3:]],
            Break(2, 2, "it is not what was sealed"),
        ),
        (lambda told: [*told[:2], *told[3:]], Break(2, None, "it is gone")),
        (lambda told: [told[0], told[2], told[1], *told[3:]], Break(1, None, "it is gone")),
        (lambda told: told[:-2], Break(3, 3, "nothing signed follows it")),
        (lambda told: told[:-3], Break(3, None, "the file ends before its end")),
    ],
    ids=["changed", "removed", "swapped", "end cut off", "more cut off"],
)
async def test_file_that_was_changed_names_the_first_bad_place(
    file: Path, change: Callable[[list[bytes]], list[bytes]], broken: Break
) -> None:
    file.write_bytes(b"".join(change(file.read_bytes().splitlines(keepends=True))))

    assert check_file(file)[0].broken == broken


async def test_end_of_a_file_that_was_cut_off_is_not_made_up_from_what_is_left(file: Path) -> None:
    """Every sealing signs the place that it reached: none of these serves as the end of a file."""
    told = file.read_bytes().splitlines(keepends=True)
    last = msgspec.json.decode(told[2])
    end = {**msgspec.json.decode(told[-1]), **{name: last[name] for name in ("position", "hash", "signature")}}
    file.write_bytes(b"".join([*told[:3], msgspec.json.encode(end) + b"\n"]))

    assert check_file(file)[0].broken == Break(3, None, "the file ends before its end")


TITLES = [b"{}", b"\xff\xfe", b'{"format":"daylight-audit-9","key":""}', b'{"format":"daylight-audit-1","key":"AA=="}']


@pytest.mark.parametrize("content", [b"", *(title + b"\n" for title in TITLES)])
def test_something_else_is_no_export(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)

    with pytest.raises(BadFile):
        check_file(path)


async def test_file_signed_by_another_is_refused_when_the_key_is_known(file: Path) -> None:
    with pytest.raises(BadFile, match="another key"):
        check_file(file, OTHER.public_key())


async def test_head_in_a_file_holds_an_older_export_against_a_newer_one(file: Path) -> None:
    told = file.read_bytes().splitlines()
    kept = msgspec.json.decode(told[-1], type=KeptHead)

    assert check_file(file, SIGNING.public_key(), [kept.head])[0].broken is None
