"""What `/api/openapi.json` says of the routes is what they do: each is told of, in words and with the shape of its answer."""

from typing import Any

import pytest
from litestar import Litestar

from hub.panel import Panel
from tests.hub.conftest import Cast

ROUTES = {
    ("POST", "/api/session"), ("DELETE", "/api/session"), ("POST", "/api/session/second-step"),
    ("POST", "/api/session/proof"), ("GET", "/api/me/factors"), ("POST", "/api/me/totp"), ("POST", "/api/me/totp/confirm"),
    ("DELETE", "/api/me/totp"), ("POST", "/api/me/recovery-codes"), ("PUT", "/api/me/password"), ("GET", "/api/me"),
    ("GET", "/api/me/looks"),
    ("POST", "/api/devices/code"), ("GET", "/api/devices"), ("GET", "/api/devices/all"), ("DELETE", "/api/devices/{device}"),
    ("POST", "/agent/v1/enrol"), ("PUT", "/api/organisation"), ("POST", "/api/organisation/set-up"), ("GET", "/api/zones"),
    ("POST", "/api/teams"), ("GET", "/api/teams"), ("PUT", "/api/teams/{team}"), ("DELETE", "/api/teams/{team}"),
    ("POST", "/api/teams/{team}/restore"), ("GET", "/api/directory"), ("GET", "/api/people/{person}/now"), ("POST", "/api/hours"),
    ("GET", "/api/people"), ("POST", "/api/people"), ("GET", "/api/people/{person}"), ("PUT", "/api/people/{person}"),
    ("POST", "/api/people/move"), ("POST", "/api/people/deactivate"), ("POST", "/api/people/reactivate"),
    ("POST", "/api/people/{person}/roles"), ("DELETE", "/api/people/{person}/roles/{role}"),
    ("GET", "/api/views"), ("POST", "/api/views"), ("PUT", "/api/views/{view}"), ("DELETE", "/api/views/{view}"),
    ("GET", "/api/mail"), ("POST", "/api/mail/test"),
    ("POST", "/api/people/imports"), ("GET", "/api/people/imports/{preview}"), ("PUT", "/api/people/imports/{preview}"),
    ("POST", "/api/people/imports/{preview}/done"), ("DELETE", "/api/people/imports/{preview}"),
    ("GET", "/api/people/{person}/link"), ("POST", "/api/people/{person}/link"), ("DELETE", "/api/people/{person}/link"),
    ("GET", "/api/security"), ("GET", "/api/security/refusals"),
    ("POST", "/api/password/forgotten"), ("POST", "/api/link"), ("POST", "/api/link/password"),
}  # fmt: skip


@pytest.fixture
def schema(application: Litestar, cast: Cast) -> dict[str, Any]:
    return application.openapi_schema.to_schema()


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
        assert empty or done[0]["content"]["application/json"]["schema"], route


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
        "/api/people": {"find", "team", "role", "state", "after", "limit"},
        "/api/people/{person}/now": {"sitting"},
        "/api/security/refusals": {"before", "limit"},
    }
