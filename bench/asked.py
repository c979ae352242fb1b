"""A process of a benchmark that is asked for things, a line of JSON at a time: both ends of it."""

import asyncio
import contextlib
import json
import resource
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

Answer = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class Asked:
    """The other end. Its answers come in the order of the questions."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self._turn = asyncio.Lock()

    async def ask(self, what: str, **more: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        async with self._turn:
            self.process.stdin.write(json.dumps({"what": what, **more}).encode() + b"\n")
            answer = await self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"a process of the benchmark has ended with {await self.process.wait()}")
        told: dict[str, Any] = json.loads(answer)
        return told


@contextlib.asynccontextmanager
async def asked(module: str, *arguments: str) -> AsyncIterator[Asked]:
    """`python -m module arguments`, until the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 26,
    )  # fmt: skip
    try:
        yield Asked(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def answer(to: Answer) -> None:
    """Answers on standard output until standard input ends."""
    reader = asyncio.StreamReader(limit=1 << 26)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        print(json.dumps(await to(json.loads(line))), flush=True)


def allow_many_connections() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
