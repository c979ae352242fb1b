"""The routes of signing in and of devices. Each asks `may` before it does anything for or about somebody."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Request, delete, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody, QueryParameter

from hub.auth import asking, clients, device_list, enrolment, login, tokens
from hub.auth.access import ORGANISATION, Subject, Viewer
from hub.auth.guard import require
from hub.auth.limits import Limits
from hub.errors import Forbidden
from hub.settings import Settings
from hub.wire.agent import Enrol, EnrolAgain, EnrolAsked, Enrolled
from hub.wire.policy import Policy

Call = Request[None, None, State]


class Credentials(msgspec.Struct, frozen=True):
    """What somebody signs in with."""

    email: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


async def require_viewer(request: Call, settings: NamedDependency[Settings], limits: NamedDependency[Limits]) -> Viewer:
    """The signed-in person, for a route's `viewer`; or whoever a bearer token is for, if the route says that it serves its `scope`.

    Raises `Unauthorised`, `Forbidden` for a token without that scope and for who must set up a second factor first,
    and `TooMany` for who asks more than anybody needs.
    """
    token = tokens.presented(request)
    if token is None:
        viewer = (await login.signed_in(request)).viewer
    elif token.startswith(tokens.PREFIX):
        viewer = await tokens.viewer_of(token)
    else:
        viewer = await clients.viewer_of(settings, token, login.now())
    await limits.count_request(person=viewer.person if viewer.client is None else -viewer.client)
    if viewer.factor_wanted:
        raise Forbidden(login.FACTOR_FIRST, "factor_wanted")
    scope = request.route_handler.opt.get("scope")
    if viewer.scopes is not None and scope not in viewer.scopes:
        raise Forbidden(f"This token lacks the scope {scope}.")
    return viewer


async def require_keeper(request: Call, limits: NamedDependency[Limits]) -> Viewer:
    """`require_viewer`, for what sets a second factor up: also for who must do that before anything else is answered."""
    current = await login.signed_in(request)
    await limits.count_request(person=current.viewer.person)
    return current.viewer


@post("/api/session", summary="Sign in")
async def begin_session(
    request: Call, data: JSONBody[Credentials], limits: NamedDependency[Limits]
) -> login.Me | login.SecondStep:
    return await login.sign_in(request, limits, data.email, data.password)


@delete("/api/session", summary="Sign out")
async def end_session(request: Call) -> None:
    await login.sign_out(request)


@get("/api/me", summary="Who is signed in")
async def read_me(keeper: NamedDependency[Viewer]) -> login.Me:
    return await login.me(keeper.person)


@post("/api/devices/code", summary="A one-time code for a device of one's own")
async def make_code(viewer: NamedDependency[Viewer], settings: NamedDependency[Settings]) -> enrolment.Code:
    await require(viewer, "enrol_own_device", Subject(person=viewer.person))
    return await enrolment.make_code(settings.secret, viewer.person, by=viewer.person)


@get("/api/devices", summary="One's own devices")
async def list_devices(viewer: NamedDependency[Viewer]) -> list[device_list.DeviceRow]:
    await require(viewer, "see_devices", Subject(person=viewer.person))
    return await device_list.devices_of(viewer.person)


@get("/api/devices/all", summary="Everybody's devices, for admins")
async def list_all_devices(
    viewer: NamedDependency[Viewer],
    find: Annotated[str, QueryParameter(max_length=100)] = "",
    in_state: Annotated[device_list.DeviceState, QueryParameter(name="state")] = "all",
    page: Annotated[int, QueryParameter(ge=1, le=device_list.PAGE_MAX)] = 1,
) -> device_list.DevicePage:
    await require(viewer, "see_devices", ORGANISATION)
    return await device_list.all_devices(find, in_state, page)


@delete("/api/devices/{device:uuid}", summary="Revoke a device: one's own, or as an admin anybody's")
async def revoke_device(viewer: NamedDependency[Viewer], device: FromPath[UUID]) -> None:
    owner = await enrolment.owner_of(device)
    await require(viewer, "revoke_device", Subject(person=owner), enrolment.NO_DEVICE)
    await enrolment.revoke_device(device, viewer.person)


@post("/agent/v1/enrol", summary="Exchange a one-time code for a device identity")
async def enrol(
    request: Call,
    data: JSONBody[Enrol],
    settings: NamedDependency[Settings],
    limits: NamedDependency[Limits],
    policy_of: NamedDependency[Callable[[int], Policy]],
) -> Enrolled | EnrolAsked:
    return await enrolment.enrol(settings, limits, policy_of, data, login.address_of(request))


@post("/agent/v1/enrol/answer", summary="What became of a computer that asked to be somebody's device")
async def enrol_answer(
    data: JSONBody[EnrolAgain],
    settings: NamedDependency[Settings],
    policy_of: NamedDependency[Callable[[int], Policy]],
) -> Enrolled | EnrolAsked:
    found = await asking.outcome(data.request)
    if found.state == "waiting" or found.person is None:
        return asking.asked(found.asked, settings)
    return Enrolled(device=found.device, person=found.email, origin=settings.origin, policy=policy_of(found.person))


ROUTES = [
    begin_session,
    end_session,
    read_me,
    make_code,
    list_devices,
    list_all_devices,
    revoke_device,
    enrol,
    enrol_answer,
]
DEPENDENCIES = {"viewer": Provide(require_viewer), "keeper": Provide(require_keeper)}
COUNTED = DEPENDENCIES.keys()
"""Whatever asks for one of these is counted by person, where somebody is signed in."""
