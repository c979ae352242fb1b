"""An OpenID provider of others (`oidc-provider`, certified), run by Node, and somebody who signs in at it."""

import contextlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.ports import free_port
from tests.run import node
from tests.secrecy import keep_secret

SCRIPT = Path(__file__).with_name("openid_provider.mjs")
INSTALLED = (Path(__file__).parents[2] / "web" / "node_modules" / "oidc-provider").is_dir()
CLIENT, SECRET = "daylight", "daylight-secret-of-the-tests"
STEPS_MAX = 10
"""Pages of the provider on one way: to sign in, to agree, and what leads from one to the next."""


@contextlib.contextmanager
def provider(callback: str) -> Iterator[str]:
    """A provider that leads back to `callback`; its issuer."""
    port = free_port()
    process = subprocess.Popen([str(node()), str(SCRIPT), str(port), callback], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        while "ready" not in (line := process.stdout.readline()):
            assert line, "the provider did not start"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


def named(issuer: str) -> dict[str, str]:
    """Fields of the settings of a hub that knows this provider."""
    keep_secret(SECRET)
    return {
        "oidc_issuer": issuer,
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SECRET,
        "oidc_team_claim": "team",
        "oidc_name": "Halden ID",
    }


def visitor() -> httpx.AsyncClient:
    """A browser at the provider, which keeps it signed in there."""
    return httpx.AsyncClient(trust_env=False)


async def signed_in_at(address: str, as_: str, at: httpx.AsyncClient | None = None) -> str:
    """Goes to the provider, signs in there where it asks for that, and agrees; returns the address that leads back."""
    assert "code_challenge_method=S256" in address
    async with contextlib.AsyncExitStack() as stack:
        browser = at or await stack.enter_async_context(visitor())
        answer = await browser.get(address)
        for _ in range(STEPS_MAX):
            to = answer.headers.get("location", "")
            if "/api/sign-on/callback" in to:
                return to
            if to:
                answer = await browser.get(answer.url.join(to))
                continue
            form = {found[1]: found[2] for found in re.finditer(r'name="(\w+)" value="(\w*)"', answer.text)}
            action = re.search(r'action="([^"]+)"', answer.text)
            assert action, answer.text
            if form.get("prompt") == "login":
                form |= {"login": as_, "password": "any"}
            answer = await browser.post(answer.url.join(action[1]), data=form)
    raise AssertionError(answer.text)
