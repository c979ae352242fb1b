"""Which policy counts: the newest for today, that of its number for a capture, none for a number that is unknown."""

from collections.abc import Iterator

import msgspec
import pytest

from hub import policies
from hub.tables import PolicyVersion
from hub.wire.policy import DEFAULT, NOTHING, Policy, stricter


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(policies, "_known", {1: DEFAULT})
    return


async def test_default_is_version_1_and_stored_once(database):
    await policies.load()
    await policies.load()

    rows = await PolicyVersion.select().output(load_json=True)
    assert [row["version"] for row in rows] == [1]
    assert rows[0]["policy"] == msgspec.to_builtins(DEFAULT)
    assert policies.in_force() == DEFAULT == Policy(version=1, app=True)


async def test_newest_version_is_in_force_and_older_ones_are_known(database):
    await policies.load()
    narrow = Policy(version=2)
    await PolicyVersion.insert(PolicyVersion(version=2, policy=msgspec.json.encode(narrow).decode()))

    await policies.load()

    assert policies.in_force() == narrow
    assert policies.by_version(1) == DEFAULT


def test_unknown_version_permits_nothing():
    assert policies.by_version(99) == NOTHING
    assert not any(
        getattr(stricter(policies.in_force(), policies.by_version(99)), field) for field in ("app", "site", "title")
    )
