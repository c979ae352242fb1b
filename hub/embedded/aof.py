"""Valkey's append-only file, as far as it has to be mended.

Valkey 9.1 leaves a hole in it when the disk fills: it cuts off the record that was written in part, and goes on behind the place where that
ended. In between are zeros, and at its next start it refuses the whole file. Its tool that cuts the file off there is not in the wheel, and
would cost all that was written since.
"""

from pathlib import Path

_LINE_END = b"\r\n"


def mended(data: bytes) -> bytes:
    """The records of an append-only file, without holes between them, up to the first that can't be read."""
    kept: list[bytes] = []
    at = begin = 0
    while at < len(data):
        if data[at] == 0:
            kept.append(data[begin:at])
            while at < len(data) and data[at] == 0:
                at += 1
            begin = at
            continue
        try:
            at = _end_of(data, at)
        except ValueError:
            break
    return b"".join([*kept, data[begin:at]])


def mend(folder: Path) -> bool:
    """Mends the files of an append-only folder; whether there was anything to mend. What was there before is kept beside it.

    Raises `OSError`.
    """
    changed = False
    for path in sorted(folder.glob("*.incr.aof")):
        data = path.read_bytes()
        whole = mended(data)
        if whole != data:
            new = path.with_suffix(".mended")
            new.write_bytes(whole)
            new.chmod(0o600)
            path.replace(path.with_suffix(".broken"))
            new.replace(path)
            changed = True
    return changed


def _end_of(data: bytes, at: int) -> int:
    """Where the record or the annotation that begins here ends. Raises `ValueError` when it is neither, or is cut off."""
    if data[at : at + 1] == b"#":
        return data.index(b"\n", at) + 1
    count, at = _number(data, at, b"*")
    for _ in range(count):
        size, at = _number(data, at, b"$")
        at += size
        if data[at : at + 2] != _LINE_END:
            raise ValueError("no end of a word")
        at += 2
    return at


def _number(data: bytes, at: int, mark: bytes) -> tuple[int, int]:
    """The number of a line that begins with this mark, and where the next line begins."""
    end = data.index(_LINE_END, at)
    if data[at : at + 1] != mark or not data[at + 1 : end].isdigit():
        raise ValueError("no such line")
    return int(data[at + 1 : end]), end + 2
