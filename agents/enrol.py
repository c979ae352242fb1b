"""Enrolment: exchanges a one-time code for an identity (`POST {hub}/agent/v1/enrol`)."""

import contextlib
import platform
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec

from agents.errors import AgentError, EnrolmentFailed, EnrolmentRefused
from agents.identity import Keyring, keep_key, new_key, public_bytes
from agents.settings import Enrolment, Home, Memory
from hub.wire.agent import Enrol, EnrolAgain, EnrolAsked, Enrolled

TIMEOUT_S = 20
ANSWER_MAX_BYTES = 64 * 1024
PATH = "/agent/v1/enrol"
ANSWER_PATH = "/agent/v1/enrol/answer"
UNANSWERED_MAX = 30
"""Questions in a row that may go unanswered while a person is waited for: a minute of a hub that starts anew, ten of one that is silent."""


class _Problem(msgspec.Struct):
    """RFC 9457."""

    title: str = ""
    detail: str = ""


def hub_address(given: str) -> str:
    """Scheme, host and port of what a person typed. Raises `EnrolmentFailed` with what is expected."""
    parts = urlsplit(given if "://" in given else f"https://{given}")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise EnrolmentFailed(f"{given!r} is no address of a hub: expected something like https://daylight.example.org")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")


def enrol(
    home: Home,
    hub: str,
    code: str,
    name: str,
    keyring: Keyring | None,
    person: str = "",
    asked: Callable[[EnrolAsked], None] | None = None,
) -> Enrolment:
    """Makes a key, has the hub accept it, and keeps both. A failure leaves an earlier enrolment as it was.

    `asked` is told each time that a person has still to approve this computer, and comes back when it is time to ask again; without it a
    code that asks somebody is refused.

    With a code that gives this device another key it stays the device that it is: its spool and what it learned are kept.
    """
    key = new_key()
    before = _enrolled_as(home)
    request = Enrol(
        code=code.strip(),
        public_key=public_bytes(key),
        name=name[:200],
        system=system_name(),
        person=person,
        device=before,
        waits=asked is not None,
    )
    answer = _exchanged(hub, request, PATH)
    unanswered = 0
    while isinstance(answer, EnrolAsked):
        assert asked is not None
        asked(answer)
        try:
            answer = _exchanged(hub, EnrolAgain(request=answer.request), ANSWER_PATH)
            unanswered = 0
        except EnrolmentRefused:
            raise
        except EnrolmentFailed:
            unanswered += 1
            if unanswered == UNANSWERED_MAX:
                raise
    kept = keep_key(home, key, answer.device, keyring)
    enrolment = Enrolment(hub=hub, origin=answer.origin, device=answer.device, person=answer.person, key=kept)
    learned = home.memory() if answer.device == before else Memory()
    home.save_memory(msgspec.structs.replace(learned, policy=answer.policy, refused=""))
    home.save_enrolment(enrolment)
    return enrolment


def _enrolled_as(home: Home) -> str:
    try:
        return home.enrolment().device
    except AgentError:
        return ""


def exchange(hub: str, request: Enrol) -> Enrolled:
    """One request, one answer. Raises `EnrolmentFailed` with the hub's own words where there are some, `EnrolmentRefused` for good."""
    answer = _exchanged(hub, request, PATH)
    if not isinstance(answer, Enrolled):
        raise EnrolmentRefused("this code asks a person first")
    return answer


def _exchanged(hub: str, request: Enrol | EnrolAgain, path: str) -> Enrolled | EnrolAsked:
    body = msgspec.json.encode(request)
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    prepared = urllib.request.Request(hub + path, data=body, headers=headers, method="POST")  # noqa: S310 - http(s) only
    try:
        with urllib.request.urlopen(prepared, timeout=TIMEOUT_S) as response:  # noqa: S310
            content = response.read(ANSWER_MAX_BYTES)
    except urllib.error.HTTPError as error:
        raise (EnrolmentRefused if error.code == 400 else EnrolmentFailed)(_explain(error)) from None
    except (urllib.error.URLError, TimeoutError, OSError) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLError):
            raise EnrolmentFailed(f"{hub} can't prove who it is: {reason}") from None
        raise EnrolmentFailed(f"{hub} can't be reached: {reason}") from None
    with contextlib.suppress(msgspec.MsgspecError, UnicodeError):
        return msgspec.json.decode(content, type=Enrolled)
    with contextlib.suppress(msgspec.MsgspecError, UnicodeError):
        return msgspec.json.decode(content, type=EnrolAsked)
    raise EnrolmentFailed(f"{hub} answered, but not as a Daylight hub does: check the address")


def system_name() -> str:
    """Such as `Linux 6.1 x86_64`."""
    return f"{platform.system()} {platform.release()} {platform.machine()}"[:200]


def _explain(error: urllib.error.HTTPError) -> str:
    try:
        problem = msgspec.json.decode(error.read(ANSWER_MAX_BYTES), type=_Problem)
    except (msgspec.MsgspecError, UnicodeError, OSError):
        problem = _Problem()
    said = problem.detail or problem.title
    match error.code:
        case 404 if not said:
            return "there is no Daylight hub at this address"
        case 429:
            return f"too many attempts: {said or 'wait a few minutes, then try again'}"
    return f"the hub refused (HTTP {error.code})" + (f": {said}" if said else "")
