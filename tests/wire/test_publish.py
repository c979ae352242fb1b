"""What is published says what the structs say."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

from hub.wire import publish
from hub.wire.agent import FromAgent, FromHub
from hub.wire.viewer import FromViewer, ToViewer


def test_published_files_are_what_the_structs_give() -> None:
    assert publish.drifted() == [], "run: python -m hub.wire.publish"


def test_drift_is_found(tmp_path: Path) -> None:
    for name, document in publish.documents().items():
        (tmp_path / name).write_text(publish.encoded(document), encoding="utf-8")
    assert publish.drifted(tmp_path) == []

    (tmp_path / "viewer.json").write_text("{}\n", encoding="utf-8")
    (tmp_path / "agent.json").unlink()

    assert publish.drifted(tmp_path) == ["agent.json", "viewer.json"]


def test_check_writes_nothing_and_succeeds_without_drift() -> None:
    before = {path: path.stat().st_mtime_ns for path in publish.FOLDER.iterdir()}

    result = subprocess.run([sys.executable, "-m", "hub.wire.publish", "--check"], cwd=publish.FOLDER.parents[1])

    assert result.returncode == 0
    assert {path: path.stat().st_mtime_ns for path in publish.FOLDER.iterdir()} == before


@pytest.mark.parametrize("name", ["agent.json", "viewer.json"])
def test_schemas_are_valid_and_whole(name: str) -> None:
    document = publish.documents()[name]

    jsonschema.Draft202012Validator.check_schema(document)
    assert _references(document) <= {f"#/$defs/{name}" for name in document["$defs"]}


def test_viewer_schema_names_the_unions_and_all_their_members() -> None:
    definitions = publish.documents()["viewer.json"]["$defs"]

    for name, union in (("ToViewer", ToViewer), ("FromViewer", FromViewer)):
        assert [each["$ref"] for each in definitions[name]["anyOf"]] == [
            f"#/$defs/{member.__name__}" for member in get_args(union)
        ]
    assert {"Tile", "Facts", "TeamName"} <= set(definitions)


def test_asyncapi_has_every_message_and_its_references_lead_somewhere() -> None:
    document = publish.documents()["asyncapi.json"]

    members = {member.__name__ for union in (FromAgent, FromHub, FromViewer, ToViewer) for member in get_args(union)}
    assert set(document["components"]["messages"]) == members
    for reference in _references(document):
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/")]


def _references(document: Any) -> set[str]:
    text = json.dumps(document)
    found: set[str] = set()
    json.loads(text, object_hook=lambda each: found.update([each["$ref"]] if "$ref" in each else []) or each)
    return found
