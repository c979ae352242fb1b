"""Changes of policies: each one transaction with its audit row and with what follows from it for every person.

All of them take turns (one advisory lock), so revisions of `person_policy` rise in the order of commits and a number of a policy is
given once. Whoever acts on what somebody else has changed meanwhile is told (`Conflict`), and nothing is lost. Nothing here decides
access. Hub processes see what was written within a second (`refresh`), whether Redis is there or not.
"""

from typing import Any

import msgspec

from hub import audit, policies, subject_keys
from hub.database import transaction
from hub.errors import Conflict, Invalid, NotFound
from hub.policies.settings import (
    Ceiling,
    PolicySettings,
    Scope,
    normal,
    raised,
    require_available,
)
from hub.policies.worlds import Touched, World, changed, read, set_at, unnumbered, with_set
from hub.wire.policy import clean

REASON_MAX = 500
NUMBER_MAX = 2**63 - 1
_LOCK = 0x706F6C696379
"""Advisory lock of whatever writes policies: `policy` in ASCII."""
_reconciled: int | None = None
"""What `_DIGEST` said when everybody had their policy."""
CHANGED = "Somebody else has changed this meanwhile. Look at it as it is now, then decide."


async def change(scope: Scope, place: int | None, seen: int, settings: PolicySettings, reason: str, by: int) -> int:
    """Sets what a place sets; returns its new version. `place`: the team or the person. `seen`: the version that it rests on.

    Raises `Invalid`, `Conflict` when `seen` is not the latest, `NotFound` for a team or a person that is none.
    """
    said = _reason(reason)
    async with transaction() as held:
        world = await _world(held)
        before = await set_at(held, world, scope, place)
        settings = normal(settings, world.ceiling)
        if before.version != seen:
            raise Conflict(CHANGED)
        if before.settings == settings:
            return seen
        team, person = _team_and_person(scope, place)
        await _store(held, scope, team, person, seen + 1, settings)
        number = await _note(held, by, scope, team, person, seen + 1, before.settings, settings, said, "made")
        touched = await _give(held, with_set(world, scope, place, settings), number)
        changed = {"changed": _difference(before.settings, settings)}
        await audit.record(
            "policy_changed",
            by,
            person,
            team,
            scope=scope,
            change=number,
            people=len(touched),
            widens=sum(each.held != each.new for each in touched),
            **(changed if person is None else await subject_keys.sealed(held, person, **changed)),
        )
    await policies.refresh()
    return seen + 1


async def set_ceiling(seen: int, new: Ceiling, reason: str, by: int) -> bool:
    """Lowers the ceiling, at once; or proposes to raise it, which a representative has to sign. Whether it is in force.

    What was proposed before ends with a change. Raises `Invalid` and `Conflict`.
    """
    said = _reason(reason)
    async with transaction() as held:
        world = await _world(held)
        if world.ceiling_version != seen:
            raise Conflict(CHANGED)
        if world.ceiling == new:
            return True
        if await held.fetchval("SELECT EXISTS(SELECT FROM policy_change WHERE state = 'proposed')"):
            raise Conflict("Another ceiling has been proposed already. It is to be signed, refused or withdrawn first.")
        wider = raised(world.ceiling, new)
        require_available(wider)
        state = "proposed" if wider else "made"
        number = await _note(held, by, "ceiling", None, None, seen + 1, world.ceiling, new, said, state)
        difference = _difference(world.ceiling, new)
        if wider:
            await audit.record("ceiling_proposed", by, change=number, changed=difference)
        else:
            await _store(held, "ceiling", None, None, seen + 1, new)
            await _give(held, world._replace(ceiling=new), number)
            await audit.record("ceiling_lowered", by, change=number, changed=difference)
    await policies.refresh()
    return not wider


async def decide(number: int, verdict: str, by: int) -> None:
    """Signs, refuses or withdraws the proposal to raise the ceiling: `signed`, `refused` or `withdrawn`.

    Raises `NotFound`, `Conflict` for one that is decided, and `Invalid` for who would sign what they have proposed themselves.
    """
    if not 0 < number <= NUMBER_MAX:
        raise NotFound("There is no such proposal.")
    async with transaction() as held:
        world = await _world(held)
        row = await held.fetchrow(
            "SELECT made_by, version, old, new, state FROM policy_change WHERE id = $1 AND scope = $2 FOR UPDATE",
            number,
            "ceiling",
        )
        if row is None or row["state"] == "made":
            raise NotFound("There is no such proposal.")
        if row["state"] != "proposed":
            raise Conflict("This proposal is decided already.")
        if verdict == "signed" and row["made_by"] == by:
            raise Invalid("Whoever proposed it can't be the second who signs.", "verdict", "own_proposal")
        await held.execute(
            "UPDATE policy_change SET state = $2, decided_by = $3, decided_at = now() WHERE id = $1",
            number,
            verdict,
            by,
        )
        new = msgspec.json.decode(row["new"], type=Ceiling)
        if verdict == "signed":
            if row["version"] != world.ceiling_version + 1:
                raise Conflict(CHANGED)
            await _store(held, "ceiling", None, None, row["version"], new)
            await _give(held, world._replace(ceiling=new), number)
        acts: dict[str, audit.Act] = {
            "signed": "ceiling_signed",
            "refused": "ceiling_declined",
            "withdrawn": "ceiling_withdrawn",
        }
        await audit.record(acts[verdict], by, change=number, changed=_difference(world.ceiling, new))
    await policies.refresh()


