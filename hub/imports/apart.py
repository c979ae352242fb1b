"""XLSX files are read in a process of their own, with so much time and memory and no more: the library for them bounds neither, and ten
kilobytes can be made to keep it busy for minutes. Nobody else waits meanwhile but who uploads another one.

Run as `python -m hub.imports.apart` by `read_apart`: the file comes in, and what it holds goes out.
"""

import asyncio
import contextlib
import os
import resource
import signal
import sys

import msgspec

from hub.errors import FileCode
from hub.imports.read import FILE_MAX_BYTES, READ_S, FileRefused, FileTooLarge, Line, Source, broken, read, slow

MEMORY_MAX_BYTES = 1024 * 1024 * 1024
"""Of addresses; a file of 5,000 rows takes a sixth."""
NICE = 5
"""Whoever waits for a file to be read waits for others' requests."""
_TURN = asyncio.Lock()


class Told(msgspec.Struct, frozen=True):
    """What a file holds, or why it can't be read: a `FileRefused`."""

    source: Source | None = None
    lines: list[Line] = []
    refused: tuple[str, FileCode, int | None] | None = None


async def read_apart(data: bytes, seconds: float = READ_S) -> tuple[Source, list[Line]]:
    """As `read.read`, one file at a time; `seconds` of a processor at the most, and twice as long by the clock. Raises `FileRefused`."""
    if len(data) > FILE_MAX_BYTES:
        raise FileTooLarge
    async with _TURN:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", __name__, str(max(1, round(seconds))),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(2 * seconds):
                said, _ = await process.communicate(data)
        except TimeoutError:
            raise slow() from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if process.returncode in {-signal.SIGXCPU, -signal.SIGKILL}:
        raise slow()
    if process.returncode != 0:
        raise broken()
    told = msgspec.msgpack.decode(said, type=Told)
    if told.refused is not None:
        raise FileRefused(*told.refused)
    assert told.source is not None
    return told.source, told.lines


def main() -> None:
    seconds = int(sys.argv[1])
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    with contextlib.suppress(ValueError, OSError):  # not every system bounds addresses
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX_BYTES, MEMORY_MAX_BYTES))
    try:
        source, lines = read(sys.stdin.buffer.read())
        told = Told(source, lines)
    except FileRefused as error:
        told = Told(refused=(str(error), error.code, error.limit))  # type: ignore[arg-type]  # a `FileCode`
    sys.stdout.buffer.write(msgspec.msgpack.encode(told))


if __name__ == "__main__":
    main()
