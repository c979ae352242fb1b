"""A real mail server on this machine (aiosmtpd), that takes mail, or does what servers do when they don't."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP as LINES
from pathlib import Path

import msgspec
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hub.settings import Settings
from tests import secrecy

USER, PASSWORD = "hub@halden.example", "post horn / 42"
secrecy.ALWAYS.add(PASSWORD)
SENDER = "daylight@halden.example"


class Mailbox:
    """What arrived, and how the server answers from now on."""

    def __init__(self) -> None:
        self.port = 0
        self.arrived: list[EmailMessage] = []
        self.envelopes: list[tuple[str, bool, bool]] = []
        """For each: from whom, over TLS, signed in."""
        self.said: dict[str, str] = {}
        """Answers to RCPT and DATA in place of a yes."""
        self.hangs_at: str | None = None
        self.cuts_at: str | None = None
        self._going = asyncio.Event()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return await self._answer("RCPT", server)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = await self._answer("DATA", server)
        if answer.startswith("250") or self.hangs_at or self.cuts_at:
            assert isinstance(envelope.content, bytes)
            over_tls = server.transport.get_extra_info("ssl_object") is not None
            self.arrived.append(BytesParser(EmailMessage, policy=LINES).parsebytes(envelope.content))
            self.envelopes.append((str(envelope.mail_from), over_tls, bool(session.authenticated)))
        return answer

    async def _answer(self, at: str, server: SMTP) -> str:
        if self.hangs_at == at:
            await self._going.wait()
        if self.cuts_at == at:
            server.transport.abort()
        return self.said.get(at, "250 OK")

    def texts(self) -> list[str]:
        return [message.get_content() for message in self.arrived]

    def close(self) -> None:
        self._going.set()


@contextlib.asynccontextmanager
async def mailbox(*, certificate: Path | None = None, from_the_start: bool = False) -> AsyncIterator[Mailbox]:
    """A server on loopback. With a certificate it speaks STARTTLS (or TLS at once), and wants to know who hands in mail."""
    box = Mailbox()
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)

    def authenticate(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: LoginPassword
    ) -> AuthResult:
        return AuthResult(success=given == LoginPassword(USER.encode(), PASSWORD.encode()))

    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(
            box,
            hostname="localhost",
            ident="test",
            loop=loop,
            tls_context=None if from_the_start else context,
            require_starttls=bool(context) and not from_the_start,
            auth_required=bool(context),
            auth_require_tls=not from_the_start,
            authenticator=authenticate,
        ),
        "127.0.0.1",
        0,
        ssl=context if from_the_start else None,
    )
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        box.close()
        server.close()


def with_mail(settings: Settings, box: Mailbox, scheme: str = "smtp+insecure", user: str = "") -> Settings:
    """The settings of a hub that hands its mail in there."""
    url = f"{scheme}://{user}localhost:{box.port}"
    return msgspec.structs.replace(settings, smtp_url=url, mail_from=SENDER)


def make_certificate(path: Path, name: str = "localhost") -> Path:
    """A certificate for `name` with its key, that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, nothing = serialization.Encoding.PEM, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, nothing) + certificate.public_bytes(pem))
    return path
