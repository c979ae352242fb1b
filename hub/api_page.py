"""`/api/docs`: the API's description as a page. Plain HTML, made once from what `openapi.described` says: no script, nothing loaded.

A viewer off the shelf (Scalar: 3 MB of script) would need a policy that allows scripts, and styles without a name. This page's own
allows one style sheet, named by its hash, and nothing else.
"""

import base64
import hashlib
import html
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, get

from hub import openapi
from hub.openapi import Described

STYLE = """
:root{color-scheme:light dark;--ink:light-dark(#1c2024,#e8eaed);--soft:light-dark(#5b6470,#a2abb6);
--line:light-dark(#dfe3e8,#30363d);--back:light-dark(#f7f8fa,#14171a);--sheet:light-dark(#fff,#1b1f23);
--sunken:light-dark(#f1f3f5,#14171a);--accent:light-dark(#2457c5,#8fb4ff)}*{box-sizing:border-box}body{margin:0;
background:var(--back);color:var(--ink);font:14px/20px Inter,system-ui,sans-serif}main{max-width:880px;margin:0 auto;
padding:24px 16px 64px}h1{font-size:22px;line-height:28px;margin:0}h2{font-size:16px;margin:32px 0 8px}
h3{font-size:13px;margin:16px 0 4px}p{margin:4px 0 8px;max-width:76ch}a{color:var(--accent)}.soft{color:var(--soft)}
details{background:var(--sheet);border:1px solid var(--line);border-radius:8px;margin:8px 0}summary{padding:10px 14px;
cursor:pointer;overflow-wrap:anywhere}details>div{padding:0 14px 14px;border-top:1px solid var(--line)}
code,pre{font:12.5px/18px ui-monospace,monospace}pre{margin:4px 0;padding:10px 12px;background:var(--sunken);
border:1px solid var(--line);border-radius:6px;overflow:auto}.method{display:inline-block;min-width:58px;
font:600 12px/18px ui-monospace,monospace;color:var(--accent)}table{border-collapse:collapse;width:100%}
td,th{text-align:start;vertical-align:top;padding:5px 8px 5px 0;border-top:1px solid var(--line);font-size:13px}
th{font-weight:500;color:var(--soft);border:0}td{overflow-wrap:anywhere}:focus-visible{outline:2px solid var(--accent);
outline-offset:2px}
"""
POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
)
_STATE_KEY = "api_page"
_WAYS = {"session": "A browser that has signed in", "client": "an API client", "token": "a token of one's own"}


@get("/api/docs", include_in_schema=False, media_type=MediaType.HTML, sync_to_thread=False)
def read_api_page(request: "Request[Any, Any, Any]") -> Response[str]:
    state = request.app.state
    if state.get(_STATE_KEY) is None:
        state[_STATE_KEY] = page(openapi.described(request.app))
    return Response(state[_STATE_KEY], headers={"content-security-policy": POLICY})


ROUTES = [read_api_page]


def page(told: Described) -> str:
    """The whole page."""
    groups: dict[str, list[str]] = {}
    for path, item in told["paths"].items():
        for method, operation in item.items():
            group = operation["tags"][0]
            groups.setdefault(group, []).append(_operation(method.upper(), path, operation, told))
    groups = {openapi.PROGRAMS: groups.pop(openapi.PROGRAMS, []), **dict(sorted(groups.items()))}
    parts = "".join(f"<h2>{_said(group)}</h2>{''.join(held)}" for group, held in groups.items() if held)
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>API · Daylight</title>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        f"<style>{STYLE}</style></head><body><main><h1>The API of Daylight</h1>{_INTRODUCTION}{parts}</main></body></html>"
    )


_INTRODUCTION = f"""
<p class='soft'>As an OpenAPI document: <a href='{openapi.PATH}'>{openapi.PATH}</a>. The routes for programs keep what
they promise within
version 1; the others are those of Daylight's own pages, and may change with them.</p>
<h2>Who may ask</h2>
<p>An <b>API client</b> is made by an admin, for named teams. It trades its id and secret for a token that serves 15
minutes:</p>
<pre tabindex="0">curl -u "$CLIENT_ID:$CLIENT_SECRET" -d grant_type=client_credentials https://daylight.example/api/oauth/token
curl -H "Authorization: Bearer $TOKEN" https://daylight.example/api/v1/people</pre>
<p>A <b>token of your own</b>, made on your account page, is sent the same way. It reads what you may read, as far as
its scopes go.</p>
<h2>What comes back</h2>
<p>JSON. An error is a problem document (RFC 9457) with a title for people, the field that it is about and the id of the
request, which is in the
hub's log as well. Lists come in pages: ask for the next one with <code>cursor</code> set to <code>next</code> of the
one before. What comes or
goes meanwhile moves nothing on the pages to come.</p>
"""


def _operation(method: str, path: str, told: Described, whole: Described) -> str:
    parts = []
    ways = [_WAYS[way] + _scopes(scopes) for each in told["security"] for way, scopes in each.items() if way in _WAYS]
    parts.append(f"<h3>Who</h3><p>{_said(', or '.join(ways) or 'Anybody')}.</p>")
    if parameters := told.get("parameters"):
        rows = "".join(
            f"<tr><td><code>{_said(each['name'])}</code></td><td>{_said(each['in'])}</td><td>{_said(each.get('description', ''))} "
            f"<code>{_said(_kind(each.get('schema', {})))}</code></td></tr>"
            for each in parameters
        )
        parts.append(f"<h3>Parameters</h3><table><tr><th>Name</th><th>In</th><th>What</th></tr>{rows}</table>")
    for kind, media in told.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<h3>Body, {_said(kind)}</h3>{_example(media)}")
    for status, answer in told["responses"].items():
        if status.startswith("2"):
            shown = "".join(_example(media) for media in answer.get("content", {}).values())
            parts.append(f"<h3>{status}</h3>{shown or '<p>Nothing more.</p>'}")
    errors = [(status, _description(answer, whole)) for status, answer in told["responses"].items() if status >= "4"]
    rows = "".join(f"<tr><td><code>{status}</code></td><td>{_said(words)}</td></tr>" for status, words in errors)
    parts.append(f"<h3>Errors</h3><table>{rows}</table>")
    return (
        f"<details id='{_said(told['operationId'])}'><summary><span class='method'>{method}</span> <code>{_said(path)}</code> "
        f"<span class='soft'>{_said(told['summary'])}</span></summary><div>{''.join(parts)}</div></details>"
    )


def _scopes(scopes: list[str]) -> str:
    return f" with the scope {' '.join(scopes)}" if scopes else ""


def _example(media: Described) -> str:
    if "example" not in media:
        return ""
    text = msgspec.json.format(msgspec.json.encode(media["example"]), indent=2).decode()
    return f"<pre tabindex='0'>{_said(text)}</pre>"


def _description(answer: Described, whole: Described) -> str:
    if "$ref" in answer:
        answer = whole["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
    return str(answer["description"])


def _kind(schema: Described) -> str:
    told = [each.get("type", "") for each in schema.get("oneOf") or schema.get("anyOf") or [schema]]
    return " or ".join(str(each) for each in told if each and each != "null")


def _said(text: str) -> str:
    return html.escape(str(text))
