"""The whole cast against every route and every message of the sockets.

The list is the application's own: a route or a message that is new fails here until it is said who may use it. Whoever may not gets the
answer that something gets which does not exist, to the letter, and the try is in the audit.
"""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, get_args

import httpx
import msgspec
import pytest
from litestar.routes import HTTPRoute, WebSocketRoute

from hub.app import Hub, create
from hub.auth import clients, tokens
from hub.database import connection
from hub.feed.memory import MemoryFeed
from hub.settings import Settings
from hub.tables import Audit, EnrolmentCode, EnrolmentRequest, Passkey, PeopleImport, SavedView, SignIn, Team
from hub.wire.activity import Facts
from hub.wire.agent import Batch, FromAgent, Heartbeat, Hello, Loss, Presence, Renew
from hub.wire.closing import Close
from hub.wire.viewer import FromViewer, Subscribe, Teams, ViewerAck

from .conftest import PASSWORD, Browser, Cast
from .live import Running, dialled, minute, running, signed_in, viewing

EVERYBODY = {"alice", "bob", "bea", "charlie", "maxim", "dora", "alma", "audrey", "rita", "remy"}
"""Who can sign in. `gone` was deactivated, and `nobody` has never signed in."""
OUT = {"gone", "nobody"}
ADMINS = {"dora", "alma"}
SEE_BOB = {"alice", "bob", "alma"}
AUDITORS = {"audrey", "remy"}
GUARDS = ADMINS | AUDITORS
BOBS_DEVICE = "00000000-0000-0000-0000-000000000002"
BOBS_SESSION = "00000000-0000-0000-0000-0000000000b0"
NO_DEVICE = "00000000-0000-0000-0000-0000000000ff"
IMPORT = "/api/people/imports/00000000-0000-0000-0000-0000000000aa"
NO_IMPORT = "/api/people/imports/00000000-0000-0000-0000-0000000000ff"
ROLL_OUT = "00000000-0000-0000-0000-0000000000c0"
ASKED = "00000000-0000-0000-0000-0000000000a5"
NO_ID = 2**31 - 1
ALL = list(range(1, 12))


class Try(NamedTuple):
    """One address and what may be done there: `allowed` get `done`, all others 404 and a row in the audit that says what they wanted."""

    path: str
    allowed: set[str]
    done: int = 200
    wanted: str | None = None
    body: Any = None
    missing: str | None = None
    """The same route, asked for something that does not exist."""
    again: int | None = None
    """What is answered once the first of those who may has done it."""
    people: Callable[[Any], set[int]] | None = None
    """Reads whom the answer tells of."""
    told: dict[str, set[int]] = {}  # noqa: RUF012
    """Whom it may tell each of, for who is told of anybody."""


def own(path: str, done: int = 200, body: Any = None) -> Try:
    return Try(path, EVERYBODY, done, body=body)


def admin(path: str, done: int = 200, body: Any = None, wanted: str = "configure", again: int | None = None) -> Try:
    return Try(path, ADMINS, done, wanted, body, again=again)


