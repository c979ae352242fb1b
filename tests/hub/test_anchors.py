"""Heads of the audit in the object store: they outlive whatever is done to the database, and to the store by who may only delete."""

import asyncio
import os
import sys
import tempfile
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hub import anchors, audit, objects, worker
from hub.anchors import Checked, anchor, anchored, check_audit
from hub.chain import newest_head, seal, signing_key
from hub.embedded import Embedded, require_free_port
from hub.settings import ObjectStore, Settings, object_store
from tests.hub.test_chain import behind_the_back

SECRET = "a secret of these tests, long enough"
STORE = {"database_url": "postgresql://elsewhere/daylight", "redis_url": "redis://elsewhere"}


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    with tempfile.TemporaryDirectory(prefix="daylight-tests-") as folder:
        with Embedded(Settings(data=Path(folder), **STORE), s3=True) as servers:
            yield object_store(servers.s3_url or "")


@pytest.fixture
async def emptied(store: ObjectStore) -> ObjectStore:
    async with objects.opened(store, objects.AUDIT) as bucket:
        await bucket.remove("")
    return store


def away(store: ObjectStore) -> ObjectStore:
    """A store at an address where nobody listens."""
    require_free_port("127.0.0.1", 9)
    return ObjectStore(
        endpoint="http://127.0.0.1:9", access_key="a", secret_key=store.secret_key, name="daylight", region="us-east-1"
    )


async def sealed(count: int) -> None:
    for n in range(count):
        await audit.record("sign_out", n + 1, n + 1)
    await seal(signing_key(SECRET))


async def test_end_that_was_cut_off_is_missed_by_the_kept_heads(database: str, emptied: ObjectStore) -> None:
    assert await anchor(emptied, SECRET) == anchors.Anchored(0)
    await sealed(3)
    assert await anchor(emptied, SECRET) == await anchor(emptied, SECRET) == anchors.Anchored(3)
    await sealed(2)
    assert await anchor(emptied, SECRET) == anchors.Anchored(5)
    assert await check_audit(emptied, SECRET) == Checked(5, "", 2)

    # Rows and links: in itself what is left holds.
    await behind_the_back("DELETE FROM audit_link WHERE position > 3", "DELETE FROM audit WHERE id > 3")

    assert await check_audit(None, SECRET) == Checked(3, "")
    assert await check_audit(emptied, SECRET) == Checked(3, "place 4: it and what followed is gone", 2)


async def test_heads_that_are_deleted_or_written_over_are_still_there(database: str, emptied: ObjectStore) -> None:
    await sealed(3)
    await anchor(emptied, SECRET)
    kept = await anchored(emptied)
    async with objects.opened(emptied, objects.AUDIT) as bucket:
        (name,) = [found.key async for found in bucket.stored()]
        await bucket.put(name, b"nothing of the kind")
        await bucket._client.delete_object(Bucket=bucket.bucket, Key=name)
        await bucket.put("heads/somebody else's", b"")
        assert [found.key async for found in bucket.stored()] == ["heads/somebody else's"]

    assert await anchored(emptied) == kept == [await newest_head()]


async def test_head_of_another_deployment_is_no_head(database: str, emptied: ObjectStore) -> None:
    await sealed(1)
    await anchor(emptied, SECRET)
    found = await check_audit(emptied, "another secret, of somebody else")

    assert found.broken == "place 1, row 1: its signature is not by this deployment"


@pytest.mark.parametrize("position", [-5, 0, 2, 4, 10**30])
async def test_head_that_somebody_made_up_is_named_wherever_it_is(
    database: str, emptied: ObjectStore, position: int
) -> None:
    await sealed(3)
    await anchor(emptied, SECRET)
    async with objects.opened(emptied, objects.AUDIT) as bucket:
        await bucket.put(f"heads/{position}.AAAA.AAAA", b"")

    found = await check_audit(emptied, SECRET)

    assert found.broken == f"place {position}: the head that was kept is not signed by this deployment"


async def test_store_that_is_away_is_told_and_the_chain_is_checked_all_the_same(
    database: str, store: ObjectStore
) -> None:
    await sealed(2)
    nowhere = away(store)

    found = await check_audit(nowhere, SECRET)

    assert (found.rows, found.broken, found.heads) == (2, "", None)
    assert found.away.startswith("the object store does not answer")
    with pytest.raises(objects.ObjectsAway):
        await anchor(nowhere, SECRET)
    with pytest.raises(objects.ObjectsAway, match="refuses: 403"):
        await anchored(
            ObjectStore(
                endpoint=store.endpoint, access_key=store.access_key, secret_key="wrong", name="daylight", region="r"
            )
        )


async def test_command_holds_the_database_against_the_store_and_does_not_do_without_by_itself(
    database: str, emptied: ObjectStore, tmp_path: Path
) -> None:
    await sealed(2)
    await anchor(emptied, SECRET)
    store = f"http://{emptied.access_key}:{emptied.secret_key}@{urlsplit(emptied.endpoint).netloc}"

    async def said(*arguments: str, s3_url: str = store) -> str:
        settings = {
            "DATA": str(tmp_path),
            "DATABASE_URL": database,
            "REDIS_URL": "redis://elsewhere",
            "DAYLIGHT_SECRET": SECRET,
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hub.cli", "audit", "verify", *arguments,
            env={**os.environ, **settings, "S3_URL": s3_url}, stdout=PIPE, stderr=STDOUT,
        )  # fmt: skip
        return (await process.communicate())[0].decode()

    assert "held against 1 kept heads, the last of place 2" in await said()
    await behind_the_back("DELETE FROM audit_link WHERE position > 1", "DELETE FROM audit WHERE id > 1")
    assert "The audit is broken at place 2: it and what followed is gone" in await said()
    nowhere = await said(s3_url="http://key:secret@127.0.0.1:9")
    assert "nothing was checked: the object store does not answer" in nowhere
    assert "The audit is broken at place 1, row 1: nothing signed follows it" in await said("--without-store")


async def test_objects_are_removed_for_good_however_many_they_are(store: ObjectStore) -> None:
    async with objects.opened(store) as bucket:
        busy = asyncio.Semaphore(16)

        async def put(n: int) -> None:
            async with busy:
                await bucket.put(f"people/{7 if n else 8}/{n:04}", b"x" * n)

        await asyncio.gather(*(put(n) for n in range(1003)))
        assert [found.size async for found in bucket.stored("people/7/")] == list(range(1, 1003))
        assert len([found async for found in bucket.versions()]) == 1003

        assert await bucket.remove("people/7/") == 1002
        assert [found.key async for found in bucket.versions()] == ["people/8/0000"]
        assert await bucket.get("people/8/0000") == b""
        with pytest.raises(KeyError):
            await bucket.get("people/7/0001")


def test_worker_keeps_heads_where_a_store_is_set(tmp_path: Path) -> None:
    assert anchors.JOB not in worker.jobs_of(Settings(data=tmp_path))
    assert anchors.JOB in worker.jobs_of(Settings(data=tmp_path, s3_url="https://key:secret@s3.example.org/halden"))
