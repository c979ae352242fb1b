"""Examples for the API's description: made from the shapes themselves, with values that people know, so that every route has one.

Pure: asks a schema only. The same shape has the same example each time.
"""

from typing import Any

Described = dict[str, Any]

BY_NAME: dict[str, Any] = {
    "name": "Payments",
    "email": "bea@halden.example",
    "zone": "Europe/Oslo",
    "locale": "en",
    "language": "en",
    "password": "correct horse battery staple",
    "title": "There is nothing here for you.",
    "type": "about:blank",
    "request_id": "6c2f0f4a2b5f4f0e9a51a3a0d8f9c1e2",
    "status": 404,
    "find": "pay",
    "limit": 50,
    "Idempotency-Key": "6c2f0f4a-2b5f-4f0e-9a51-a3a0d8f9c1e2",
    "cursor": "WyJiZWEgbWVub24iLDNd",
    "next": "WyJiZWEgbWVub24iLDNd",
    "access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJpc3MiOi4uLn0.c2lnbmF0dXJl",
    "token_type": "Bearer",
    "expires_in": 900,
    "scope": "people:read teams:read",
    "grant_type": "client_credentials",
    "client_id": "8a1f5c1e-2f0b-4f43-9c5d-7d2d3a1b6e10",
    "client_secret": "dls_3q2-7wAAQm9v...",
    "secret": "dls_3q2-7wAAQm9v...",
    "ends_with": "Qm9v",
    "app": "Thunderbird",
    "site": "docs.example.org",
    "query": "team=2",
    "expected_min": [480, 480, 480, 480, 480, 0, 0],
    "hours": [[540, 1020]],
    "error": "invalid_client",
    "version": 1,
}
"""What a field of this name holds, if its shape allows it."""
BY_FORMAT = {
    "date-time": "2026-05-04T09:15:00Z",
    "date": "2026-05-04",
    "uuid": "8a1f5c1e-2f0b-4f43-9c5d-7d2d3a1b6e10",
    "binary": "...",
}
BY_TYPE: dict[str, Any] = {"string": "...", "integer": 2, "number": 1.5, "boolean": True, "null": None}
DEEP = 8
"""No shape of ours nests as far: one that holds itself ends here."""


def example_of(schema: Described, shapes: Described, name: str = "", depth: int = 0) -> Any:
    """A value of this schema; `shapes` are those that it may refer to."""
    if "$ref" in schema:
        return example_of(shapes[schema["$ref"].rsplit("/", 1)[1]], shapes, name, depth)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            told = [each for each in schema[key] if each.get("type") != "null"] or schema[key]
            return example_of(told[0], shapes, name, depth)
    kind = schema.get("type", "object")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if name in BY_NAME and _fits(BY_NAME[name], kind):
        return BY_NAME[name]
    if kind == "object":
        if depth >= DEEP:
            return {}
        named = {key: example_of(inner, shapes, key, depth + 1) for key, inner in schema.get("properties", {}).items()}
        others = schema.get("additionalProperties")
        return named or ({"2": example_of(others, shapes, "", depth + 1)} if isinstance(others, dict) else {})
    if kind == "array":
        return [] if depth >= DEEP else [example_of(schema.get("items", {}), shapes, name, depth + 1)]
    if schema.get("format") in BY_FORMAT:
        return BY_FORMAT[schema["format"]]
    if kind in {"integer", "number"} and "minimum" in schema:
        return max(schema["minimum"], BY_TYPE[kind])
    if kind == "string" and (shortest := schema.get("minLength", 0)) > len(BY_TYPE[kind]):
        return "A" * shortest
    return BY_TYPE[kind]


def _fits(value: Any, kind: str) -> bool:
    kinds: dict[str, Any] = {
        "string": str,
        "integer": int,
        "number": (int, float),
        "array": list,
        "boolean": bool,
        "object": dict,
    }
    return isinstance(value, kinds.get(kind, ())) and not (isinstance(value, bool) and kind != "boolean")