SEEN = {
    name: {number}
    for name, number in {"bob": 2, "bea": 3, "charlie": 4, "dora": 6, "audrey": 8, "rita": 9, "remy": 11}.items()
}
SEEN |= {"alice": {1, 2, 3}, "maxim": {4, 5, 9}, "alma": {1, 2, 3, 4, 5, 7, 8, 9}}
"""Everybody sees themselves, managers those who are at home in their teams now."""
WEEK = {"name": "Halden", "zone": "Europe/Berlin", "expected_min": [450] * 7, "version": 1}
ME = {"name": "Me", "zone": "UTC", "locale": None, "working_hours": None, "version": 1}
BOB = ME | {"name": "Bob B.", "email": "bob@halden.example", "zone": "Europe/Oslo", "locale": "ar"}
CARDS = {"name": "Cards", "parent": 2, "version": 1}
EMPTY, AWAY = 5, 6
"""Teams that nobody is in; the second has been removed."""
CLIENT = {"name": "Payroll {n}", "scopes": ["teams:read"], "teams": [2]}
VIEW = {"name": "Mine {n}", "query": "team=2"}
TRIES: dict[tuple[str, str], list[Try]] = {
    ("GET", "/api/me"): [own("/api/me")],
    ("GET", "/api/me/looks"): [own("/api/me/looks")],
    ("GET", "/api/me/export"): [own("/api/me/export")],
    ("GET", "/api/me/pause"): [own("/api/me/pause")],
    ("PUT", "/api/me/pause"): [own("/api/me/pause", body={"kind": "break"})],
    ("DELETE", "/api/me/pause"): [own("/api/me/pause", 204)],
    ("PUT", "/api/me/work"): [own("/api/me/work")],
    ("DELETE", "/api/me/work"): [own("/api/me/work", 204)],
    ("POST", "/api/session/proof"): [own("/api/session/proof", 204, {"password": PASSWORD})],
    ("GET", "/api/me/factors"): [own("/api/me/factors")],
    ("POST", "/api/me/totp"): [own("/api/me/totp", 201)],
    ("POST", "/api/me/totp/confirm"): [own("/api/me/totp/confirm", 400, {"code": "000000"})],
    ("DELETE", "/api/me/totp"): [own("/api/me/totp", 204)],
    ("POST", "/api/me/recovery-codes"): [own("/api/me/recovery-codes", 201)],
    ("POST", "/api/session/proof/passkey"): [own("/api/session/proof/passkey", 400, {"credential": {}})],
    ("POST", "/api/session/proof/sign-on"): [own("/api/session/proof/sign-on", 404, {})],  # no provider is set up
    ("POST", "/api/me/identity"): [own("/api/me/identity", 404)],
    ("DELETE", "/api/me/identity"): [own("/api/me/identity", 204)],
    ("POST", "/api/me/passkeys/options"): [own("/api/me/passkeys/options", 201)],
    ("POST", "/api/me/passkeys"): [own("/api/me/passkeys", 400, {"credential": {}, "name": "Mine"})],
    ("DELETE", "/api/me/passkeys/{passkey:int}"): [
        Try("/api/me/passkeys/1", {"bob"}, 204, "keep_account", missing=f"/api/me/passkeys/{NO_ID}")
    ],
    ("GET", "/api/me/profile"): [own("/api/me/profile")],
    ("PUT", "/api/me/profile"): [own("/api/me/profile", body=ME)],
    ("GET", "/api/me/sessions"): [own("/api/me/sessions")],
    ("DELETE", "/api/me/sessions"): [own("/api/me/sessions", 204)],
    ("DELETE", "/api/me/sessions/{session:uuid}"): [
        Try(f"/api/me/sessions/{BOBS_SESSION}", {"bob"}, 204, "keep_account", missing=f"/api/me/sessions/{NO_DEVICE}")
    ],
    ("DELETE", "/api/people/{person:int}/sessions"): [
        Try("/api/people/10/sessions", ADMINS, 204, "end_sessions", missing=f"/api/people/{NO_ID}/sessions")
    ],
    ("DELETE", "/api/people/{person:int}/factors"): [
        Try("/api/people/10/factors", ADMINS, 204, "reset_factor", missing=f"/api/people/{NO_ID}/factors"),
        Try("/api/people/6/factors", {"alma"}, 204, "reset_factor"),
    ],
    ("GET", "/api/organisation/factors"): [admin("/api/organisation/factors")],
    ("PUT", "/api/organisation/factors"): [admin("/api/organisation/factors", body={"roles": [], "version": 1})],
    ("PUT", "/api/me/password"): [own("/api/me/password", 400, {"password": "another long one", "current": "wrong"})],
    ("POST", "/api/devices/code"): [own("/api/devices/code", 201)],
    ("GET", "/api/devices"): [
        own("/api/devices")._replace(
            people=lambda answer: {row["person"] for row in answer},
            told={"alice": {1}, "bob": {2}, "bea": {3}, "charlie": {4}, "maxim": {5}, "rita": {9}},
        )
    ],
    ("GET", "/api/devices/all"): [admin("/api/devices/all", wanted="see_devices")],
    ("GET", "/api/devices/codes"): [admin("/api/devices/codes")],
    ("POST", "/api/devices/codes"): [admin("/api/devices/codes", 201, {"label": "Lab", "uses": 3, "days": 2})],
    ("DELETE", "/api/devices/codes/{code:uuid}"): [
        Try(f"/api/devices/codes/{ROLL_OUT}", ADMINS, 204, "configure", missing=f"/api/devices/codes/{NO_DEVICE}", again=404)
    ],
    ("GET", "/api/devices/asking"): [own("/api/devices/asking")],
    ("POST", "/api/devices/asking"): [own("/api/devices/asking", 400, {"confirmation": "ABCD-EFGH"})],
    ("PUT", "/api/devices/asking/{asked:uuid}"): [
        Try(
            f"/api/devices/asking/{ASKED}", {"bob"}, 200, "enrol_own_device", {"mine": False},
            missing=f"/api/devices/asking/{NO_DEVICE}"
        )
    ],
    ("GET", "/api/devices/{device:uuid}"): [
        Try(f"/api/devices/{BOBS_DEVICE}", {"bob"} | ADMINS, wanted="see_devices", missing=f"/api/devices/{NO_DEVICE}")
    ],
    ("PUT", "/api/devices/{device:uuid}"): [
        Try(
            f"/api/devices/{BOBS_DEVICE}", {"bob"} | ADMINS, 200, "keep_device", {"name": "Desk {n}"},
            missing=f"/api/devices/{NO_DEVICE}"
        )
    ],
    ("POST", "/api/devices/{device:uuid}/code"): [
        Try(
            f"/api/devices/{BOBS_DEVICE}/code", {"bob"} | ADMINS, 201, "keep_device",
            missing=f"/api/devices/{NO_DEVICE}/code"
        )
    ],
    ("DELETE", "/api/devices/{device:uuid}"): [
        Try(
            f"/api/devices/{BOBS_DEVICE}", {"bob"} | ADMINS, 204, "revoke_device", missing=f"/api/devices/{NO_DEVICE}"
        )
    ],
    ("PUT", "/api/organisation"): [admin("/api/organisation", body=WEEK)],
    ("POST", "/api/organisation/set-up"): [admin("/api/organisation/set-up", 204)],
    ("GET", "/api/audit"): [Try("/api/audit", AUDITORS, wanted="read_audit")],
    ("GET", "/api/audit/chain"): [Try("/api/audit/chain", AUDITORS, wanted="read_audit")],
    ("POST", "/api/audit/chain/check"): [Try("/api/audit/chain/check", AUDITORS, 202, "read_audit")],
    ("GET", "/api/audit/export"): [Try("/api/audit/export", AUDITORS, wanted="read_audit")],
    ("POST", "/api/exports"): [
        Try("/api/exports", AUDITORS, 204, "read_audit", {"of": "audit"}),
        admin("/api/exports", 204, {"of": "people"}, "keep_people"),
        admin("/api/exports", 204, {"of": "devices"}, "see_devices"),
    ],
    ("GET", "/api/papers/dpia.pdf"): [Try("/api/papers/dpia.pdf", GUARDS, wanted="see_papers")],
    ("GET", "/api/papers/works-council.pdf"): [Try("/api/papers/works-council.pdf", GUARDS, wanted="see_papers")],
    ("GET", "/api/security"): [Try("/api/security", GUARDS, wanted="see_security")],
    ("GET", "/api/security/refusals"): [Try("/api/security/refusals", GUARDS, wanted="see_security")],
    ("GET", "/api/zones"): [own("/api/zones")],
    ("GET", "/api/people"): [admin("/api/people?state=all", wanted="keep_people")],
    ("POST", "/api/people"): [admin("/api/people", 201, {"name": "New", "email": "new{n}@halden.example"}, "keep_people")],
    ("GET", "/api/people/{person:int}/mentions"): [
        Try("/api/people/2/mentions", ADMINS, 200, "erase_person", missing=f"/api/people/{NO_ID}/mentions")
    ],
    ("POST", "/api/people/{person:int}/erasure"): [
        Try(
            "/api/people/10/erasure", ADMINS, 200, "erase_person", {"name": "Gone Chen"}, missing=f"/api/people/{NO_ID}/erasure",
            again=404
        )
    ],
    ("GET", "/api/people/{person:int}"): [
        Try("/api/people/2", ADMINS, wanted="keep_people", missing=f"/api/people/{NO_ID}")
    ],
    ("PUT", "/api/people/{person:int}"): [
        Try("/api/people/2", ADMINS, wanted="keep_people", body=BOB, missing=f"/api/people/{NO_ID}")
    ],
    ("POST", "/api/people/move"): [
        admin("/api/people/move", 204, {"moves": [{"person": 2, "out_of": 2, "into": 4}]}, "keep_people")
    ],
    ("POST", "/api/people/deactivate"): [admin("/api/people/deactivate", 204, {"people": [2]}, "keep_people")],
    ("POST", "/api/people/reactivate"): [admin("/api/people/reactivate", 204, {"people": [2]}, "keep_people")],
    ("POST", "/api/people/invite"): [admin("/api/people/invite", body={"people": [2]}, wanted="keep_people")],
    ("POST", "/api/people/withdraw"): [admin("/api/people/withdraw", 204, {"people": [2]}, "keep_people")],
    ("POST", "/api/people/{person:int}/roles"): [
        Try(
            "/api/people/2/roles", ADMINS, wanted="keep_people", body={"role": "auditor"},
            missing=f"/api/people/{NO_ID}/roles"
        )
    ],
    ("DELETE", "/api/people/{person:int}/roles/{role:str}"): [
        Try(
            "/api/people/8/roles/auditor", ADMINS, wanted="keep_people", missing=f"/api/people/{NO_ID}/roles/auditor"
        )
    ],
    ("GET", "/api/teams"): [admin("/api/teams", wanted="keep_teams")],
    ("POST", "/api/teams"): [
        admin("/api/teams", 201, {"name": "Team {n}", "join": False, "manage": False}, "keep_teams")
    ],
    ("PUT", "/api/teams/{team:int}"): [
        Try("/api/teams/3", ADMINS, wanted="keep_teams", body=CARDS, missing=f"/api/teams/{NO_ID}")
    ],
    ("DELETE", "/api/teams/{team:int}"): [
        Try(f"/api/teams/{EMPTY}", ADMINS, 204, "keep_teams", missing=f"/api/teams/{NO_ID}", again=404)
    ],
    ("POST", "/api/teams/{team:int}/restore"): [
        Try(f"/api/teams/{AWAY}/restore", ADMINS, 204, "keep_teams", missing=f"/api/teams/{NO_ID}/restore", again=404)
    ],
    ("GET", "/api/directory"): [
        own("/api/directory")._replace(
            people=lambda answer: {person["id"] for person in answer["people"]},
            told=SEEN,
        )
    ],
    ("GET", "/api/people/{person:int}/now"): [
        Try(
            "/api/people/2/now", SEE_BOB, wanted="see_activity", missing=f"/api/people/{NO_ID}/now"
        ),
        Try("/api/people/6/now", {"dora"}, wanted="see_activity", missing=f"/api/people/{NO_ID}/now"),
    ],
    ("POST", "/api/hours"): [
        own("/api/hours", body={"people": ALL})._replace(
            wanted="see_presence",
            people=lambda answer: {int(person) for person in answer["hours"]},
            told=SEEN,
        )
    ],
    ("GET", "/api/views"): [own("/api/views")],
    ("POST", "/api/views"): [own("/api/views", 201, VIEW)],
    ("PUT", "/api/views/{view:int}"): [
        Try("/api/views/1", {"bob"}, wanted="keep_views", body=VIEW, missing=f"/api/views/{NO_ID}")
    ],
    ("DELETE", "/api/views/{view:int}"): [
        Try("/api/views/1", {"bob"}, 204, "keep_views", missing=f"/api/views/{NO_ID}")
    ],
    ("GET", "/api/mail"): [admin("/api/mail")],
    ("POST", "/api/mail/test"): [admin("/api/mail/test", 400)],  # no mail server is set up
    ("POST", "/api/mail/{mail_id:int}/again"): [admin("/api/mail/1/again", 400)],
    ("POST", "/api/people/imports"): [admin("/api/people/imports", 400)],  # an empty file
    ("GET", "/api/people/imports/{preview:uuid}"): [Try(IMPORT, {"dora"}, wanted="configure", missing=NO_IMPORT)],
    ("PUT", "/api/people/imports/{preview:uuid}"): [
        Try(IMPORT, {"dora"}, wanted="configure", body={"make_teams": True}, missing=NO_IMPORT)
    ],
    ("POST", "/api/people/imports/{preview:uuid}/done"): [  # there is nothing to do
        Try(f"{IMPORT}/done", {"dora"}, 400, "configure", {"version": 1, "leave_out_bad": False}, f"{NO_IMPORT}/done")
    ],
    ("DELETE", "/api/people/imports/{preview:uuid}"): [
        Try(IMPORT, {"dora"}, 204, "configure", missing=NO_IMPORT)
    ],
    ("GET", "/api/people/{person:int}/link"): [
        Try("/api/people/2/link", ADMINS, wanted="give_link", missing=f"/api/people/{NO_ID}/link")
    ],
    ("POST", "/api/people/{person:int}/link"): [
        Try("/api/people/2/link", ADMINS, 201, "give_link", body={}, missing=f"/api/people/{NO_ID}/link")
    ],
    ("DELETE", "/api/people/{person:int}/link"): [
        Try("/api/people/2/link", ADMINS, 204, "give_link", missing=f"/api/people/{NO_ID}/link")
    ],
}  # fmt: skip
TRIES |= {
    ("GET", "/api/clients"): [admin("/api/clients")],
    ("POST", "/api/clients"): [admin("/api/clients", 201, CLIENT)],
    ("PUT", "/api/clients/{client:int}"): [admin("/api/clients/1", body=CLIENT | {"version": 1}, again=409)],
    ("POST", "/api/clients/{client:int}/secret"): [admin("/api/clients/1/secret", 201)],
    ("DELETE", "/api/clients/{client:int}"): [admin("/api/clients/1", 204)],
    ("GET", "/api/me/tokens"): [own("/api/me/tokens")],
    ("POST", "/api/me/tokens"): [own("/api/me/tokens", 201, {"name": "Mine", "scopes": ["teams:read"], "days": 1})],
    ("DELETE", "/api/me/tokens/{token:int}"): [
        Try("/api/me/tokens/1", {"bob"}, 204, "keep_account", missing=f"/api/me/tokens/{NO_ID}")
    ],
    ("GET", "/api/v1/teams"): [own("/api/v1/teams")],
    ("GET", "/api/v1/people"): [
        own("/api/v1/people")._replace(
            people=lambda answer: {person["id"] for person in answer["people"]},
            told={name: seen for name, seen in SEEN.items() if name in {"alice", "maxim"}} | {"alma": SEEN["alma"] - {7}},
        )
    ],
    ("GET", "/api/v1/people/{person:int}/now"): [
        Try("/api/v1/people/2/now", SEE_BOB, wanted="see_activity", missing=f"/api/v1/people/{NO_ID}/now"),
    ],
}  # fmt: skip
POLICY = {"scope": "organisation", "policy": {"idle_limit_s": 600}}
CEILING = {"ceiling": {"app": True}, "version": 0, "reason": "Enough"}
TRIES |= {
    ("GET", "/api/policies"): [Try("/api/policies", ADMINS | {"remy"}, wanted="see_policies")],
    ("GET", "/api/policies/history"): [Try("/api/policies/history", ADMINS | {"remy"}, wanted="see_policies")],
    ("POST", "/api/policies/preview"): [admin("/api/policies/preview", body=POLICY, wanted="keep_policies")],
    ("PUT", "/api/policies"): [
        admin("/api/policies", body=POLICY | {"version": 0, "reason": "More time"}, wanted="keep_policies", again=409)
    ],
    ("POST", "/api/policies/ceiling/preview"): [
        Try("/api/policies/ceiling/preview", ADMINS | {"remy"}, 200, "see_policies", {"app": True})
    ],
    ("PUT", "/api/policies/ceiling"): [admin("/api/policies/ceiling", body=CEILING, wanted="keep_policies")],
    ("POST", "/api/policies/ceiling/{proposal:int}/signature"): [  # nothing is proposed
        Try("/api/policies/ceiling/1/signature", {"remy"}, 404, "sign_ceiling", {"sign": True})
    ],
    ("DELETE", "/api/policies/ceiling/{proposal:int}"): [admin("/api/policies/ceiling/1", 404, wanted="keep_policies")],
    ("GET", "/api/me/policy"): [own("/api/me/policy")],
    ("POST", "/api/me/policy/acknowledgement"): [own("/api/me/policy/acknowledgement", 404, {"number": 1})],
}  # fmt: skip
WHY = {"reason": "It is so"}
NOBODYS = f"/api/people/{NO_ID}"
TRIES |= {
    ("GET", "/api/me/rights"): [own("/api/me/rights")],
    ("POST", "/api/me/requests"): [own("/api/me/requests", 201, {"kind": "restrict"})],
    ("DELETE", "/api/me/requests/{asked:int}"): [
        Try("/api/me/requests/1", {"bob"}, 200, "keep_account", missing=f"/api/me/requests/{NO_ID}")
    ],
    ("GET", "/api/requests"): [admin("/api/requests", wanted="keep_rights")],
    ("POST", "/api/requests/{asked:int}/answer"): [
        Try(
            "/api/requests/1/answer", ADMINS, 200, "keep_rights", WHY | {"accept": False}, missing=f"/api/requests/{NO_ID}/answer",
            again=409
        )
    ],
    ("POST", "/api/requests/{asked:int}/extension"): [
        Try(
            "/api/requests/1/extension", ADMINS, 200, "keep_rights",
            WHY | {"due_on": str(datetime.now(UTC).date() + timedelta(days=30))}, missing=f"/api/requests/{NO_ID}/extension", again=409
        )
    ],
    ("PUT", "/api/people/{person:int}/hold"): [
        Try("/api/people/2/hold", ADMINS, 204, "keep_rights", WHY, missing=f"{NOBODYS}/hold", again=409)
    ],
    ("POST", "/api/people/{person:int}/hold/lift"): [
        Try("/api/people/4/hold/lift", ADMINS, 204, "keep_rights", WHY, missing=f"{NOBODYS}/hold/lift", again=404)
    ],
    ("POST", "/api/people/{person:int}/restriction/lift"): [
        Try("/api/people/2/restriction/lift", ADMINS, 204, "keep_rights", WHY, missing=f"{NOBODYS}/restriction/lift")
    ],
}  # fmt: skip
OPEN = {
    ("POST", "/api/session"): "signing in (test_login.py)",
    ("POST", "/api/session/second-step"): "for a half-open sign-in only (test_second_step.py)",
    ("POST", "/api/session/passkey/options"): "signing in (test_passkeys.py)",
    ("POST", "/api/session/passkey"): "signing in (test_passkeys.py)",
    ("DELETE", "/api/session"): "signing out: nobody needs to be signed in for that",
    ("POST", "/api/password/forgotten"): "for who can't sign in (test_links.py)",
    ("POST", "/api/link"): "proved by a signed link (test_links.py)",
    ("POST", "/api/link/password"): "proved by a signed link (test_links.py)",
    ("GET", "/api/sign-on"): "the sign-in page's: which other ways there are",
    ("POST", "/api/sign-on"): "leads to the provider (test_sign_on.py)",
    ("GET", "/api/sign-on/callback"): "proved by the provider (test_sign_on.py)",
    ("POST", "/api/oauth/token"): "proved by a client's secret (test_clients.py)",
    ("POST", "/agent/v1/enrol/answer"): "asked by the number that only the computer knows (test_roll_out.py)",
    ("POST", "/agent/v1/enrol"): "proved by a one-time code (test_enrolment.py)",
    ("GET", "/health"): "for probes; tells nothing",
    ("GET", "/ready"): "for probes; tells that the hub is ready",
    ("GET", "/metrics"): "sums without names, which the proxy does not pass on (tests/deploy/test_proxy.py)",
    ("GET", "/"): "the page, the same for everybody",
    ("GET", "/{path:path}"): "the page's files",
    ("GET", "/api/docs"): "the contract as a page, which is public",
    ("GET", "/api/openapi.json"): "the contract, which is public",
    ("GET", "/api/openapi.json/{path:str}"): "the contract, which is public",
    ("GET", "/api/openapi.json/openapi.json"): "the contract, which is public",
}
"""Routes that anybody may ask, and why."""


