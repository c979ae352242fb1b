"""The audit only grows, and stands or falls with the act that it tells of."""

import asyncpg
import pytest

from hub import audit, people
from hub.database import connection, transaction
from hub.tables import Audit


@pytest.mark.parametrize("statement", ["UPDATE audit SET action = 'x'", "DELETE FROM audit", "TRUNCATE audit"])
async def test_rows_of_the_audit_can_not_be_changed_or_removed(statement, database):
    await audit.record("sign_out", 1, 1)

    async with connection() as held:
        with pytest.raises(asyncpg.RaiseError, match="append-only"):
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


async def test_look_at_walls_is_one_row_a_team(cast, database):
    await audit.record_looks(cast.alice.id, [cast.payments, cast.payments_api])
    await audit.record_looks(cast.alice.id, [])

    rows = await Audit.select(Audit.actor, Audit.action, Audit.team).order_by(Audit.id)
    assert rows == [
        {"actor": cast.alice.id, "action": "look_wall", "team": cast.payments},
        {"actor": cast.alice.id, "action": "look_wall", "team": cast.payments_api},
    ]
