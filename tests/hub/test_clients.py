"""API clients and tokens of people: how they are made, what they may, and when they may nothing any more."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from hub import people
from hub.auth import clients, sealed
from hub.auth.clients import ROTATION, TOKEN_S, sign
from hub.database import connection
from hub.settings import Settings
from hub.tables import Audit, ClientSecret, Person, PersonalToken
from tests.conftest import SECRET

from .conftest import Browser, Cast

ALL = ["teams:read", "people:read", "activity:read"]
Open = Callable[..., Browser]


@pytest.fixture
async def admin(open_browser: Open, cast: Cast) -> Browser:
    browser = open_browser()
    assert (await browser.sign_in(cast.dora)).status_code == 201
    return browser


async def make(admin: Browser, scopes: list[str] = ALL, teams: tuple[int, ...] = (Cast.payments,)) -> dict[str, Any]:
    answer = await admin.change(
        "POST", "/api/clients", json={"name": "Payroll", "scopes": scopes, "teams": list(teams)}
    )
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def ask_token(program: Browser, made: dict[str, Any], secret: str | None = None, **more: str) -> httpx.Response:
    given = {"client_id": made["client"]["client_id"], "client_secret": secret or made["secret"]}
    return await program.post("/api/oauth/token", data={"grant_type": "client_credentials", **given, **more})


async def token_of(program: Browser, made: dict[str, Any], **more: str) -> str:
    answer = await ask_token(program, made, **more)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def read(program: Browser, token: str, path: str) -> httpx.Response:
    return await program.get(path, headers={"authorization": f"Bearer {token}"})


async def test_client_reads_what_it_was_given_and_the_person_sees_that_it_looked(
    admin: Browser, open_browser: Open, cast: Cast
) -> None:
    program = open_browser("198.51.100.7")
    token = await token_of(program, await make(admin))

    teams = (await read(program, token, "/api/v1/teams")).json()["teams"]
    found = (await read(program, token, "/api/v1/people")).json()["people"]
    seen = await read(program, token, f"/api/v1/people/{cast.bob.id}/now")

    assert [team["name"] for team in teams] == ["Payments", "Payments API"]
    assert [person["name"] for person in found] == ["Alice Okafor", "Bea Menon", "Bob Brandt"]
    assert seen.status_code == 200
    assert seen.json()["person"]["name"] == "Bob Brandt"
    bob = open_browser()
    await bob.sign_in(cast.bob)
    look = (await bob.get("/api/me/looks")).json()["looks"][0]
    assert look["by"]["name"] == "Payroll"
    assert look["client"]
    assert look["at"] == seen.json()["looked_at"]


async def test_client_may_nothing_beyond_its_teams_and_scopes(admin: Browser, open_browser: Open, cast: Cast) -> None:
    program = open_browser()
    token = await token_of(program, await make(admin))

    stranger = await read(program, token, f"/api/v1/people/{cast.charlie.id}/now")
    team = await read(program, token, f"/api/v1/people?team={cast.support}")
    nobody = await read(program, token, "/api/v1/people/999999/now")

    assert stranger.status_code == team.status_code == nobody.status_code == 404
    assert stranger.json()["title"] == nobody.json()["title"]
    rows = await Audit.select().where(Audit.action == "denied").order_by(Audit.id).output(load_json=True)
    assert [(row["actor"], row["client"], row["subject"], row["team"]) for row in rows] == [
        (None, 1, cast.charlie.id, None),
        (None, 1, None, cast.support),
    ]
    narrow = await token_of(program, await make(admin, ["teams:read"]))
    assert (await read(program, narrow, "/api/v1/teams")).status_code == 200
    lacking = await read(program, narrow, "/api/v1/people")
    assert lacking.status_code == 403
    assert 'error="insufficient_scope"' in lacking.headers["www-authenticate"]


async def test_token_may_ask_for_less_than_the_client_has_and_not_for_more(admin: Browser, open_browser: Open) -> None:
    program, made = open_browser(), await make(admin, ["teams:read", "people:read"])

    less = await ask_token(program, made, scope="teams:read")
    more = await ask_token(program, made, scope="teams:read activity:read")

    assert less.json()["scope"] == "teams:read"
    assert (await read(program, less.json()["access_token"], "/api/v1/people")).status_code == 403
    assert (more.status_code, more.json()["error"]) == (400, "invalid_scope")


async def test_no_other_route_takes_a_token_and_cookies_beside_it_count_for_nothing(
    application: Any, admin: Browser, cast: Cast
) -> None:
    token = await token_of(admin, await make(admin))
    shown = {"authorization": f"Bearer {token}"}

    for method, path in [
        ("GET", "/api/me"), ("GET", "/api/clients"), ("GET", "/api/me/tokens"), ("GET", "/api/devices/all"), ("PUT", "/api/organisation"),
        ("POST", "/api/hours"), ("POST", "/api/me/totp"), ("POST", "/api/views"), ("GET", f"/api/people/{cast.bob.id}/now"),
    ]:  # fmt: skip
        answer = await admin.request(method, path, headers=shown, json={"people": []} if path == "/api/hours" else None)
        assert answer.status_code in {401, 403}, path
        assert "CSRF" not in answer.text
    await admin.delete("/api/session", headers=shown)
    assert (await admin.get("/api/me")).status_code == 200


@pytest.mark.parametrize("by_header", [True, False])
async def test_client_says_who_it_is_by_header_or_body(admin: Browser, open_browser: Open, by_header: bool) -> None:
    program, made = open_browser(), await make(admin)
    basic = base64.b64encode(f"{made['client']['client_id']}:{made['secret']}".encode()).decode()
    grant = {"grant_type": "client_credentials"}

    if by_header:
        answer = await program.post("/api/oauth/token", data=grant, headers={"authorization": f"Basic {basic}"})
    else:
        answer = await ask_token(program, made)

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() | {"access_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": TOKEN_S,
        "scope": "activity:read people:read teams:read",
    }


@pytest.mark.parametrize(
    ("form", "header", "status", "error"),
    [
        ({"grant_type": "password"}, None, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "client_secret": "wrong"}, None, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "nobody"}, None, 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, "Basic AAAA", 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, b"Basic \xff", 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, "Basic YTpi", 400, "invalid_request"),
    ],
)
async def test_refusals_are_those_of_oauth(
    admin: Browser, open_browser: Open, form: dict[str, str], header: str | bytes | None, status: int, error: str
) -> None:
    made = await make(admin)
    given = {"client_id": made["client"]["client_id"], "client_secret": made["secret"], **form}
    if header in {"Basic AAAA", b"Basic \xff"}:
        del given["client_secret"]

    answer = await open_browser().post(
        "/api/oauth/token", data=given, headers={"authorization": header} if header else {}
    )

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert ("www-authenticate" in answer.headers) == (status == 401)


async def test_guesses_at_secrets_are_counted(admin: Browser, open_browser: Open) -> None:
    made, guesser = await make(admin), open_browser("203.0.113.9")

    answers = [(await ask_token(guesser, made, secret="dls_wrong")).status_code for _ in range(22)]

    assert set(answers[:20]) == {401}
    assert answers[-1] == 429
    assert (await ask_token(open_browser("203.0.113.10"), made)).status_code == 200


async def test_while_a_secret_is_rotated_two_serve(admin: Browser, open_browser: Open) -> None:
    program, made = open_browser(), await make(admin)
    path = f"/api/clients/{made['client']['id']}/secret"

    second = (await admin.change("POST", path)).json()
    both = [(await ask_token(program, made, secret=each)).status_code for each in (made["secret"], second["secret"])]
    third = (await admin.change("POST", path)).json()
    after = [
        (await ask_token(program, made, secret=each)).status_code
        for each in (made["secret"], second["secret"], third["secret"])
    ]
    await ClientSecret.raw("UPDATE client_secret SET ends_at = ends_at - {}::interval", ROTATION)

    assert both == [200, 200]
    assert after == [401, 200, 200]
    assert len(third["client"]["secrets"]) == 2
    assert (await ask_token(program, made, secret=second["secret"])).status_code == 401
    assert (await ask_token(program, made, secret=third["secret"])).status_code == 200


async def test_disabled_client_and_its_tokens_are_worthless_at_once(admin: Browser, open_browser: Open) -> None:
    program, made = open_browser(), await make(admin)
    token = await token_of(program, made)
    assert (await read(program, token, "/api/v1/teams")).status_code == 200

    await admin.change("DELETE", f"/api/clients/{made['client']['id']}")

    refused = await read(program, token, "/api/v1/teams")
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]
    assert (await ask_token(program, made)).status_code == 401
    assert (await admin.change("POST", f"/api/clients/{made['client']['id']}/secret")).status_code == 404


async def test_fewer_scopes_of_a_client_hold_for_tokens_that_it_has(admin: Browser, open_browser: Open) -> None:
    program, made = open_browser(), await make(admin)
    token = await token_of(program, made)
    fewer = {"name": "Payroll", "scopes": ["teams:read"], "teams": [Cast.payments_api], "version": 1}

    changed = await admin.change("PUT", f"/api/clients/{made['client']['id']}", json=fewer)

    assert changed.status_code == 200
    assert (await read(program, token, "/api/v1/people")).status_code == 403
    assert [team["id"] for team in (await read(program, token, "/api/v1/teams")).json()["teams"]] == [Cast.payments_api]


async def test_second_of_two_admins_who_change_a_client_is_told(admin: Browser, open_browser: Open) -> None:
    made = await make(admin)
    path = f"/api/clients/{made['client']['id']}"
    first = {
        "name": "Payroll",
        "scopes": ["teams:read"],
        "teams": [Cast.payments],
        "version": made["client"]["version"],
    }

    saved = await admin.change("PUT", path, json=first)
    second = await admin.change("PUT", path, json=first | {"name": "Wages"})
    same = await admin.change("PUT", path, json=first)

    assert (saved.status_code, second.status_code, same.status_code) == (200, 409, 200)
    assert [row["name"] for row in (await admin.get("/api/clients")).json()] == ["Payroll"]


@pytest.mark.parametrize(
    "what", ["key", "none", "algorithm", "issuer", "audience", "expired", "kind", "jti", "unknown", "garbage", "cut"]
)
async def test_forged_token_is_refused(admin: Browser, settings: Settings, open_browser: Open, what: str) -> None:
    made = await make(admin)
    now = datetime.now(UTC)
    good = sign(settings, made["client"]["client_id"], "teams:read", now)
    key = OctKey.import_key(sealed.key(settings.secret, "access token"))
    claims = jwt.decode(good, key, algorithms=["HS256"]).claims
    header = {"alg": "HS256", "typ": "at+jwt"}

    def signed(with_key: OctKey = key, head: dict[str, str] = header, **other: Any) -> str:
        kept = {name: value for name, value in {**claims, **other}.items() if value is not None}
        return jwt.encode(head, kept, with_key, algorithms=[head["alg"]])

    def unsigned() -> str:
        parts = (
            base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
            for part in ({"alg": "none"}, claims)
        )
        return ".".join([*parts, ""])

    forged = {
        "key": lambda: signed(OctKey.import_key(sealed.key("another secret", "access token"))),
        "none": unsigned,
        "algorithm": lambda: signed(head={"alg": "HS512", "typ": "at+jwt"}),
        "issuer": lambda: signed(iss="https://elsewhere.example"),
        "audience": lambda: signed(aud="https://elsewhere.example/api"),
        "expired": lambda: sign(settings, claims["sub"], "teams:read", now - timedelta(seconds=TOKEN_S + 1)),
        "kind": lambda: signed(head={"alg": "HS256", "typ": "JWT"}),
        "jti": lambda: signed(jti=None),
        "unknown": lambda: signed(sub="00000000-0000-0000-0000-000000000001"),
        "garbage": lambda: "ey.ey.ey",
        "cut": lambda: good[:-4],
    }[what]()

    assert (await read(open_browser(), good, "/api/v1/teams")).status_code == 200
    assert (await read(open_browser(), forged, "/api/v1/teams")).status_code == 401


async def test_only_admins_who_have_just_proved_who_they_are_make_clients(
    admin: Browser, open_browser: Open, cast: Cast
) -> None:
    form = {"name": "Payroll", "scopes": ALL, "teams": [Cast.payments]}
    async with connection() as held:
        await held.execute("UPDATE sign_in SET proved_at = now() - interval '11 minutes'")

    stale = await admin.change("POST", "/api/clients", json=form)

    ended = await admin.change("DELETE", "/api/clients/1")

    assert (stale.status_code, stale.json()["code"]) == (403, "fresh_proof")
    assert (ended.status_code, ended.json()["code"]) == (403, "fresh_proof")
    assert (await admin.get("/api/clients")).json() == []


async def test_no_secret_is_kept_or_told_again(admin: Browser, open_browser: Open, cast: Cast) -> None:
    program, made = open_browser(), await make(admin)
    token = await token_of(program, made)
    mine = (await admin.change("POST", "/api/me/tokens", json={"name": "Mine", "scopes": ALL, "days": 30})).json()

    kept = str([await table.select() for table in (Audit, ClientSecret, PersonalToken)])
    told = (await admin.get("/api/clients")).text + (await admin.get("/api/me/tokens")).text

    for secret in (made["secret"], mine["secret"], token):
        assert secret not in kept
        assert secret not in told


# --- tokens of people


async def token_for(open_browser: Open, person: Any, scopes: list[str] = ALL) -> tuple[Browser, dict[str, Any]]:
    browser = open_browser()
    await browser.sign_in(person)
    answer = await browser.change("POST", "/api/me/tokens", json={"name": "Script", "scopes": scopes, "days": 30})
    assert answer.status_code == 201, answer.text
    return browser, answer.json()


async def test_token_of_a_person_may_what_they_may_as_far_as_its_scopes_go(open_browser: Open, cast: Cast) -> None:
    browser, made = await token_for(open_browser, cast.alice, ["people:read", "activity:read"])
    program = open_browser()

    seen = await read(program, made["secret"], "/api/v1/people")

    assert [person["id"] for person in seen.json()["people"]] == [cast.alice.id, cast.bea.id, cast.bob.id]
    assert (await read(program, made["secret"], "/api/v1/teams")).status_code == 403
    assert (await read(program, made["secret"], f"/api/v1/people/{cast.charlie.id}/now")).status_code == 404
    assert (await read(program, made["secret"], f"/api/v1/people/{cast.bob.id}/now")).status_code == 200
    await people.revoke(cast.alice.id, "manager", cast.payments)
    assert (await read(program, made["secret"], "/api/v1/people")).json()["people"] == []
    row = (await browser.get("/api/me/tokens")).json()[0]
    assert row["last_used_at"]
    assert row["ends_with"] == made["secret"][-4:]


@pytest.mark.parametrize("end", ["revoked", "expired", "deactivated"])
async def test_token_of_a_person_ends(open_browser: Open, cast: Cast, end: str) -> None:
    browser, made = await token_for(open_browser, cast.alice)
    program = open_browser()
    assert (await read(program, made["secret"], "/api/v1/teams")).status_code == 200

    match end:
        case "revoked":
            assert (await browser.change("DELETE", f"/api/me/tokens/{made['token']['id']}")).status_code == 204
        case "expired":
            await PersonalToken.raw("UPDATE personal_token SET expires_at = now()")
        case "deactivated":
            await people.deactivate(cast.alice.id)

    assert (await read(program, made["secret"], "/api/v1/teams")).status_code == 401


async def test_nobody_else_revokes_a_token(open_browser: Open, cast: Cast, admin: Browser) -> None:
    _, made = await token_for(open_browser, cast.alice)

    answer = await admin.change("DELETE", f"/api/me/tokens/{made['token']['id']}")

    assert answer.status_code == 404
    assert (await read(open_browser(), made["secret"], "/api/v1/teams")).status_code == 200


# --- pages


async def test_pages_go_on_where_the_one_before_ended_whoever_comes_meanwhile(open_browser: Open, cast: Cast) -> None:
    _, made = await token_for(open_browser, cast.alma)
    program = open_browser()

    first = (await read(program, made["secret"], "/api/v1/people?limit=3")).json()
    await people.add_person("aaron@halden.example", "Aaron Adams", team=cast.payments)
    names = [person["name"] for person in first["people"]]
    while first["next"]:
        first = (await read(program, made["secret"], f"/api/v1/people?limit=3&cursor={first['next']}")).json()
        names += [person["name"] for person in first["people"]]

    everybody = await Person.raw(
        'SELECT name FROM person JOIN membership ON person = person.id AND until_at IS NULL ORDER BY folded COLLATE "C"'
    )
    assert names == [row["name"] for row in everybody if row["name"] != "Aaron Adams"]


@pytest.mark.parametrize("cursor", ["x", "e30=", "W10=", "WyJhIiwtMV0="])
async def test_cursor_that_is_not_ours_is_refused(open_browser: Open, cast: Cast, cursor: str) -> None:
    _, made = await token_for(open_browser, cast.alice)

    answer = await read(open_browser(), made["secret"], f"/api/v1/people?cursor={cursor}")

    assert (answer.status_code, answer.json()["field"]) == (400, "cursor")


async def test_people_are_filtered_by_team_and_name(open_browser: Open, cast: Cast) -> None:
    _, made = await token_for(open_browser, cast.alice)
    program = open_browser()

    by_team = (await read(program, made["secret"], f"/api/v1/people?team={cast.payments_api}")).json()["people"]
    by_name = (await read(program, made["secret"], "/api/v1/people?find=br\u00e4ndt")).json()["people"]

    assert [person["id"] for person in by_team] == [cast.bea.id]
    assert [person["id"] for person in by_name] == [cast.bob.id]


async def test_removed_team_is_in_no_list(open_browser: Open, cast: Cast, admin: Browser) -> None:
    team = (await admin.change("POST", "/api/teams", json={"name": "Cards", "parent": Cast.payments})).json()["id"]
    program, made = await token_for(open_browser, cast.alice)
    before = (await read(program, made["secret"], "/api/v1/teams")).json()["teams"]
    await admin.change("DELETE", f"/api/teams/{team}")

    after = (await read(program, made["secret"], "/api/v1/teams")).json()["teams"]

    assert [row["name"] for row in before if row not in after] == ["Cards"]


assert clients.PREFIX not in SECRET
