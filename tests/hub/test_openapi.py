"""What `/api/openapi.json` says of the routes is what they do: each is told of, in words and with the shape of its answer."""

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Any

import jsonschema_rs
import pytest
from litestar import Litestar

from hub import openapi
from hub.panel import Panel
from tests.hub.conftest import Browser, Cast

ROUTES = {
    ("POST", "/api/session"), ("DELETE", "/api/session"), ("POST", "/api/session/second-step"),
    ("POST", "/api/session/proof"), ("POST", "/api/session/passkey/options"), ("POST", "/api/session/passkey"),
    ("POST", "/api/session/proof/passkey"), ("POST", "/api/me/passkeys/options"), ("POST", "/api/me/passkeys"),
    ("DELETE", "/api/me/passkeys/{passkey}"), ("GET", "/api/me/factors"), ("POST", "/api/me/totp"), ("POST", "/api/me/totp/confirm"),
    ("DELETE", "/api/me/totp"), ("POST", "/api/me/recovery-codes"), ("PUT", "/api/me/password"), ("GET", "/api/me"),
    ("GET", "/api/me/looks"), ("GET", "/api/me/sessions"), ("DELETE", "/api/me/sessions"), ("DELETE", "/api/me/sessions/{session}"),
    ("DELETE", "/api/people/{person}/sessions"), ("GET", "/api/organisation/factors"), ("PUT", "/api/organisation/factors"),
    ("POST", "/api/devices/code"), ("GET", "/api/devices"), ("GET", "/api/devices/all"), ("DELETE", "/api/devices/{device}"),
    ("GET", "/api/devices/{device}"), ("PUT", "/api/devices/{device}"), ("POST", "/api/devices/{device}/code"),
    ("GET", "/api/devices/codes"), ("POST", "/api/devices/codes"), ("DELETE", "/api/devices/codes/{code}"),
    ("GET", "/api/devices/asking"), ("POST", "/api/devices/asking"), ("PUT", "/api/devices/asking/{asked}"),
    ("POST", "/agent/v1/enrol/answer"),
    ("POST", "/agent/v1/enrol"), ("PUT", "/api/organisation"), ("POST", "/api/organisation/set-up"), ("GET", "/api/zones"),
    ("POST", "/api/teams"), ("GET", "/api/teams"), ("PUT", "/api/teams/{team}"), ("DELETE", "/api/teams/{team}"),
    ("POST", "/api/teams/{team}/restore"), ("GET", "/api/directory"), ("GET", "/api/people/{person}/now"), ("POST", "/api/hours"),
    ("GET", "/api/people"), ("POST", "/api/people"), ("GET", "/api/people/{person}"), ("POST", "/api/people/{person}/erasure"),
    ("GET", "/api/people/{person}/mentions"),
    ("GET", "/api/me/rights"), ("POST", "/api/me/requests"),
    ("DELETE", "/api/me/requests/{asked}"), ("GET", "/api/requests"), ("POST", "/api/requests/{asked}/answer"),
    ("POST", "/api/requests/{asked}/extension"),
    ("PUT", "/api/people/{person}/hold"), ("POST", "/api/people/{person}/hold/lift"), ("POST", "/api/people/{person}/restriction/lift"),
    ("PUT", "/api/people/{person}"),
    ("POST", "/api/people/move"), ("POST", "/api/people/deactivate"), ("POST", "/api/people/reactivate"),
    ("POST", "/api/people/invite"), ("POST", "/api/people/withdraw"), ("DELETE", "/api/people/{person}/factors"),
    ("POST", "/api/people/{person}/roles"), ("DELETE", "/api/people/{person}/roles/{role}"),
    ("GET", "/api/views"), ("POST", "/api/views"), ("PUT", "/api/views/{view}"), ("DELETE", "/api/views/{view}"),
    ("GET", "/api/mail"), ("POST", "/api/mail/test"), ("POST", "/api/mail/{mail_id}/again"),
    ("GET", "/api/sign-on"), ("POST", "/api/sign-on"), ("POST", "/api/session/proof/sign-on"), ("POST", "/api/me/identity"),
    ("DELETE", "/api/me/identity"),
    ("POST", "/api/people/imports"), ("GET", "/api/people/imports/{preview}"), ("PUT", "/api/people/imports/{preview}"),
    ("POST", "/api/people/imports/{preview}/done"), ("DELETE", "/api/people/imports/{preview}"),
    ("GET", "/api/me/profile"), ("PUT", "/api/me/profile"),
    ("GET", "/api/people/{person}/link"), ("POST", "/api/people/{person}/link"), ("DELETE", "/api/people/{person}/link"),
    ("GET", "/api/security"), ("GET", "/api/security/refusals"),
    ("GET", "/api/audit"), ("GET", "/api/audit/chain"), ("POST", "/api/audit/chain/check"), ("GET", "/api/audit/export"),
    ("POST", "/api/exports"),
    ("GET", "/api/me/export"), ("GET", "/api/me/pause"), ("PUT", "/api/me/pause"), ("DELETE", "/api/me/pause"),
    ("PUT", "/api/me/work"), ("DELETE", "/api/me/work"),
    ("GET", "/api/policies"), ("PUT", "/api/policies"), ("POST", "/api/policies/preview"), ("GET", "/api/policies/history"),
    ("PUT", "/api/policies/ceiling"), ("POST", "/api/policies/ceiling/preview"), ("DELETE", "/api/policies/ceiling/{proposal}"),
    ("POST", "/api/policies/ceiling/{proposal}/signature"), ("GET", "/api/me/policy"), ("POST", "/api/me/policy/acknowledgement"),
    ("GET", "/api/papers/dpia.pdf"), ("GET", "/api/papers/works-council.pdf"),
    ("POST", "/api/password/forgotten"), ("POST", "/api/link"), ("POST", "/api/link/password"),
    ("POST", "/api/oauth/token"), ("GET", "/api/clients"), ("POST", "/api/clients"), ("PUT", "/api/clients/{client}"),
    ("POST", "/api/clients/{client}/secret"), ("DELETE", "/api/clients/{client}"), ("GET", "/api/me/tokens"), ("POST", "/api/me/tokens"),
    ("DELETE", "/api/me/tokens/{token}"), ("GET", "/api/v1/teams"), ("GET", "/api/v1/people"), ("GET", "/api/v1/people/{person}/now"),
}  # fmt: skip