async def test_every_route_is_tried_or_said_to_be_open(cast: Cast, settings: Settings) -> None:
    application = create(Hub(settings, MemoryFeed("one")))

    sockets = {route.path for route in application.routes if isinstance(route, WebSocketRoute)}
    routes = {
        (method, route.path)
        for route in application.routes
        if isinstance(route, HTTPRoute)
        for method in route.methods - {"OPTIONS"}
    }

    assert routes == set(TRIES) | set(OPEN)
    assert sockets == {"/live"}  # and the agents', which needs no sign-in: see below


@pytest.fixture
async def everybody(cast: Cast, open_browser: Callable[..., Browser]) -> dict[str, Browser]:
    """A browser for each of the cast, signed in; for `gone` with a session from before; and for `nobody`."""
    browsers = {"nobody": open_browser()}
    async with connection() as held:
        await held.execute("UPDATE person SET deactivated_at = NULL WHERE id = $1", cast.gone.id)
        for person in cast.people:
            browser = browsers[first_name(person.name)] = open_browser()
            assert (await browser.sign_in(person)).status_code == 201
        await held.execute("UPDATE person SET deactivated_at = now() WHERE id = $1", cast.gone.id)
    await Team.insert(
        Team(name="Empty", parent=Cast.halden), Team(name="Away", parent=Cast.halden, removed_at=Cast.left)
    )
    await clients.make(clients.ClientForm("Payroll", ["teams:read"], [Cast.payments]), cast.dora.id)
    await tokens.make(cast.bob.id, tokens.TokenForm("Bob's", ["teams:read"], 1))
    await SavedView.insert(SavedView(person=cast.bob.id, name="Bob's", query="team=2"))
    await SignIn.insert(SignIn(id=BOBS_SESSION, person=cast.bob.id))
    soon = datetime.now(UTC) + timedelta(minutes=9)
    await EnrolmentCode.insert(EnrolmentCode(code_hash=b"c", uses_left=3, expires_at=soon, roll_out=ROLL_OUT))
    await EnrolmentRequest.insert(
        EnrolmentRequest(
            id=ASKED, confirmation="1234-5678", code_hash=b"c", person=cast.bob.id, public_key=b"k", expires_at=soon
        )
    )
    owners = [cast.bob, *(person for person in cast.people if person is not cast.bob)]  # Bob's is the first
    await Passkey.insert(
        *(Passkey(person=owner.id, credential_id=owner.email.encode(), public_key=b"", name="x") for owner in owners)
    )
    async with connection() as held:
        await held.execute(
            "INSERT INTO person_request (person, kind, wrong, wanted, due_on) VALUES ($1, 'correct', 'a', 'b', current_date + 7)",
            cast.bob.id,
        )
        await held.execute("INSERT INTO legal_hold (person, reason) VALUES ($1, 'A trial')", cast.charlie.id)
    about, until = '{"source": {"kind": "csv"}, "ignored": []}', datetime.now(UTC) + timedelta(minutes=9)
    made = PeopleImport(id=IMPORT.rsplit("/", 1)[1], person=cast.dora.id, expires_at=until, source=about)
    await PeopleImport.insert(made)
    return browsers


