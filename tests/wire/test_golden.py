"""Frames of old versions are read as they were meant, and newer ones as far as they are known."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from hub.wire import publish
from hub.wire.agent import Hello, Presence
from tests.wire import golden

CASES = golden.cases()
UNHEARD_OF = {"deep": [{"er": None}], "t": "batch", "n": 1.5}


@pytest.mark.parametrize("name", CASES)
def test_kept_frame_reads_as_it_was_meant(name: str) -> None:
    _, frame, codec = CASES[name]

    assert codec.decode((golden.FOLDER / name).read_bytes()) == frame


@pytest.mark.parametrize("name", [name for name in CASES if name.endswith(".json")])
def test_kept_json_frame_reads_as_text_and_keeps_to_the_published_schema(name: str) -> None:
    _, frame, codec = CASES[name]
    text = (golden.FOLDER / name).read_text(encoding="utf-8")
    viewer = type(frame).__module__ == "hub.wire.viewer"
    schema = publish.documents()["viewer.json" if viewer else "agent.json"]

    assert codec.decode(text) == frame
    jsonschema.validate(json.loads(text), {**schema, "$ref": f"#/$defs/{type(frame).__name__}"})


def test_every_frame_has_a_kept_file() -> None:
    assert {type(frame) for _, frame, _ in CASES.values()} == golden.every_frame()
    assert {path.name for path in golden.FOLDER.iterdir()} >= set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_fields_of_a_later_version_are_ignored(name: str) -> None:
    _, frame, codec = CASES[name]
    data = (golden.FOLDER / name).read_bytes()

    assert codec.decode(_packed(_with_unheard_of(_unpacked(data, codec.text)), codec.text)) == frame


@pytest.mark.parametrize("name", CASES)
def test_fields_that_an_earlier_version_did_not_send_have_their_defaults(name: str) -> None:
    _, frame, codec = CASES[name]
    values = _unpacked((golden.FOLDER / name).read_bytes(), codec.text)
    optional = [field for field in msgspec.structs.fields(frame) if not field.required]

    for field in optional:
        older = {key: value for key, value in values.items() if key != field.name}
        default = [] if field.default is msgspec.NODEFAULT else field.default

        assert codec.decode(_packed(older, codec.text)) == msgspec.structs.replace(frame, **{field.name: default})


def test_writing_never_touches_a_kept_file(tmp_path: Path) -> None:
    assert golden.write_missing(tmp_path) == list(CASES)
    (tmp_path / "ack.bin").write_bytes(b"as it was")
    (tmp_path / "loss.json").unlink()

    assert golden.write_missing(tmp_path) == ["loss.json"]
    assert (tmp_path / "ack.bin").read_bytes() == b"as it was"


def test_required_fields_stay_required() -> None:
    """What a frame can't be without is part of version 1; a default for it would hide a broken agent."""
    required = {
        struct: [field.name for field in msgspec.structs.fields(struct) if field.required]
        for struct in (Hello, Presence)
    }

    assert required == {Hello: ["device", "epoch", "next_seq"], Presence: ["n", "at", "policy"]}


def _unpacked(data: bytes, text: bool) -> dict[str, Any]:
    return json.loads(data) if text else msgspec.msgpack.decode(data)


def _packed(values: dict[str, Any], text: bool) -> bytes:
    return json.dumps(values).encode() if text else msgspec.msgpack.encode(values)


def _with_unheard_of(value: Any) -> Any:
    if isinstance(value, dict):
        return {"aaa": UNHEARD_OF, **{key: _with_unheard_of(part) for key, part in value.items()}, "zzz": UNHEARD_OF}
    if isinstance(value, list):
        return [_with_unheard_of(part) for part in value]
    assert value is None or isinstance(value, (str, int, float, bytes, datetime))
    return value
