"""Enrolment, the key, and what stays on disk."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import keyring.backends.fail
import keyring.errors
import msgspec
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from agents import roster as roster_module
from agents import settings
from agents.commands import agent
from agents.enrol import ANSWER_PATH, UNANSWERED_MAX, enrol, hub_address
from agents.errors import AlreadyRunning, EnrolmentFailed, EnrolmentRefused, NotEnrolled
from agents.identity import load_key, real_keyring
from agents.settings import Home, Memory
from hub.wire.agent import Enrol, EnrolAgain, EnrolAsked, Enrolled
from hub.wire.policy import DEFAULT, NOTHING

from .wires import DEVICE


class EnrolHub:
    """Answers `POST /agent/v1/enrol` as it is told to."""

    def __init__(self) -> None:
        self.asked: list[Enrol] = []
        self.again: list[str] = []
        """Which request was asked for, each time."""
        self.waits = 0
        """How often it is told to ask again."""
        self.status = 200
        self.body: bytes | None = None
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                answer: msgspec.Struct = Enrolled(device=DEVICE, person="Alice", origin=hub.url, policy=DEFAULT)
                if self.path == ANSWER_PATH:
                    hub.again.append(msgspec.json.decode(raw, type=EnrolAgain).request)
                else:
                    hub.asked.append(msgspec.json.decode(raw, type=Enrol))
                if len(hub.again) < hub.waits:
                    answer = EnrolAsked(
                        request="r1",
                        confirmation="ABCD-EFGH",
                        address=f"{hub.url}/devices?confirm=ABCD-EFGH",
                        expires_at=datetime.now(UTC),
                        ask_every_s=0,
                    )
                self.send_response(hub.status)
                self.end_headers()
                self.wfile.write(msgspec.json.encode(answer) if hub.body is None else hub.body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def hub() -> Iterator[EnrolHub]:
    made = EnrolHub()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


class RealKeyring:
    def __init__(self, locked: bool = False) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = locked

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.locked:
            raise keyring.errors.KeyringLocked("locked")
        self.kept[service, username] = password


def test_enrolment_keeps_a_key_that_the_hub_can_check(hub: EnrolHub, tmp_path: Path) -> None:
    home = Home(tmp_path / "h")
    enrolled = enrol(home, hub.url, " ABC-123 ", "desk", None)

    [asked] = hub.asked
    assert (asked.code, asked.name, len(asked.public_key)) == ("ABC-123", "desk", 32)
    signature = load_key(home, enrolled, None).sign(b"data")
    Ed25519PublicKey.from_public_bytes(asked.public_key).verify(signature, b"data")
    assert home.enrolment() == enrolled
    assert home.memory().policy == DEFAULT
    assert {path.stat().st_mode & 0o777 for path in home.folder.iterdir()} == {0o600}
    assert home.folder.stat().st_mode & 0o777 == 0o700


def test_another_key_for_the_same_device_keeps_what_was_learned_and_the_spool(hub: EnrolHub, tmp_path: Path) -> None:
    home = Home(tmp_path)
    first = load_key(home, enrol(home, hub.url, "c", "desk", None), None)
    home.save_memory(Memory(policy=NOTHING, quarantined=3, refused="the hub no longer knows this device"))
    home.spool.mkdir()

    again = enrol(home, hub.url, "d", "desk", None)

    assert [asked.device for asked in hub.asked] == ["", DEVICE]
    assert load_key(home, again, None).private_bytes_raw() != first.private_bytes_raw()
    assert home.memory() == Memory(policy=DEFAULT, quarantined=3)
    assert home.spool.exists()


def test_key_goes_to_a_real_keyring_and_not_to_disk(hub: EnrolHub, tmp_path: Path) -> None:
    home, ring = Home(tmp_path), RealKeyring()
    enrolled = enrol(home, hub.url, "c", "desk", ring)

    assert enrolled.key == "keyring"
    assert not home.key.exists()
    load_key(home, enrolled, ring)
    with pytest.raises(NotEnrolled, match="keyring"):
        load_key(home, enrolled, None)


def test_locked_keyring_falls_back_to_a_file(hub: EnrolHub, tmp_path: Path) -> None:
    assert enrol(Home(tmp_path), hub.url, "c", "desk", RealKeyring(locked=True)).key == "file"


def test_headless_machine_has_no_real_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "get_keyring", keyring.backends.fail.Keyring)

    assert real_keyring() is None


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (403, {"title": "Forbidden", "detail": "This code was used already."}, "This code was used already."),
        (400, {"title": "The code is not valid."}, "The code is not valid."),
        (429, {}, "too many attempts"),
        (404, {}, "no Daylight hub"),
        (500, {}, "HTTP 500"),
        (200, {"hello": "world"}, "not as a Daylight hub"),
    ],
)
def test_refusal_is_told_in_the_hubs_words_and_leaves_nothing(
    hub: EnrolHub, tmp_path: Path, status: int, body: dict[str, str], said: str
) -> None:
    hub.status, hub.body = status, json.dumps(body).encode()

    with pytest.raises(EnrolmentFailed, match=said):
        enrol(Home(tmp_path / "h"), hub.url, "c", "desk", None)
    assert not (tmp_path / "h").exists()


@pytest.mark.parametrize(("status", "asked", "error"), [(400, 1, EnrolmentRefused), (503, 5, EnrolmentFailed)])
async def test_code_that_is_refused_is_tried_once_and_a_hub_that_is_busy_again(
    hub: EnrolHub, monkeypatch: pytest.MonkeyPatch, status: int, asked: int, error: type[EnrolmentFailed]
) -> None:
    monkeypatch.setattr(roster_module, "FIRST_WAIT_S", 0)
    hub.status, hub.body = status, b"{}"

    with pytest.raises(EnrolmentFailed) as failed:
        await roster_module.Roster(hub.url).members(["one@simulated.invalid"], "code")

    assert type(failed.value) is error
    assert len(hub.asked) == asked


def test_hub_that_is_away_is_named(tmp_path: Path) -> None:
    with pytest.raises(EnrolmentFailed, match=r"http://127\.0\.0\.1:9 can't be reached"):
        enrol(Home(tmp_path), "http://127.0.0.1:9", "c", "desk", None)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("daylight.example.org", "https://daylight.example.org"),
        ("https://daylight.example.org/some/page?x=1", "https://daylight.example.org"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
    ],
)
def test_address_is_understood_as_people_type_it(typed: str, address: str) -> None:
    assert hub_address(typed) == address


@pytest.mark.parametrize("typed", ["ftp://x", "https://", "http://x:99999", ""])
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(EnrolmentFailed, match="expected something like"):
        hub_address(typed)


def test_state_lies_where_the_desktop_expects_it() -> None:
    assert settings.root({"DAYLIGHT_AGENT_STATE": "/a"}) == Path("/a")
    assert settings.root({"XDG_STATE_HOME": "/b"}) == Path("/b/daylight/agent")


def test_damaged_memory_collects_nothing_until_the_hub_says_so(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.save_memory(Memory(policy=DEFAULT))
    (tmp_path / "memory.json").write_bytes(b"{oops")

    assert home.memory().policy.version == 0
    assert not home.memory().policy.app


def test_second_process_for_the_same_hub_is_refused(tmp_path: Path) -> None:
    with Home(tmp_path).locked(), pytest.raises(AlreadyRunning, match="runs already"), Home(tmp_path).locked():
        pass
    with Home(tmp_path).locked():
        pass


def test_commands_enrol_and_tell_in_plain_words(hub: EnrolHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAYLIGHT_AGENT_STATE", str(tmp_path))
    monkeypatch.setattr("agents.commands.real_keyring", lambda: None)
    run = CliRunner()

    before = run.invoke(agent, ["status"])
    enrolled = run.invoke(agent, ["enrol", "--hub", hub.url, "CODE"])
    status = run.invoke(agent, ["status"])
    as_json = json.loads(run.invoke(agent, ["status", "--json"]).output)

    assert before.exit_code == 1
    assert "not enrolled" in before.output
    assert enrolled.exit_code == 0, enrolled.output
    assert "Collected: times of work" in enrolled.output
    assert "names of applications" in enrolled.output
    assert "titles of windows" in enrolled.output.split("Not collected:")[1]
    assert "not running" in status.output
    assert as_json["running"] is False
    assert as_json["policy"]["version"] == 1
    assert "titles of windows" in as_json["not_collected"]


def test_command_says_what_to_compare_and_waits_until_the_computer_is_approved(
    hub: EnrolHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAYLIGHT_AGENT_STATE", str(tmp_path))
    monkeypatch.setattr("agents.commands.real_keyring", lambda: None)
    hub.waits = 2

    done = CliRunner().invoke(agent, ["enrol", "--hub", hub.url, "CODE"])

    assert done.exit_code == 0, done.output
    assert (hub.asked[0].waits, hub.again) == (True, ["r1", "r1"])
    assert done.output.count("ABCD-EFGH") == 2
    assert f"{hub.url}/devices?confirm=ABCD-EFGH" in done.output
    assert "Enrolled with" in done.output


def test_hub_that_does_not_answer_for_a_while_ends_no_waiting_for_a_person(hub: EnrolHub, tmp_path: Path) -> None:
    hub.waits = 4

    def meanwhile(_: EnrolAsked) -> None:
        hub.status = 503 if len(hub.again) < 3 else 200

    enrolled = enrol(Home(tmp_path / "h"), hub.url, "c", "desk", None, asked=meanwhile)

    assert (enrolled.device, hub.again) == (DEVICE, ["r1"] * 4)


def test_hub_that_never_answers_again_ends_the_waiting(hub: EnrolHub, tmp_path: Path) -> None:
    hub.waits = 99

    def ended(_: EnrolAsked) -> None:
        hub.status = 503

    with pytest.raises(EnrolmentFailed, match="503"):
        enrol(Home(tmp_path / "h"), hub.url, "c", "desk", None, asked=ended)
    assert len(hub.again) == UNANSWERED_MAX
    assert not (tmp_path / "h").exists()


def test_computer_that_is_declined_keeps_nothing(hub: EnrolHub, tmp_path: Path) -> None:
    hub.waits = 9

    def decline(_: EnrolAsked) -> None:
        hub.status, hub.body = 400, b'{"title": "The person who was asked said that this computer is not theirs."}'

    with pytest.raises(EnrolmentRefused, match="not theirs"):
        enrol(Home(tmp_path / "h"), hub.url, "c", "desk", None, asked=decline)
    assert not (tmp_path / "h").exists()


def test_code_may_be_an_option_and_must_be_given(
    hub: EnrolHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAYLIGHT_AGENT_STATE", str(tmp_path))
    monkeypatch.setattr("agents.commands.real_keyring", lambda: None)
    run = CliRunner()

    assert run.invoke(agent, ["enrol", "--hub", hub.url]).exit_code == 2
    assert run.invoke(agent, ["enrol", "--hub", hub.url, "--code", "X", "--person", "a@b.c"]).exit_code == 0
    assert hub.asked[-1].person == "a@b.c"


def test_two_hubs_need_a_name(tmp_path: Path, hub: EnrolHub) -> None:
    enrol(settings.home_of(tmp_path, hub.url), hub.url, "c", "d", None)
    assert settings.home_of(tmp_path, None).enrolment().hub == hub.url
    other = settings.home_of(tmp_path, "https://other.example")
    enrol(other, hub.url, "c", "d", None)

    with pytest.raises(NotEnrolled, match="several hubs"):
        settings.home_of(tmp_path, None)
