"""A deployment as compose.yaml has it, without Docker: hub processes behind nginx with the proxy's own configuration, on loopback."""

import contextlib
import os
import shutil
import signal
import ssl
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.ports import free_port

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "nginx"
NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
PROXY_ADDRESS = "127.0.0.9"
"""What the proxy calls the hubs from, and the only address whose X-Forwarded-For they believe."""
SECRET = "a-secret-of-the-deployment-that-is-long-enough"
START_S = 40.0


class Deployment:
    """Two hub processes and the proxy. A context manager; everything it started has ended when it is left."""

    def __init__(self, folder: Path, database_url: str, redis_url: str) -> None:
        self.folder = folder
        self.plain_port, self.tls_port, *self.hub_ports = (free_port() for _ in range(4))
        self.origin = f"https://localhost:{self.tls_port}"
        self.certificate = folder / "certificate.pem"
        self._environment = {
            "PATH": os.environ["PATH"],
            "DAYLIGHT_ENVIRONMENT": "production",
            "DAYLIGHT_PUBLIC_ORIGIN": self.origin,
            "DAYLIGHT_SECRET": SECRET,
            "DAYLIGHT_TRUSTED_PROXIES": PROXY_ADDRESS,
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "DATA": str(folder / "data"),
            "DEMO": "0",
        }
        self._hubs: list[subprocess.Popen[bytes] | None] = [None, None]
        self._nginx: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Deployment":
        try:
            self._configure()
            self.ensure_running()
            assert NGINX is not None
            account = " user root;" if os.geteuid() == 0 else ""
            self._nginx = self._spawn(
                "nginx",
                [
                    NGINX,
                    "-e",
                    "stderr",
                    "-p",
                    str(self.folder / "run"),
                    "-c",
                    str(self.folder / "conf" / "nginx.conf"),
                    "-g",
                    f"daemon off;{account}",
                ],
            )
            self._await(lambda: self.get("/health").status_code == 200, "nginx")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in (self._nginx, *self._hubs):
            if process is not None and process.poll() is None:
                process.terminate()
        for process in (self._nginx, *self._hubs):
            if process is not None:
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def ensure_running(self) -> None:
        """Starts the hubs that don't run, and waits until all are ready."""
        for number, port in enumerate(self.hub_ports):
            process = self._hubs[number]
            if process is None or process.poll() is not None:
                command = [
                    str(Path(sys.executable).with_name("daylight")),
                    "hub",
                    "--host",
                    "127.0.0.1",
                    "--port",
                    str(port),
                ]
                self._hubs[number] = self._spawn(f"hub-{number}", command)
        for number, port in enumerate(self.hub_ports):
            self._await(
                lambda port=port: httpx.get(f"http://127.0.0.1:{port}/ready").status_code == 200, f"hub-{number}"
            )

    def kill_hub(self, number: int) -> None:
        process = self._hubs[number]
        assert process is not None
        process.send_signal(signal.SIGKILL)
        process.wait()

    def agents_of(self, number: int) -> int:
        """How many agents are connected to this hub process, as it says itself."""
        figures = httpx.get(f"http://127.0.0.1:{self.hub_ports[number]}/metrics").text
        return int(float(next(line.split()[1] for line in figures.splitlines() if line.startswith("daylight_agents "))))

    def client(self, address: str = "127.0.0.1") -> httpx.Client:
        """A client of the proxy that connects from this address."""
        transport = httpx.HTTPTransport(
            local_address=address, verify=ssl.create_default_context(cafile=self.certificate)
        )
        return httpx.Client(transport=transport, base_url=self.origin)

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        with self.client() as client:
            return client.get(path, headers=headers)

    def _spawn(self, name: str, command: list[str]) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                command, cwd=self.folder, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _await(self, condition, name: str) -> None:  # type: ignore[no-untyped-def]
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError, OSError):
                if condition():
                    return
            time.sleep(0.05)
        log = self.folder / f"{name}.log"
        raise AssertionError(f"{name} is not ready after {START_S:.0f} s:\n{log.read_text()[-2000:]}")

    def _configure(self) -> None:
        """The proxy's configuration with other ports, addresses and certificate; nginx.conf itself as it is in production."""
        conf = self.folder / "conf"
        conf.mkdir()
        (self.folder / "run").mkdir()
        for name in ("nginx.conf", "types.conf"):
            shutil.copy(CONFIGURATION / name, conf)
        upstreams = (CONFIGURATION / "upstreams.conf").read_text()
        for address, port in zip(("172.31.93.11", "172.31.93.12"), self.hub_ports, strict=True):
            assert f"{address}:8000" in upstreams
            upstreams = upstreams.replace(f"{address}:8000", f"127.0.0.1:{port}")
        (conf / "upstreams.conf").write_text(f"{upstreams}\nproxy_bind {PROXY_ADDRESS};\n")
        listening = {"plain.conf": ("listen 8080", self.plain_port), "tls.conf": ("listen 8443", self.tls_port)}
        for name, (there, port) in listening.items():
            text = (CONFIGURATION / name).read_text()
            assert there in text
            text = text.replace(there, f"listen 127.0.0.1:{port}")
            text = text.replace("/run/secrets/tls_certificate", str(self.certificate))
            text = text.replace("/run/secrets/tls_key", str(self.folder / "key.pem"))
            (conf / name).write_text(text)
        self._certify()

    def _certify(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        now = datetime.now(UTC)
        names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))])
        certificate = (
            x509.CertificateBuilder(
                name,
                name,
                key.public_key(),
                x509.random_serial_number(),
                now - timedelta(hours=1),
                now + timedelta(days=1),
            )
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(names, critical=False)
            .sign(key, hashes.SHA256())
        )
        self.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        encoded = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (self.folder / "key.pem").write_bytes(encoded)
