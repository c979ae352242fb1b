"""What the API says of itself: `/api/openapi.json`, and the shape of every error.

Made from the routes themselves, so that it can't lag behind. What routes have in common is added here, once for all of them: the errors
that they answer, what they ask who one is by, and an example of every shape.
"""

from typing import Any

import msgspec
from litestar import Litestar, Request
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.routes import HTTPRoute
from litestar.utils.helpers import unwrap_partial

from hub.auth.idempotency import SAFE
from hub.errors import FileCode, ForbiddenCode, InvalidCode
from hub.examples import BY_NAME, example_of

PROBLEM = "application/problem+json"
PATH = "/api/openapi.json"
PROGRAMS = "For programs"
"""The routes that keep what they promise: the others are those of our own pages."""
_STATE_KEY = "openapi"

Described = dict[str, Any]
"""An OpenAPI 3.1 document, or a part of one."""


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of every error (RFC 9457).

    `title` is for people; `field` names the input that it is about. `code` says what is wrong with it to a page that has words of its own,
    with the `limit` that was broken.
    """

    type: str
    title: str
    status: int
    request_id: str
    detail: str = ""
    field: str | None = None
    code: InvalidCode | FileCode | ForbiddenCode | None = None
    limit: int | None = None


ERRORS = {
    "400": "Something in the request isn't as it should be; `field` names it.",
    "401": "Nobody is signed in, or no longer.",
    "403": "Not like this; the page is not the hub's own, a CSRF token or a scope is missing, or `code` says what comes first.",
    "404": "There is no such thing, or it is none of the caller's business.",
    "409": "Somebody else has changed it meanwhile, or it is being done at this moment.",
    "413": "The body is too large.",
    "422": "The Idempotency-Key was used for another request.",
    "429": "Too many tries; `Retry-After` says when to try again.",
    "503": "Something that the hub needs is away; `Retry-After` says when to try again.",
}


SECURITY: Described = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "daylight",
        "description": "Of a browser that has signed in; over TLS it is called `__Host-daylight`.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "x-csrftoken",
        "description": "What the cookie `csrftoken` holds: every answer to a GET sets it.",
    },
    "client": {
        "type": "oauth2",
        "description": "A token of an API client: `POST /api/oauth/token` gives it for the client's id and secret.",
        "flows": {
            "clientCredentials": {
                "tokenUrl": "/api/oauth/token",
                "scopes": {
                    "teams:read": "Names of the client's teams.",
                    "people:read": "Names of those at home in these teams.",
                    "activity:read": "What they do now and today. Each reading is in the ledger that they see.",
                },
            }
        },
    },
    "token": {"type": "http", "scheme": "bearer", "description": "A token that somebody made for a program of theirs."},
}


ONCE: Described = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Makes it safe to ask again: under one key it is done once within 24 hours, and answered the same.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}


class _Served(JsonRenderPlugin):
    def render(self, request: Request[Any, Any, Any], openapi_schema: Described) -> bytes:
        return msgspec.json.encode(described(request.app))


def config() -> OpenAPIConfig:
    """For Litestar: serves what `described` makes of its own description."""
    return OpenAPIConfig(
        title="Daylight",
        version="1",
        path=PATH,  # whole, since what lies below it and is not there gets a page of Litestar's
        render_plugins=[_Served(path="/")],
        operation_id_creator=lambda handler, *_: str(unwrap_partial(handler.fn).__name__),
    )


def described(application: Litestar) -> Described:
    """The whole description of an application, made once."""
    made: Described | None = application.state.get(_STATE_KEY)
    if made is None:
        made = application.openapi_schema.to_schema()
        shapes: Described = made.setdefault("components", {}).setdefault("schemas", {})
        shapes.update(msgspec.json.schema_components([Problem], ref_template="#/components/schemas/{name}")[1])
        made["components"]["responses"] = {f"Error{status}": _error(status) for status in ERRORS}
        made["tags"] = [{"name": PROGRAMS, "description": "Version 1: what is here stays as it is; more may come."}]
        made["components"]["securitySchemes"] = SECURITY
        for handler, method, told in _operations(application, made):
            told["responses"] = _answers(handler, method, told)
            told["security"] = _security(handler, method)
            if method not in SAFE and told["security"]:
                told.setdefault("parameters", []).append({**ONCE})
            told.setdefault("tags", [_group(handler)])
            for parameter in told.get("parameters", []):
                parameter["example"] = example_of(parameter["schema"], shapes, parameter["name"])
            for media in _bodies(told):
                media.setdefault("example", example_of(media["schema"], shapes))
        application.state[_STATE_KEY] = made
    return made


def _operations(application: Litestar, made: Described) -> list[tuple[HTTPRouteHandler, str, Described]]:
    """Every route that is told of, its method, and what is told."""
    return [
        (handler, method, told)
        for route in application.routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items()
        if (told := made["paths"].get(route.path_format, {}).get(method.lower()))
    ]


def _answers(handler: HTTPRouteHandler, method: str, told: Described) -> Described:
    """Its own answer, and the errors that it can come to."""
    takes_body = "requestBody" in told
    changes = method not in SAFE
    takes = takes_body or bool(told.get("parameters"))
    asked_by = handler.parsed_fn_signature.parameters.keys() & {"viewer", "keeper"}
    may_be = {
        "400": takes or changes,
        "401": True,
        "403": changes or "viewer" in asked_by,  # who must set up a second factor first
        "404": bool(asked_by) or takes,
        "409": changes,
        "413": takes_body,
        "422": changes,
        "429": True,
        "503": True,
    }
    own = {str(status) for status in handler.responses or {}}
    done = {status: answer for status, answer in told["responses"].items() if status.startswith("2") or status in own}
    for status in own & ERRORS.keys():  # an error in another shape than ours, where ours can be as well
        done[status]["content"] |= _error(status)["content"]
    return done | {
        status: {"$ref": f"#/components/responses/Error{status}"}
        for status in ERRORS
        if may_be[status] and status not in own
    }


def _group(handler: HTTPRouteHandler) -> str:
    """What stands together in the description: by the first word of the path."""
    words = [word for word in min(handler.paths).split("/") if word]
    return words[1] if words[0] == "api" else words[0]


def _bodies(told: Described) -> list[Described]:
    """What is sent and what comes back, where it has a shape."""
    answers = [told.get("requestBody", {}), *told["responses"].values()]
    return [media for answer in answers for media in answer.get("content", {}).values() if media.get("schema")]


def _security(handler: HTTPRouteHandler, method: str) -> list[dict[str, list[str]]]:
    """What somebody may ask with: the session of a browser, with its CSRF token for what changes something, or a bearer token."""
    if "viewer" not in handler.parsed_fn_signature.parameters:
        return []
    session: dict[str, list[str]] = {"session": []} if method in SAFE else {"session": [], "csrf": []}
    scope = handler.opt.get("scope")
    return [session] if scope is None else [session, {"client": [scope]}, {"token": []}]


def _error(status: str) -> Described:
    shape = {"$ref": "#/components/schemas/Problem"}
    example = {
        "type": "about:blank",
        "title": ERRORS[status].partition(";")[0].rstrip(".") + ".",
        "status": int(status),
        "request_id": BY_NAME["request_id"],
    }
    return {"description": ERRORS[status], "content": {PROBLEM: {"schema": shape, "example": example}}}