def first_name(name: str) -> str:
    return name.split()[0].lower()


async def ask(browser: Browser, method: str, tried: Try, number: int, path: str | None = None) -> httpx.Response:
    body = tried.body
    if isinstance(body, dict):
        body = {key: value.format(n=number) if isinstance(value, str) else value for key, value in body.items()}
    return await browser.change(method, path or tried.path, json=body)


def seen_by_who_asks(answer: httpx.Response) -> tuple[Any, ...]:
    """All of an answer but the id that each request has of its own."""
    told = answer.json()
    given = told.pop("request_id")
    assert given == answer.headers["x-request-id"]
    kept = {name: value for name, value in answer.headers.items() if name not in {"x-request-id", "set-cookie"}}
    return answer.status_code, told, kept


async def last_row() -> int:
    return int((await Audit.raw("SELECT coalesce(max(id), 0) AS id FROM audit"))[0]["id"])


async def denied(after: int) -> set[tuple[int, str]]:
    """Who was refused what, in the rows after this one."""
    rows = await Audit.select().where(Audit.action == "denied", Audit.id > after).output(load_json=True)
    return {(row["actor"], row["detail"]["wanted"]) for row in rows}


READING = [tried for (method, _), tries in TRIES.items() if method == "GET" for tried in tries]
CHANGING = [(method, tried) for (method, _), tries in TRIES.items() if method != "GET" for tried in tries]


