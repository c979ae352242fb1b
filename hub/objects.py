"""The object store (S3), where one is set: what is too big for the database, and what must outlive it.

Two buckets, named after the path of `S3_URL` (`daylight` without one). `daylight` keeps what belongs to people, under `people/ID/`.
`daylight-audit` keeps the heads of the audit's chain; it is versioned, so that what is written over or deleted is still there.

Called by the worker and by commands, never by a hub process: its library takes two seconds to import, so that waits until it is needed.
"""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from hub.errors import DaylightError
from hub.settings import STORE_REGION, ObjectStore

AUDIT = "-audit"
CALL_S = 30.0
"""Of one call, however the library tries again within it."""
REMOVED_AT_ONCE = 1_000
"""The most that S3 takes."""
_MISSING = {"NoSuchKey", "NoSuchBucket", "404"}


class ObjectsAway(DaylightError):
    """The object store does not answer, or refuses us."""


class Stored(NamedTuple):
    """An object, or a version of one. `size` in bytes; no version in a bucket without versions."""

    key: str
    size: int
    version: str | None


class Objects:
    """One bucket. Every call raises `ObjectsAway` when the store does not answer or refuses."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self.bucket = bucket

    async def put(self, key: str, body: bytes) -> None:
        async with _asking():
            await self._client.put_object(Bucket=self.bucket, Key=key, Body=body)

    async def get(self, key: str, version: str | None = None) -> bytes:
        """All of it. Raises `KeyError` when there is none."""
        which = {"VersionId": version} if version else {}
        async with _asking(key):
            answer = await self._client.get_object(Bucket=self.bucket, Key=key, **which)
            async with answer["Body"] as body:
                content: bytes = await body.read()
                return content

    async def stored(self, prefix: str = "") -> AsyncIterator[Stored]:
        """The objects whose keys begin so, in the order of their keys."""
        more: dict[str, str] = {}
        while True:
            async with _asking():
                page = await self._client.list_objects_v2(Bucket=self.bucket, Prefix=prefix, **more)
            for found in page.get("Contents", ()):
                yield Stored(found["Key"], found["Size"], None)
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    async def versions(self, prefix: str = "") -> AsyncIterator[Stored]:
        """Every version of them, also of those that were written over or deleted, in the order of their keys."""
        async for version, deleting in self._versions(prefix):
            if not deleting:
                yield version

    async def remove(self, prefix: str) -> int:
        """Deletes them for good, in all their versions; returns how many there were."""
        found = [version async for version, _ in self._versions(prefix)]
        for first in range(0, len(found), REMOVED_AT_ONCE):
            names = [
                {"Key": one.key} | ({"VersionId": one.version} if one.version else {})
                for one in found[first : first + REMOVED_AT_ONCE]
            ]
            async with _asking():
                answer = await self._client.delete_objects(Bucket=self.bucket, Delete={"Objects": names, "Quiet": True})
            if refused := answer.get("Errors"):
                raise ObjectsAway(f"the object store did not delete {len(refused)} objects: {refused[0].get('Code')}")
        return len(found)

    async def _versions(self, prefix: str) -> AsyncIterator[tuple[Stored, bool]]:
        """Versions, and the marks that say that something was deleted (True)."""
        more: dict[str, str] = {}
        while True:
            async with _asking():
                page = await self._client.list_object_versions(Bucket=self.bucket, Prefix=prefix, **more)
            for found in page.get("Versions", ()):
                yield Stored(found["Key"], found["Size"], _version(found)), False
            for found in page.get("DeleteMarkers", ()):
                yield Stored(found["Key"], 0, _version(found)), True
            if not page.get("IsTruncated"):
                return
            more = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page.get("NextVersionIdMarker", "")}


@contextlib.asynccontextmanager
async def opened(store: ObjectStore, which: str = "") -> AsyncIterator[Objects]:
    """The bucket for people's objects, or with `AUDIT` that of the heads: made where there is none. Raises `ObjectsAway`."""
    from aiobotocore.config import AioConfig

    options = AioConfig(
        connect_timeout=5,
        read_timeout=CALL_S,
        retries={"total_max_attempts": 3, "mode": "standard"},
        s3={"addressing_style": "path"},
    )
    async with _session().create_client(
        "s3",
        endpoint_url=store.endpoint,
        aws_access_key_id=store.access_key,
        aws_secret_access_key=store.secret_key,
        region_name=store.region,
        config=options,
    ) as client:
        bucket = store.name + which
        await _ensure(client, bucket, store.region, versioned=which == AUDIT)
        yield Objects(client, bucket)


@functools.cache
def _session() -> Any:
    """Reads descriptions of S3 of some MB, and keeps them: a client after the first one costs milliseconds."""
    from aiobotocore.session import get_session

    return get_session()


async def _ensure(client: Any, bucket: str, region: str, *, versioned: bool) -> None:
    try:
        async with _asking(bucket):
            await client.head_bucket(Bucket=bucket)
    except KeyError:
        place = {} if region == STORE_REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        async with _asking():
            await client.create_bucket(Bucket=bucket, **place)
        if versioned:
            async with _asking():
                await client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


@contextlib.asynccontextmanager
async def _asking(name: str | None = None) -> AsyncIterator[None]:
    """A call under its deadline. `name`: what may be missing, which is then a `KeyError`."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        async with asyncio.timeout(CALL_S):
            yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "?"))
        if name is not None and code in _MISSING:
            raise KeyError(name) from None
        raise ObjectsAway(f"the object store refuses: {code}") from error
    except (BotoCoreError, OSError, TimeoutError) as error:
        raise ObjectsAway(f"the object store does not answer: {type(error).__name__}") from error


def _version(found: Any) -> str | None:
    version: str | None = found.get("VersionId")
    return None if version in (None, "null") else version
