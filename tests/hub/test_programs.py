"""Programs against every route and every message of the sockets: API clients and tokens of people, with one scope and with all of them.

The routes are those of the whole cast (`test_whole_cast.py`): one that takes tokens fails here until it is said what they read there.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from itertools import product
from typing import NamedTuple

import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute
from websockets.exceptions import InvalidStatus

from hub.auth import clients, tokens
from hub.auth.access import SCOPED
from hub.auth.tokens import SCOPES, Scope
from hub.settings import Settings
from hub.tables import Audit
from hub.wire.closing import Close

from .conftest import Browser, Cast
from .live import Running, dialled, running, viewing
from .test_whole_cast import FROM_AGENT, NO_ID, TRIES, first_name, last_row, seen_by_who_asks

MINE = {Cast.payments, Cast.payments_api}
READS: dict[str, tuple[set[int], set[int], set[int]]] = {
    "client": (MINE, {1, 2, 3}, {1, 2, 3}),
    "alice": (MINE, {1, 2, 3}, {1, 2, 3}),
    "bob": (set(), set(), {2}),
    "dora": (set(), set(), {6}),
    "alma": (MINE | {Cast.halden, Cast.support}, {1, 2, 3, 4, 5, 8, 9}, {1, 2, 3, 4, 5, 7, 8, 9}),
    "remy": (set(), set(), {11}),
}
"""Whose programs read which teams, list which people and see whom now: a manager's what the manager sees, an employee's, an admin's and a
representative's themselves, and a client of Payments what lies there. It has no self to see."""
ROUTES: dict[tuple[str, str], Scope] = {
    ("GET", "/api/v1/teams"): "teams:read",
    ("GET", "/api/v1/people"): "people:read",
    ("GET", "/api/v1/people/{person:int}/now"): "activity:read",
}
"""The routes that take tokens, and the scope that each asks for."""


class Program(NamedTuple):
    """`client`: the number of an API client; otherwise it is a person's."""

    whose: str
    scopes: list[Scope]
    browser: Browser
    shown: dict[str, str]
    actor: int | None
    client: int | None


@pytest.fixture
async def programs(cast: Cast, settings: Settings, open_browser: Callable[..., Browser]) -> list[Program]:
    """Of everybody who is named above one with all scopes; of a client and of a manager one with each, too."""
    made = []
    people = {first_name(person.name): person for person in cast.people}
    wanted = [*product(("client", "alice"), [[scope] for scope in SCOPES]), *product(READS, [list(SCOPES)])]
    for place, (whose, scopes) in enumerate(wanted):
        client = None
        if whose == "client":
            named = (await clients.make(clients.ClientForm("Payroll", scopes, [Cast.payments]), cast.dora.id)).client
            client, now = named.id, datetime.now(UTC)
            token = clients.sign(settings, str(named.client_id), " ".join(scopes), now)
        else:
            token = (await tokens.make(people[whose].id, tokens.TokenForm("Script", scopes, 1))).secret
        actor = None if client else people[whose].id
        shown = {"authorization": f"Bearer {token}"}
        made.append(Program(whose, scopes, open_browser(f"198.51.100.{place}"), shown, actor, client))
    return made


def of(programs: list[Program], scope: Scope) -> Iterator[tuple[Program, bool]]:
    """Each, and whether it has this scope."""
    return ((program, scope in program.scopes) for program in programs)


async def test_routes_that_take_tokens_are_these_and_every_scope_has_one(application: Litestar, cast: Cast) -> None:
    takes = {
        (method, route.path): handler.opt["scope"]
        for route in application.routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items()
        if "scope" in handler.opt
    }

    assert takes == ROUTES
    assert set(ROUTES.values()) == set(SCOPES) == set(SCOPED.values())


