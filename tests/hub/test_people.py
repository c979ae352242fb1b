"""People, teams and roles: what is accepted, what keeps its history, and what changes somebody's access."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from hub import homes, passwords, people
from hub.auth.access import Range, load_subject, load_viewer, permitted
from hub.auth.login import WRONG
from hub.demo import HISTORY, seed_demo
from hub.errors import Invalid, NotFound
from hub.people.first import FirstAdmin, first_admin
from hub.settings import Settings
from hub.tables import Audit, Membership, Organisation, Person, Role, SignIn, Team

from .locks import both_at_once


async def version_of(person: int) -> int:
    return (await load_viewer(person)).access_version


async def acts() -> list[str]:
    return await Audit.select(Audit.action).order_by(Audit.id).output(as_list=True)


async def test_address_is_kept_in_lower_case_and_is_unique(cast, database):
    id_ = await people.add_person("  New.Person@Halden.Example ", "New  Person", team=cast.support)

    row = await Person.select().where(Person.id == id_).first()
    assert (row["email"], row["name"], row["zone"]) == ("new.person@halden.example", "New Person", "Europe/Oslo")
    with pytest.raises(Invalid, match="already") as refused:
        await people.add_person("NEW.person@halden.example", "Another")
    assert refused.value.field == "email"


@pytest.mark.parametrize(
    "email",
    ["", "nobody", "a@b@c.example", "a b@c.example", "a@-c.example", "a@c..example", "é@c.example", "a@" + "x" * 250],
)
async def test_malformed_address_is_refused(email, cast, database):
    with pytest.raises(Invalid) as refused:
        await people.add_person(email, "Somebody")
    assert refused.value.field == "email"


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("name", {"name": " \u200b\n"}),
        *(("name", {"name": blank}) for blank in ("\u200d\u200c", "\u3164", "\u2800 \u115f", "\u0301\u0301", "\ufe0f")),
        ("name", {"name": "x" * 201}),
        ("zone", {"zone": "Europe/Atlantis"}),
        ("zone", {"zone": "../../etc/passwd"}),
        ("zone", {"zone": ""}),
        ("team", {"team": 99}),
        ("password", {"password": "short"}),
        ("password", {"password": "x" * 201}),
    ],
)
async def test_wrong_input_is_refused_by_field_and_adds_nobody(field, given, cast, database):
    with pytest.raises(Invalid) as refused:
        await people.add_person(**{"email": "new@halden.example", "name": "New", **given})

    assert refused.value.field == field
    assert not await Person.exists().where(Person.email == "new@halden.example")


async def test_move_keeps_the_history_without_gap_or_overlap(cast, database):
    await people.move(cast.bob.id, cast.support, by=cast.alma.id)

    before, after = (await load_subject(cast.bob.id)).stays
    assert (before.team, before.since_at, after.team, after.until_at) == (
        cast.payments,
        cast.joined,
        cast.support,
        None,
    )
    assert before.until_at == after.since_at


async def test_move_to_the_same_team_changes_nothing(cast, database):
    await people.move(cast.bob.id, cast.payments)

    assert len((await load_subject(cast.bob.id)).stays) == 1
    assert await acts() == []


async def test_concurrent_moves_leave_one_home(cast, database):
    await asyncio.gather(*(people.move(cast.bob.id, team) for team in [cast.support, cast.payments_api] * 4))

    count = await Membership.count().where(Membership.person == cast.bob.id, Membership.until_at.is_null())
    assert count == 1


async def test_role_raises_the_access_version_once(cast, database):
    before = await version_of(cast.bob.id)

    await people.grant(cast.bob.id, "manager", cast.support, by=cast.dora.id)
    await people.grant(cast.bob.id, "manager", cast.support, by=cast.dora.id)

    assert await version_of(cast.bob.id) == before + 1
    assert (await load_viewer(cast.bob.id)).managed == {cast.support}
    assert await acts() == ["role_granted"]


async def test_revoked_role_is_gone_and_raises_the_access_version(cast, database):
    before = await version_of(cast.alice.id)

    await people.revoke(cast.alice.id, "manager", cast.payments)
    await people.revoke(cast.alice.id, "manager", cast.payments)

    viewer = await load_viewer(cast.alice.id)
    assert (viewer.access_version, viewer.managed, viewer.roles) == (before + 1, frozenset(), frozenset())


@pytest.mark.parametrize(("role", "team"), [("manager", None), ("admin", 1), ("auditor", 1), ("representative", 1)])
async def test_only_managers_have_a_team(role, team, cast, database):
    with pytest.raises(Invalid):
        await people.grant(cast.bob.id, role, team)


async def test_nobody_gets_a_role_for_nothing(cast, database):
    with pytest.raises(NotFound):
        await people.grant(99, "admin")
    with pytest.raises(Invalid):
        await people.grant(cast.bob.id, "manager", 99)


async def test_deactivated_person_loses_sessions_team_and_access(cast, database):
    await SignIn.insert(SignIn(person=cast.bob.id))
    before = await version_of(cast.bob.id)

    await people.deactivate(cast.bob.id, by=cast.dora.id)
    await people.deactivate(cast.bob.id, by=cast.dora.id)

    viewer = await load_viewer(cast.bob.id)
    assert (viewer.active, viewer.access_version) == (False, before + 1)
    assert await SignIn.count().where(SignIn.ended_at.is_null()) == 0
    assert cast.bob.id not in {member.person for member in (await homes.directory()).members}
    assert await acts() == ["person_deactivated"]


async def test_last_admin_stays(cast, database):
    await people.revoke(cast.alma.id, "admin")

    with pytest.raises(Invalid, match="last admin"):
        await people.revoke(cast.dora.id, "admin")
    with pytest.raises(Invalid, match="last admin"):
        await people.deactivate(cast.dora.id)


async def test_admin_who_can_not_sign_in_is_no_other_admin(cast, database):
    """Simulated, or invited and not here yet: with them alone nobody could let anybody in."""
    await people.revoke(cast.alma.id, "admin")
    for email, simulated in (("sim@halden.example", True), ("invited@halden.example", False)):
        await people.grant(await people.add_person(email, "Nobody Yet", simulated=simulated), "admin")

    with pytest.raises(Invalid, match="last admin"):
        await people.revoke(cast.dora.id, "admin")

    await people.set_password("invited@halden.example", "eleven quiet herons")
    await people.revoke(cast.dora.id, "admin")


async def test_two_admins_who_remove_each_other_at_once_leave_one(cast, database):
    outcomes = await both_at_once(
        database, "role", people.revoke(cast.alma.id, "admin"), people.deactivate(cast.dora.id)
    )

    assert outcomes[0] is None
    assert isinstance(outcomes[1], Invalid)


async def test_directory_has_everybody_active_by_home_team(cast, database):
    found = await homes.directory()

    assert found.teams == {1: "Halden", 2: "Payments", 3: "Payments API", 4: "Support"}
    assert found.above == {2: 1, 3: 2, 4: 1}
    at_home = {(member.team, member.name.split()[0]) for member in found.members}
    assert at_home == {
        (1, "Audrey"), (2, "Alice"), (2, "Bob"), (3, "Bea"), (4, "Charlie"), (4, "Maxim"), (4, "Rita"),
    }  # fmt: skip


async def test_directory_says_which_stays_are_over(cast, database):
    before = await homes.directory()
    await people.move(cast.bob.id, cast.support)
    await people.deactivate(cast.charlie.id)
    after = await homes.directory()

    stays = {member.person: member.membership for member in after.members}
    assert after.lowest[cast.alice.id] == before.lowest[cast.alice.id] == stays[cast.alice.id]
    assert after.lowest[cast.bob.id] == stays[cast.bob.id] > before.lowest[cast.bob.id]
    assert after.lowest[cast.charlie.id] == before.lowest[cast.charlie.id] + 1
    assert cast.charlie.id not in stays
    assert cast.dora.id not in after.lowest


async def test_directory_is_read_again_only_when_something_of_it_has_changed(cast, database):
    first = await homes.directory()
    same = await homes.directory(first)
    changes = [
        people.move(cast.bob.id, cast.support),
        people.deactivate(cast.charlie.id),
        people.add_team("Cards", cast.payments),
        Person.update({Person.name: "Alice Okafor-Lind"}).where(Person.id == cast.alice.id),
    ]
    known, again = first, []
    for change in changes:
        await change
        again.append(await homes.directory(known))
        known = again[-1]

    assert same is first
    assert len({found.digest for found in (first, *again)}) == 1 + len(changes)
    assert again[2].teams.keys() - first.teams.keys()
    assert "Alice Okafor-Lind" in {member.name for member in known.members}
    assert msgspec.structs.replace(await homes.directory(), digest=0) == msgspec.structs.replace(known, digest=0)


async def test_teams_under_a_team_are_all_that_hang_from_it(cast, database):
    assert await people.teams_under(frozenset({cast.payments, 99})) == {cast.payments, cast.payments_api}
    assert await people.teams_under(frozenset({cast.halden})) == {1, 2, 3, 4}


async def test_first_admin_is_made_once_with_a_password_of_its_own(database):
    made = await first_admin(Settings(demo=False))
    again = await first_admin(Settings(demo=False))

    person = await Person.select().first()
    assert made.email == "admin@daylight.localhost"
    assert await passwords.password_matches(made.password, person["password_hash"])
    assert again is None
    viewer = await load_viewer(person["id"])
    assert (viewer.roles, viewer.managed) == ({"admin"}, frozenset())


async def test_first_admin_of_a_demo_manages_everybody(database):
    made = await first_admin(Settings(admin_email="Boss@Halden.example", admin_password="open sesame"))
    await seed_demo()

    person = await Person.select().where(Person.email == "boss@halden.example").first()
    assert made == FirstAdmin("boss@halden.example", None)
    assert await passwords.password_matches("open sesame", person["password_hash"])
    viewer = await load_viewer(person["id"])
    assert viewer.roles == {"admin", "manager"}
    assert viewer.managed == set((await homes.directory()).teams)


async def test_hubs_that_start_together_make_one_admin_and_one_demo(database):
    made = await asyncio.gather(*(first_admin(Settings(admin_password="open sesame")) for _ in range(4)))
    await asyncio.gather(seed_demo(), seed_demo())

    assert sum(admin is not None for admin in made) == 1
    assert await Role.count().where(Role.role == "admin") == 1
    assert (await Organisation.count(), await Team.count(), await Person.count()) == (1, 6, 41)


async def test_managers_of_a_demo_may_see_the_history_that_its_devices_send(database):
    await first_admin(Settings(admin_email="Boss@Halden.example", admin_password="open sesame"))
    emails = await seed_demo()

    boss, member = [
        (await Person.select(Person.id).where(Person.email == email).first())["id"]
        for email in ("boss@halden.example", emails[0])
    ]
    begins_at = datetime.now(UTC) - HISTORY
    asked = Range(begins_at, begins_at + timedelta(hours=1))
    assert permitted(await load_viewer(boss), "see_activity", await load_subject(member), asked) == (asked,)


async def test_demo_has_40_simulated_people_in_5_teams_and_is_seeded_once(database):
    emails = await seed_demo()
    again = await seed_demo()

    found = await homes.directory()
    assert len(set(emails)) == 40
    assert emails == again
    assert len({member.team for member in found.members}) == 5
    assert len(found.members) == 40
    assert all(member.simulated for member in found.members)
    assert all(email.isascii() and email.endswith("@halden.example") for email in emails)
    organisation = await Organisation.select().first()
    assert (organisation["name"], organisation["demo"]) == ("Halden", True)


async def test_new_password_ends_where_the_person_is_signed_in(cast, database):
    await SignIn.insert(SignIn(person=cast.bob.id))

    await people.set_password("BOB@halden.example", "a new password")

    row = await Person.select().where(Person.id == cast.bob.id).first()
    assert await passwords.password_matches("a new password", row["password_hash"])
    assert await SignIn.count().where(SignIn.ended_at.is_null()) == 0
    with pytest.raises(NotFound):
        await people.set_password("nobody@halden.example", "a new password")


async def test_passwords_beyond_the_queue_are_refused_at_once(monkeypatch):
    monkeypatch.setattr(passwords, "WAITING_MAX", 2)

    outcomes = await asyncio.gather(*(passwords.hash_password(WRONG) for _ in range(12)), return_exceptions=True)

    hashes = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert 2 <= len(hashes) < 12
    assert all(hashed.startswith("$argon2id$") and WRONG not in hashed for hashed in hashes)