async def test_whole_cast_tries_to_read(cast: Cast, everybody: dict[str, Browser]) -> None:
    for tried in READING:
        await try_it("GET", tried, cast, everybody)


@pytest.mark.parametrize(
    ("method", "tried"),
    [pytest.param(method, tried, id=f"{method} {tried.path}") for method, tried in CHANGING],
)
async def test_whole_cast_tries_to_change(method: str, tried: Try, cast: Cast, everybody: dict[str, Browser]) -> None:
    await try_it(method, tried, cast, everybody)


async def try_it(method: str, tried: Try, cast: Cast, everybody: dict[str, Browser]) -> None:
    numbers = {first_name(person.name): person.id for person in cast.people} | {"nobody": 0}
    before = await last_row()

    for name in OUT:
        assert (await ask(everybody[name], method, tried, 0)).status_code == 401, (tried.path, name)
    assert await last_row() == before
    # Whoever may not hears so before they are asked to prove who they are: that is for who may.
    await SignIn.raw("UPDATE sign_in SET proved_at = now() - interval '11 minutes'")
    for name in EVERYBODY - tried.allowed:
        answer = await ask(everybody[name], method, tried, numbers[name])
        assert answer.status_code == 404, (tried.path, name)
        if tried.missing:
            none = await ask(everybody[name], method, tried, numbers[name], tried.missing)
            assert seen_by_who_asks(answer) == seen_by_who_asks(none), (tried.path, name)
    assert await denied(before) == {(numbers[name], tried.wanted) for name in EVERYBODY - tried.allowed}
    await SignIn.raw("UPDATE sign_in SET proved_at = now()")
    for place, name in enumerate(sorted(tried.allowed)):
        if tried.missing:
            assert (await ask(everybody[name], method, tried, numbers[name], tried.missing)).status_code == 404
        answer = await ask(everybody[name], method, tried, numbers[name])
        assert answer.status_code == (tried.again if place and tried.again else tried.done), (
            tried.path,
            name,
            answer.text,
        )
        if tried.people:
            assert tried.people(answer.json()) == tried.told.get(name, set()), (tried.path, name)