async def test_no_program_is_answered_on_any_other_route(programs: list[Program], cast: Cast) -> None:
    before = await last_row()
    some = [program for program in programs if program.whose in {"client", "bob", "dora"}]

    for (method, path), tries in TRIES.items():
        for program in some if (method, path) not in ROUTES else ():
            answer = await program.browser.request(method, tries[0].path, json=tries[0].body, headers=program.shown)
            assert answer.status_code == 403, (method, path, program.whose, program.scopes)
            assert answer.headers["content-type"] == "application/problem+json"
    assert await last_row() == before


async def test_session_beside_a_token_counts_for_nothing(programs: list[Program], cast: Cast) -> None:
    admin = programs[0].browser
    assert (await admin.sign_in(cast.alma)).status_code == 201
    before = await last_row()

    for (method, path), tries in TRIES.items():
        if (method, path) not in ROUTES:
            headers = {**programs[0].shown, **await admin.csrf()}
            answer = await admin.request(method, tries[0].path, json=tries[0].body, headers=headers)
            assert answer.status_code == 403, (method, path)
    assert await last_row() == before


async def test_programs_read_their_teams_with_the_scope_and_nothing_without(programs: list[Program]) -> None:
    for program, may in of(programs, "teams:read"):
        answer = await program.browser.get("/api/v1/teams", headers=program.shown)

        assert answer.status_code == (200 if may else 403), (program.whose, program.scopes)
        if may:
            assert {team["id"] for team in answer.json()["teams"]} == READS[program.whose][0], program.whose


async def test_programs_list_their_people_with_the_scope_and_nobody_without(programs: list[Program]) -> None:
    for program, may in of(programs, "people:read"):
        answer = await program.browser.get("/api/v1/people", headers=program.shown)

        assert answer.status_code == (200 if may else 403), (program.whose, program.scopes)
        if may:
            assert {person["id"] for person in answer.json()["people"]} == READS[program.whose][1], program.whose
        for team in (Cast.halden, Cast.payments, Cast.payments_api, Cast.support, NO_ID):
            mine = team in READS[program.whose][0]
            answer = await program.browser.get(f"/api/v1/people?team={team}", headers=program.shown)
            assert answer.status_code == ((200 if mine else 404) if may else 403), (program.whose, team)


async def test_programs_see_now_whom_they_may_and_a_stranger_is_like_nobody(
    programs: list[Program], cast: Cast
) -> None:
    for program, may in of(programs, "activity:read"):
        before = await last_row()
        seen = READS[program.whose][2] if may else set()
        asked = cast.people if may else [cast.alice]
        none = await program.browser.get(f"/api/v1/people/{NO_ID}/now", headers=program.shown)
        for person in asked:
            answer = await program.browser.get(f"/api/v1/people/{person.id}/now", headers=program.shown)
            assert answer.status_code == (200 if person.id in seen else 404 if may else 403), (program.whose, person)
            if person.id not in seen:
                assert seen_by_who_asks(answer) == seen_by_who_asks(none)

        strangers = {person.id for person in cast.people} - seen if may else set()
        rows = await Audit.select().where(Audit.action == "denied", Audit.id > before).output(load_json=True)
        assert {(row["actor"], row["client"], row["subject"], row["detail"]["wanted"]) for row in rows} == {
            (program.actor, program.client, person, "see_activity") for person in strangers
        }


@pytest.fixture
async def hub(cast: Cast, settings: Settings) -> AsyncIterator[Running]:
    async with running(settings) as up:
        yield up


async def test_programs_say_every_message_of_the_sockets_in_vain(
    programs: list[Program], hub: Running, cast: Cast
) -> None:
    """Pages and devices prove who they are in other ways."""
    everything = [program for program in programs if program.scopes == list(SCOPES)]
    for program in everything:
        with pytest.raises(InvalidStatus) as refused:  # before any message of a browser's
            async with viewing(hub, None, token=program.shown["authorization"]):
                pass
        assert refused.value.response.status_code == 403
        for kind, frame in FROM_AGENT.items():
            async with dialled(hub, additional_headers=program.shown) as agent:
                await agent.receive_any()
                await agent.send(frame)
                assert await agent.closed() in {Close.BAD_SIGNATURE, Close.WRONG_PHASE}, (program.whose, kind)
