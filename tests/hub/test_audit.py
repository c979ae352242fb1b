"""The audit only grows, and stands or falls with the act that it tells of."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from hub import audit, people
from hub.database import connection, transaction
from hub.tables import Audit
from tests.owner import owning

from .stored import hour_passes


@pytest.mark.parametrize("statement", ["UPDATE audit SET action = 'x'", "DELETE FROM audit", "TRUNCATE audit"])
async def test_rows_of_the_audit_can_not_be_changed_or_removed(statement, database):
    await audit.record("sign_out", 1, 1)

    async with connection() as held:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await held.execute(statement)
    with pytest.raises(asyncpg.RaiseError, match="append-only"):  # nor by their owner, unless on purpose
        async with owning() as held:
            await held.execute(statement)
    assert await Audit.count() == 1


async def test_act_that_fails_leaves_no_row(database):
    async def act() -> None:
        async with transaction():
            await audit.record("person_added", None, 1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await act()
    assert await Audit.count() == 0


async def test_row_says_who_did_what_to_whom(cast, database):
    await people.grant(cast.bob.id, "manager", cast.support, by=cast.dora.id)

    row = await Audit.select().first().output(load_json=True)
    assert (row["actor"], row["action"], row["subject"], row["team"]) == (cast.dora.id, "role_granted", cast.bob.id, 4)
    assert row["detail"] == {"role": "manager"}
    assert row["at"].tzinfo is not None


SIGN_IN = UUID(int=1)


def wall_looks(viewer: int, teams: list[int], sign_in: UUID = SIGN_IN) -> list[audit.WallLook]:
    return [audit.WallLook(viewer, team, sign_in) for team in teams]


async def test_look_at_walls_is_one_row_a_team(cast, database):
    await audit.record_looks(wall_looks(cast.alice.id, [cast.payments, cast.payments_api]))
    await audit.record_looks([])

    rows = await Audit.select(Audit.actor, Audit.action, Audit.team).order_by(Audit.id)
    assert rows == [
        {"actor": cast.alice.id, "action": "look_wall", "team": cast.payments},
        {"actor": cast.alice.id, "action": "look_wall", "team": cast.payments_api},
    ]


async def test_look_at_a_wall_is_written_once_an_hour_for_each_sign_in_however_often_it_is_told(cast, database):
    both = [cast.payments, cast.payments_api]
    told = [wall_looks(cast.alice.id, both), wall_looks(cast.alice.id, both[::-1])]
    await asyncio.gather(*(audit.record_looks(told[n % 2]) for n in range(10)))
    assert await Audit.count() == 2
    await audit.record_looks(wall_looks(cast.alice.id, both, UUID(int=2)))  # another sign-in
    await audit.record_looks(wall_looks(cast.bob.id, both))  # somebody else
    assert await Audit.count() == 6
    await hour_passes()
    await audit.record_looks(wall_looks(cast.alice.id, both))

    assert await Audit.count() == 8