# --- the sockets


@pytest.fixture
async def hub(cast: Cast, settings: Settings) -> AsyncIterator[Running]:
    async with running(settings) as up:
        yield up


EVERY_TEAM = [Cast.halden, Cast.payments, Cast.payments_api, Cast.support, NO_ID]
TEAMS_OF = {
    "alice": {Cast.payments, Cast.payments_api},
    "maxim": {Cast.support},
    "alma": {Cast.halden, Cast.payments, Cast.payments_api, Cast.support},
}
FROM_VIEWER: dict[type[msgspec.Struct], msgspec.Struct] = {
    Subscribe: Subscribe(teams=EVERY_TEAM, viewport=ALL),
    ViewerAck: ViewerAck(team=Cast.payments, rev=0),
}
"""Each message of a browser, about what is not theirs."""


async def test_whole_cast_sends_every_message_of_a_browser(hub: Running, cast: Cast) -> None:
    assert set(FROM_VIEWER) == set(get_args(FromViewer))

    for person in cast.people:
        name = first_name(person.name)
        if name == "gone":
            continue
        before = await last_row()
        async with viewing(hub, await signed_in(hub, person, PASSWORD)) as viewer:
            for message in FROM_VIEWER.values():
                await viewer.socket.send(viewer.codec.encode(message).decode())
            shown = await viewer.next()
            teams = TEAMS_OF.get(name, set())
            await viewer.until(lambda seen, teams=teams: seen.revs.keys() >= teams)
            told = {person for tiles in viewer.tiles.values() for person in tiles}

        assert isinstance(shown, Teams)
        assert {team.id for team in shown.teams} == viewer.tiles.keys() == teams, name
        assert told == (SEEN[name] - {person.id} if name == "alma" else SEEN[name] if teams else set()), name
        refused = set(EVERY_TEAM) - teams - {NO_ID}
        rows = await Audit.select().where(Audit.action == "denied", Audit.id > before).output(load_json=True)
        assert {(row["actor"], row["team"], row["detail"]["wanted"]) for row in rows} == {
            (person.id, team, "see_team") for team in refused
        }, name