@pytest.fixture
def schema(application: Litestar, cast: Cast) -> dict[str, Any]:
    return openapi.described(application)


def operations(schema: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), path): told
        for path, item in schema["paths"].items()
        for method, told in item.items()
        if isinstance(told, dict)
    }


async def test_every_route_is_told_of_in_words_and_with_its_answer(schema: dict[str, Any]) -> None:
    told = operations(schema)

    assert set(told) == ROUTES
    for route, operation in told.items():
        done = [response for status, response in operation["responses"].items() if status.startswith("2")]
        assert operation["summary"], route
        assert len(done) == 1, route
        empty = "204" in operation["responses"]
        a_file = {"application/jsonl", "application/zip", "application/pdf"} & set(done[0].get("content", ()))
        assert empty or a_file or done[0]["content"]["application/json"]["schema"], route


async def test_panel_is_described_field_by_field(schema: dict[str, Any]) -> None:
    panels = [shape for name, shape in schema["components"]["schemas"].items() if name.split("_")[-1] == "Panel"]

    assert len(panels) == 1
    assert set(panels[0]["properties"]) == set(Panel.__struct_fields__)


async def test_parameters_go_by_the_names_of_the_contract(schema: dict[str, Any]) -> None:
    named = {
        route[1]: {parameter["name"] for parameter in told.get("parameters", []) if parameter["in"] == "query"}
        for route, told in operations(schema).items()
        if route[0] == "GET"
    }

    assert {path: names for path, names in named.items() if names} == {
        "/api/devices/all": {"find", "state", "page"},
        "/api/directory": {"find"},
        "/api/me/looks": {"before", "limit"},
        "/api/people/imports/{preview}": {"show", "page"},
        "/api/requests": {"closed"},
        "/api/people": {"find", "team", "role", "state", "after", "limit"},
        "/api/people/{person}/now": {"sitting"},
        "/api/policies/history": {"before", "limit"},
        "/api/papers/dpia.pdf": {"language"},
        "/api/papers/works-council.pdf": {"language"},
        "/api/security/refusals": {"before", "limit"},
        "/api/v1/teams": {"find", "cursor", "limit"},
        "/api/v1/people": {"find", "team", "cursor", "limit"},
        "/api/v1/people/{person}/now": {"sitting"},
        "/api/audit": {"before", "limit", "act", "find", "person", "since", "until"},
    }


async def test_every_body_has_an_example_that_is_one(schema: dict[str, Any]) -> None:
    bodies = [
        (route, media)
        for route, told in operations(schema).items()
        for part in [told.get("requestBody", {}), *told["responses"].values()]
        for media in part.get("content", {}).values()
        if media.get("schema")
    ]

    errors = [
        (name, media)
        for name, answer in schema["components"]["responses"].items()
        for media in answer["content"].values()
    ]

    assert bodies
    assert errors
    for route, media in bodies + errors:
        checked = jsonschema_rs.validator_for({**media["schema"], "components": schema["components"]})
        assert [str(error) for error in checked.iter_errors(media["example"])] == [], route


async def test_every_parameter_has_an_example_that_is_one(schema: dict[str, Any]) -> None:
    parameters = [
        (route, told) for route, operation in operations(schema).items() for told in operation.get("parameters", [])
    ]

    assert len(parameters) > len(ROUTES) / 2
    for route, told in parameters:
        checked = jsonschema_rs.validator_for({**told["schema"], "components": schema["components"]})
        assert [str(error) for error in checked.iter_errors(told["example"])] == [], (route, told["name"])


async def test_page_of_the_api_tells_of_every_route_and_runs_nothing(
    open_browser: Callable[..., Browser], schema: dict[str, Any]
) -> None:
    answer = await open_browser().get("/api/docs")

    told = re.findall(r"<span class='method'>(\w+)</span> <code>([^<]+)</code>", answer.text)
    assert set(told) == ROUTES
    assert "<script" not in answer.text
    assert not re.search(r"(src|href)='(?!/api/openapi.json)", answer.text)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    style = re.search("<style>(.*)</style>", answer.text, re.DOTALL)
    assert style
    assert base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode() in policy
