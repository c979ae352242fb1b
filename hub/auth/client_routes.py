"""The routes of API clients and of tokens: made and kept by admins, and by everybody for themselves; and where a client gets its token."""

import base64
from typing import Annotated, Any
from urllib.parse import unquote_plus

import msgspec
from litestar import Request, Response, delete, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Body, FromPath, JSONBody

from hub.auth import clients, login, tokens
from hub.auth.access import ORGANISATION, Subject, Viewer
from hub.auth.guard import require
from hub.auth.limits import Limits
from hub.settings import Settings

TEXT_MAX_CHARACTERS = 400
Call = Request[None, None, State]
Text = Annotated[str, msgspec.Meta(max_length=TEXT_MAX_CHARACTERS)]


class TokenRequest(msgspec.Struct, frozen=True):
    """RFC 6749, 4.4.2. Without `scope`, all that the client has; id and secret here or as HTTP Basic (2.3.1)."""

    grant_type: Text = ""
    scope: Text | None = None
    client_id: Text | None = None
    client_secret: Text | None = None


class TokenRefusal(msgspec.Struct, frozen=True):
    """RFC 6749, 5.2."""

    error: str
    error_description: str


@post(
    "/api/oauth/token",
    status_code=200,
    summary="A token for an API client, by its id and secret (OAuth 2.0 client credentials)",
    exclude_from_csrf=True,
    responses={
        400: ResponseSpec(
            TokenRefusal,
            generate_examples=False,
            description="The request is not one for a token, or asks for too much.",
        ),
        401: ResponseSpec(
            TokenRefusal,
            generate_examples=False,
            description="The client is unknown, disabled, or the secret is not its own.",
        ),
    },
)
async def issue_token(
    request: Call,
    data: Annotated[TokenRequest, Body(media_type=RequestEncodingType.URL_ENCODED)],
    settings: NamedDependency[Settings],
    limits: NamedDependency[Limits],
) -> Response[clients.Issued]:
    try:
        client_id, secret = _credentials(request, data)
        if data.grant_type != "client_credentials":
            raise clients.Refused("unsupported_grant_type", "Tokens are given for client_credentials only.")
        address = login.address_of(request)
        issued = await clients.issue(settings, limits, address, client_id, secret, data.scope, login.now())
    except clients.Refused as error:
        unknown = error.error == "invalid_client"
        headers = {"www-authenticate": 'Basic realm="Daylight"'} if unknown else {}
        refusal: Any = TokenRefusal(error.error, str(error))
        return Response(refusal, status_code=401 if unknown else 400, headers=headers)
    return Response(issued, headers={"pragma": "no-cache"})


@get("/api/clients", summary="API clients, for admins")
async def list_clients(viewer: NamedDependency[Viewer]) -> list[clients.Client]:
    await require(viewer, "configure", ORGANISATION)
    return await clients.every()


@post("/api/clients", summary="Make an API client; its secret is shown this once")
async def make_client(viewer: NamedDependency[Viewer], data: JSONBody[clients.ClientForm]) -> clients.NewSecret:
    await require(viewer, "configure", ORGANISATION, fresh=True)
    return await clients.make(data, viewer.person)


@put("/api/clients/{client:int}", summary="Change what an API client may")
async def change_client(
    viewer: NamedDependency[Viewer], client: FromPath[int], data: JSONBody[clients.ClientChange]
) -> clients.Client:
    await require(viewer, "configure", ORGANISATION, clients.NO_CLIENT, fresh=True)
    return await clients.change(client, data, viewer.person)


@post(
    "/api/clients/{client:int}/secret",
    summary="A new secret for an API client; the one before it serves for a day more",
)
async def rotate_secret(viewer: NamedDependency[Viewer], client: FromPath[int]) -> clients.NewSecret:
    await require(viewer, "configure", ORGANISATION, clients.NO_CLIENT, fresh=True)
    return await clients.rotate(client, viewer.person)


@delete("/api/clients/{client:int}", summary="Disable an API client for good, with its tokens")
async def disable_client(viewer: NamedDependency[Viewer], client: FromPath[int]) -> None:
    await require(viewer, "configure", ORGANISATION, clients.NO_CLIENT, fresh=True)
    await clients.disable(client, viewer.person)


@get("/api/me/tokens", summary="One's own tokens")
async def list_tokens(viewer: NamedDependency[Viewer]) -> list[tokens.Token]:
    await require(viewer, "keep_account", Subject(person=viewer.person))
    return await tokens.tokens_of(viewer.person)


@post("/api/me/tokens", summary="Make a token of one's own; it is shown this once")
async def make_token(viewer: NamedDependency[Viewer], data: JSONBody[tokens.TokenForm]) -> tokens.NewToken:
    await require(viewer, "keep_account", Subject(person=viewer.person), fresh=True)
    return await tokens.make(viewer.person, data)


@delete("/api/me/tokens/{token:int}", summary="Revoke a token of one's own")
async def revoke_token(viewer: NamedDependency[Viewer], token: FromPath[int]) -> None:
    owner = await tokens.owner_of(token)
    await require(viewer, "keep_account", Subject(person=owner), tokens.NONE_SUCH)
    await tokens.revoke(token, viewer.person)


ROUTES = [
    issue_token, list_clients, make_client, change_client, rotate_secret, disable_client, list_tokens, make_token, revoke_token,
]  # fmt: skip


def _credentials(request: Call, data: TokenRequest) -> tuple[str, str]:
    """Id and secret, from one place only. Raises `Refused`."""
    kind, _, packed = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        if data.client_secret is not None:
            raise clients.Refused("invalid_request", "Say who you are in one way only.")
        try:
            name, colon, secret = base64.b64decode(packed.strip(), validate=True).decode().partition(":")
        except ValueError:  # no base64, not even of ASCII, or of what is no text
            colon = ""
        if not colon:
            raise clients.Refused("invalid_client", clients.REFUSED)
        return unquote_plus(name), unquote_plus(secret)
    if data.client_id is None or data.client_secret is None:
        raise clients.Refused("invalid_client", clients.REFUSED)
    return data.client_id, data.client_secret