async def test_deactivated_person_and_nobody_are_told_to_sign_in_before_they_say_anything(
    hub: Running, cast: Cast
) -> None:
    async with connection() as held:
        await held.execute("UPDATE person SET deactivated_at = NULL WHERE id = $1", cast.gone.id)
        client = await signed_in(hub, cast.gone, PASSWORD)
        await held.execute("UPDATE person SET deactivated_at = now() WHERE id = $1", cast.gone.id)
    for who in (client, None):
        async with viewing(hub, who) as viewer:
            assert await viewer.closed() == Close.SIGNED_OUT


FROM_AGENT: dict[type[msgspec.Struct], msgspec.Struct] = {
    Hello: Hello(device=BOBS_DEVICE, epoch=0, next_seq=1, signature=bytes(64)),
    Renew: Renew(epoch=1),
    Presence: Presence(n=1, at=Cast.joined, policy=1, facts=Facts()),
    Batch: Batch(epoch=1, first_seq=1, events=[minute(1)]),
    Loss: Loss(epoch=1, from_seq=1, to_seq=2),
    Heartbeat: Heartbeat(sent=1),
}


async def test_who_has_not_proved_to_be_a_device_sends_every_message_of_one(hub: Running, cast: Cast) -> None:
    """The agents' socket knows no people: a session is nothing there, and whose device it is says the device's key."""
    assert set(FROM_AGENT) == set(get_args(FromAgent))
    client = await signed_in(hub, cast.dora, PASSWORD)
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())

    for kind, message in FROM_AGENT.items():
        async with dialled(hub, additional_headers={"Cookie": cookies}) as agent:
            await agent.receive_any()
            await agent.send(message)

            assert await agent.closed() == (Close.BAD_SIGNATURE if kind is Hello else Close.WRONG_PHASE), kind
