"""The wire, published from its structs: AsyncAPI and JSON Schema in `docs/schema/`, from which others write agents and the web its types.

`python -m hub.wire.publish` writes the files, `--check` writes nothing and exits 1 when one of them is not what the structs give.
"""

import argparse
import ast
import inspect
import json
import sys
import textwrap
from pathlib import Path
from typing import Any, get_args

import msgspec

from hub.wire.agent import (
    FRAME_MAX_BYTES,
    SUBPROTOCOL_JSON,
    SUBPROTOCOL_MSGPACK,
    Enrol,
    Enrolled,
    FromAgent,
    FromHub,
)
from hub.wire.closing import Close
from hub.wire.viewer import FromViewer, ToViewer

FOLDER = Path(__file__).parents[2] / "docs" / "schema"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_VERSION = "1.0.0"
"""Of the wire, not of the program. The first number is the one in the subprotocol."""

Document = dict[str, Any]


def documents() -> dict[str, Document]:
    """Every published file by name."""
    return {"agent.json": _agent_schema(), "viewer.json": _viewer_schema(), "asyncapi.json": _asyncapi()}


def encoded(document: Document) -> str:
    """As it stands in its file."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def drifted(folder: Path = FOLDER) -> list[str]:
    """Names of files in the folder that are not what the structs give, or are not there."""
    return [
        name
        for name, document in documents().items()
        if not (path := folder / name).is_file() or path.read_text(encoding="utf-8") != encoded(document)
    ]


def main(arguments: list[str] | None = None) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m hub.wire.publish", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is out of date")
    if parser.parse_args(arguments).check:
        names = drifted()
        if names:
            sys.stderr.write(f"docs/schema is not what the structs give: {', '.join(names)}\n")
            sys.stderr.write("run: python -m hub.wire.publish\n")
        return 1 if names else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, document in documents().items():
        (FOLDER / name).write_text(encoded(document), encoding="utf-8")
    return 0


def _agent_schema() -> Document:
    return {
        "$schema": _DIALECT,
        "title": "Daylight agent protocol, version 1",
        "description": "Frames of the agent socket /agent/v1, and the bodies of POST /agent/v1/enrol. Binary fields are base64 in JSON.",
        "anyOf": [{"$ref": "#/$defs/FromAgent"}, {"$ref": "#/$defs/FromHub"}],
        "$defs": _definitions({"FromAgent": FromAgent, "FromHub": FromHub}, (Enrol, Enrolled)),
    }


def _viewer_schema() -> Document:
    return {
        "$schema": _DIALECT,
        "title": "Daylight viewer protocol",
        "description": "Frames of the viewer socket /live.",
        "anyOf": [{"$ref": "#/$defs/ToViewer"}, {"$ref": "#/$defs/FromViewer"}],
        "$defs": _definitions({"ToViewer": ToViewer, "FromViewer": FromViewer}),
    }


def _definitions(
    unions: dict[str, Any], structs: tuple[Any, ...] = (), template: str = "#/$defs/{name}"
) -> dict[str, Any]:
    """The schemas of all members and what they are made of, and each union under its name."""
    members = [*(member for union in unions.values() for member in get_args(union)), *structs]
    _, components = msgspec.json.schema_components(members, ref_template=template)
    for struct in _structs(members):
        properties = components[struct.__name__]["properties"]
        for field, said in _said_of_fields(struct).items():
            if "$ref" not in properties[field]:
                properties[field] = {"description": said, **properties[field]}
    for name, union in unions.items():
        components[name] = {
            "description": f"One of these, told apart by `t`: {', '.join(_tag(member) for member in get_args(union))}.",
            "anyOf": [{"$ref": template.format(name=member.__name__)} for member in get_args(union)],
        }
    return {name: _plain(schema) for name, schema in sorted(components.items())}


def _plain(schema: Any) -> Any:
    """Without `discriminator`: it is OpenAPI's, and in AsyncAPI means something else. `t` says the same."""
    if isinstance(schema, list):
        return [_plain(part) for part in schema]
    if isinstance(schema, dict):
        return {key: _plain(part) for key, part in schema.items() if key != "discriminator"}
    return schema


def _structs(types: list[Any]) -> set[Any]:
    """The structs among these types and in their fields."""
    found: set[Any] = set()
    ahead = [msgspec.inspect.type_info(each) for each in types]
    while ahead:
        info: Any = ahead.pop()
        if isinstance(info, msgspec.inspect.StructType) and info.cls not in found:
            found.add(info.cls)
            ahead += [field.type for field in info.fields]
        ahead += getattr(info, "types", ())
        for inner in ("item_type", "type"):
            ahead += [getattr(info, inner)] if hasattr(info, inner) else []
    return found


def _said_of_fields(struct: Any) -> dict[str, str]:
    """The text under each field of a struct's source."""
    source = ast.parse(textwrap.dedent(inspect.getsource(struct))).body[0]
    assert isinstance(source, ast.ClassDef)
    said = {}
    for field, below in zip(source.body, source.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                said[name] = inspect.cleandoc(text)
    return said


def _asyncapi() -> Document:
    unions = {"FromAgent": FromAgent, "FromHub": FromHub, "FromViewer": FromViewer, "ToViewer": ToViewer}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Daylight",
            "version": _VERSION,
            "description": "The sockets of a Daylight hub: agents that report, browsers that view. See docs/protocol.md.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "hub": {
                "host": "{host}",
                "protocol": "wss",
                "description": "A hub, at the public origin of its deployment.",
                "variables": {
                    "host": {"default": "localhost:8000", "description": "Host and port of the public origin."}
                },
            }
        },
        "channels": {
            "agent": _channel(
                "/agent/v1",
                f"One device. Subprotocol `{SUBPROTOCOL_MSGPACK}` (binary frames) or `{SUBPROTOCOL_JSON}` (text frames); frames of at "
                f"most {FRAME_MAX_BYTES} bytes. {_closes('agent')}",
                FromAgent,
                FromHub,
            ),
            "live": _channel(
                "/live",
                f"One browser, signed in, of the hub's own origin. Text frames. {_closes('viewer')}",
                FromViewer,
                ToViewer,
            ),
        },
        "operations": {
            "fromAgent": _operation("receive", "agent", FromAgent),
            "toAgent": _operation("send", "agent", FromHub),
            "fromViewer": _operation("receive", "live", FromViewer),
            "toViewer": _operation("send", "live", ToViewer),
        },
        "components": {
            "messages": {
                member.__name__: {
                    "name": _tag(member),
                    "summary": (member.__doc__ or "").split("\n")[0],
                    "payload": {"$ref": f"#/components/schemas/{member.__name__}"},
                }
                for union in unions.values()
                for member in get_args(union)
            },
            "schemas": _definitions(unions, (Enrol, Enrolled), "#/components/schemas/{name}"),
        },
    }


def _channel(address: str, description: str, *unions: Any) -> Document:
    return {
        "address": address,
        "description": description,
        "messages": {
            member.__name__: {"$ref": f"#/components/messages/{member.__name__}"}
            for union in unions
            for member in get_args(union)
        },
        "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
    }


def _operation(action: str, channel: str, union: Any) -> Document:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{member.__name__}"} for member in get_args(union)],
    }


def _closes(peer: str) -> str:
    codes = ", ".join(f"{code.value} {code.name.lower()}" for code in Close)
    return f"Close codes tell the {peer} its duty (41xx try again, 42xx renew who you are, 43xx stop): {codes}."


def _tag(struct: Any) -> str:
    return str(struct.__struct_config__.tag)


if __name__ == "__main__":
    sys.exit(main())