async def acknowledge(person: int, number: int) -> None:
    """Notes that somebody has seen the policy that row `number` of theirs gives them, which then counts for their devices. Idempotent.

    Raises `NotFound` for a row that is not theirs, and `Conflict` for one that is not their latest: another policy has come since.
    """
    async with transaction() as held:
        await take_turns(held)
        row = await held.fetchrow(
            "SELECT wanted, held, acknowledged_at, id = (SELECT max(id) FROM person_policy WHERE person = $1) AS latest "
            "FROM person_policy WHERE person = $1 AND id = $2",
            person,
            number,
        )
        if row is None:
            raise NotFound("There is no such policy.")
        if not row["latest"]:
            raise Conflict("Your policy has changed since. Read the one that is there now.")
        if row["acknowledged_at"] is not None or row["wanted"] == row["held"]:
            return
        await held.execute(
            "UPDATE person_policy SET acknowledged_at = clock_timestamp(), revision = $2 WHERE id = $1",
            number,
            await _next_revision(held),
        )
        await audit.record("policy_acknowledged", person, person, version=row["wanted"])
    await policies.refresh()


async def reconcile() -> bool:
    """Gives their policy to who has another than theirs: new people, and those in another team or zone. Whether there were any.

    With 10,000 people it costs PostgreSQL some 10 ms to find that nothing has changed since this process found it last.
    """
    global _reconciled
    async with transaction() as held:
        digest = await held.fetchval(_DIGEST)
        if digest is None or digest == _reconciled:
            return False
        if not await held.fetchval("SELECT pg_try_advisory_xact_lock($1)", _LOCK):
            return False  # whoever holds it leaves nothing to do, or it is done the next time
        given = bool(await _give(held, await _world(held), None))
    _reconciled = digest
    return given


async def take_turns(held: Any) -> None:
    """Waits for whoever writes policies, until the transaction ends."""
    await held.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)


async def _world(held: Any) -> World:
    """Everything, once it is this transaction's turn to change it."""
    await take_turns(held)
    return await read(held)


async def _give(held: Any, world: World, number: int | None) -> list[Touched]:
    """Writes what follows for everybody. At the first change ever everybody gets a row, also whoever keeps what they have."""
    touched = world.touched()
    if not touched:
        return []
    numbers = {unnumbered(policy): version for version, policy in world.versions.items()}
    for policy in (each for one in touched for each in (one.new, one.held)):
        if unnumbered(policy) not in numbers:
            version = max(numbers.values()) + 1
            numbers[unnumbered(policy)] = version
            await held.execute(
                "INSERT INTO policy_version (version, policy) VALUES ($1, $2)",
                version,
                msgspec.json.encode(msgspec.structs.replace(policy, version=version)).decode(),
            )
    revision = await _next_revision(held)
    await held.execute(
        "INSERT INTO person_policy (person, wanted, held, since_at, change, revision) "
        "SELECT person, wanted, held, clock_timestamp(), $4::bigint, $5::bigint "
        "FROM unnest($1::int[], $2::int[], $3::int[]) AS given(person, wanted, held)",
        [each.person for each in touched],
        [numbers[unnumbered(each.new)] for each in touched],
        [numbers[unnumbered(each.held)] for each in touched],
        number,
        revision,
    )
    return changed(touched)


async def _next_revision(held: Any) -> int:
    return int(await held.fetchval("SELECT nextval('person_policy_revisions')"))


async def _store(held: Any, scope: str, team: int | None, person: int | None, version: int, settings: Any) -> None:
    done = await held.execute(
        "UPDATE policy_setting SET version = $4, settings = $5 "
        "WHERE scope = $1 AND team IS NOT DISTINCT FROM $2 AND person IS NOT DISTINCT FROM $3",
        scope,
        team,
        person,
        version,
        msgspec.json.encode(settings).decode(),
    )
    if done == "UPDATE 0":
        await held.execute(
            "INSERT INTO policy_setting (scope, team, person, version, settings) VALUES ($1, $2, $3, $4, $5)",
            scope,
            team,
            person,
            version,
            msgspec.json.encode(settings).decode(),
        )


async def _note(
    held: Any,
    by: int,
    scope: str,
    team: int | None,
    person: int | None,
    version: int,
    old: Any,
    new: Any,
    reason: str,
    state: str,
) -> int:
    number: int = await held.fetchval(
        "INSERT INTO policy_change (made_by, scope, team, person, version, old, new, reason, state) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
        by,
        scope,
        team,
        person,
        version,
        msgspec.json.encode(old).decode(),
        msgspec.json.encode(new).decode(),
        reason,
        state,
    )
    return number


def _team_and_person(scope: Scope, place: int | None) -> tuple[int | None, int | None]:
    return (place if scope == "team" else None), (place if scope == "person" else None)


def _difference(old: Any, new: Any) -> dict[str, audit.Changed]:
    return {
        name: audit.Changed(getattr(old, name), getattr(new, name))
        for name in old.__struct_fields__
        if getattr(old, name) != getattr(new, name)
    }


def _reason(reason: str) -> str:
    said = clean(reason, REASON_MAX + 1)
    if said is None or len(said) > REASON_MAX:
        raise Invalid(
            f"Say why, in 1 to {REASON_MAX} characters: those whom it touches read it.",
            "reason",
            "policy_reason",
            REASON_MAX,
        )
    return said


# Of all that a policy depends on but settings, whose changes give policies themselves. Null: nothing was ever set.
_DIGEST = """
    SELECT hashint8extended(max(person_policy.id), 0)
        # coalesce((SELECT bit_xor(hash_record_extended(ROW(id, parent), 0)) FROM team), 0)
        # coalesce((
            SELECT bit_xor(hash_record_extended(ROW(person.id, zone, team), 0))
            FROM person LEFT JOIN membership ON membership.person = person.id AND membership.until_at IS NULL
        ), 0)
    FROM person_policy
"""
