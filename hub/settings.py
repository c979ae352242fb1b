"""The settings, read once from the environment by the composition roots (`app`, `worker`, `cli`) and passed on.

`.env.example` lists every variable. A file `.env` in the working directory is read first; the environment wins.
"""

import ipaddress
import os
import re
import secrets
import zlib
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from hub.errors import StartError

Environment = Literal["development", "production"]
LogLevel = Literal["debug", "info", "warning"]


class MailServer(msgspec.Struct, frozen=True, kw_only=True):
    """Where mail is handed in, as `SMTP_URL` says it."""

    host: str
    port: int
    user: str | None
    password: str | None
    tls: Literal["from the start", "STARTTLS", "none"]


class ObjectStore(msgspec.Struct, frozen=True, kw_only=True):
    """Where objects are kept, as `S3_URL` says it."""

    endpoint: str
    access_key: str
    secret_key: str
    name: str
    """What its buckets are named after."""
    region: str


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings. `None` for a URL means: start that server ourselves, from a wheel, in `data`."""

    environment: Environment = "development"
    data: Path = Path(".data")
    host: str = "127.0.0.1"
    port: int = 8000
    processes: int = 1
    public_origin: str = ""
    """What browsers and agents call us: scheme, host and port. Signed by agents, compared with `Origin`."""
    database_url: str | None = None
    database_owner_url: str | None = None
    """As who owns the audit's tables and brings the schema up to date: see `grants.py`. `None`: the same role as the hub's."""
    redis_url: str | None = None
    feed_url: str | None = None
    """Of the presence feed, when that is not the Redis of sessions, limits and the queue: it may be a cluster."""
    s3_url: str | None = None
    """Of the object store: see `object_store`."""
    smtp_url: str | None = None
    """Of the mail server: see `mail_server`. `None`: no mail is sent, and admins are shown the links that would be in it."""
    mail_from: str = ""
    """Address that mail comes from. Needed where `smtp_url` is set."""
    secret: str = ""
    """At least 32 random characters; signs CSRF tokens. Made and kept in `data` when none is set in development."""
    demo: bool = True
    admin_email: str = "admin@daylight.localhost"
    admin_password: str = ""
    oidc_issuer: str = ""
    """Of the OpenID provider that people may sign in through. Empty: there is none."""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_scopes: str = "openid profile email"
    oidc_team_claim: str = ""
    """The claim of the ID token that names the team of people who come for the first time."""
    oidc_name: str = ""
    """What the button on the sign-in page calls the provider: its host, when empty."""
    trusted_proxies: str = ""
    """Addresses and networks, separated by commas, whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. Never everybody's."""
    log_level: LogLevel = "info"
    drain_delay_s: float = 0.0
    """After SIGTERM a hub says for this long that it is not ready, and still takes connections: until a load balancer has seen it."""

    @property
    def origin(self) -> str:
        return self.public_origin or f"http://localhost:{self.port}"

    @property
    def secure(self) -> bool:
        """Whether cookies are sent over TLS only."""
        return self.origin.startswith("https://")

    @property
    def mail_server(self) -> MailServer | None:
        """The server that `smtp_url` names; `None` where no mail is set up."""
        return mail_server(self.smtp_url) if self.smtp_url else None

    @property
    def object_store(self) -> ObjectStore | None:
        """The store that `s3_url` names; `None` where there is none."""
        return object_store(self.s3_url) if self.s3_url else None


# Environment variable of each field. The short names are the ones `make up` is documented with.
NAMES = {
    "environment": "DAYLIGHT_ENVIRONMENT",
    "data": "DATA",
    "host": "HOST",
    "port": "PORT",
    "processes": "PROCESSES",
    "public_origin": "DAYLIGHT_PUBLIC_ORIGIN",
    "database_url": "DATABASE_URL",
    "database_owner_url": "DATABASE_OWNER_URL",
    "redis_url": "REDIS_URL",
    "feed_url": "FEED_URL",
    "s3_url": "S3_URL",
    "smtp_url": "SMTP_URL",
    "mail_from": "DAYLIGHT_MAIL_FROM",
    "secret": "DAYLIGHT_SECRET",
    "demo": "DEMO",
    "admin_email": "DAYLIGHT_ADMIN_EMAIL",
    "admin_password": "DAYLIGHT_ADMIN_PASSWORD",
    "oidc_issuer": "OIDC_ISSUER",
    "oidc_client_id": "OIDC_CLIENT_ID",
    "oidc_client_secret": "OIDC_CLIENT_SECRET",
    "oidc_scopes": "OIDC_SCOPES",
    "oidc_team_claim": "OIDC_TEAM_CLAIM",
    "oidc_name": "OIDC_NAME",
    "trusted_proxies": "DAYLIGHT_TRUSTED_PROXIES",
    "log_level": "DAYLIGHT_LOG_LEVEL",
    "drain_delay_s": "DAYLIGHT_DRAIN_DELAY_S",
}
SECRET_MIN_CHARACTERS = 32
MAIL_SCHEMES: dict[str, tuple[Literal["from the start", "STARTTLS", "none"], int]] = {
    "smtps": ("from the start", 465),
    "smtp": ("STARTTLS", 587),
    "smtp+insecure": ("none", 25),
}
"""How TLS is spoken, and on which port where none is given (RFC 8314; RFC 6409)."""
_SECRETS = {"s3_url", "smtp_url", "oidc_client_secret"}
"""Never repeated in an error."""
STORE_NAME, STORE_REGION = "daylight", "us-east-1"
"""Of an object store whose address names neither."""
SECRET_MIN_BYTES = 24
"""What a secret must come to when what repeats in it is taken out: 32 hexadecimal digits by chance come to 30 and more, a word that is
written again and again to fewer than 20."""
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
"""Hosts that only this machine reaches: without TLS nobody listens in, and browsers say so too."""
REDIS_NAME = "daylight-hub"
"""What a hub process calls its connections to Redis (`CLIENT LIST`)."""
DRAIN_DELAY_MAX_S = 300
RESTORING = ".restoring"
"""What is added to the name of a data folder while it is restored beside its place."""
RESTORED = "restored"
"""A file in the data folder: it came from a backup, of which moment is in it."""


def read(environ: dict[str, str] | None = None) -> Settings:
    """The settings from the environment. Raises `StartError` that names the variable that is wrong."""
    values = _dotenv(Path(".env")) | dict(os.environ) if environ is None else environ
    given: dict[str, object] = {}
    for field, name in NAMES.items():
        raw = values.get(name, "").strip()
        if not raw:
            continue
        try:
            given[field] = _convert(field, raw)
        except ValueError as error:
            said = name if field in _SECRETS else f"{name}={raw!r}"
            raise StartError(f"{said} is not usable: {error}") from None
    settings = Settings(**given)  # type: ignore[arg-type]
    if settings.smtp_url and not settings.mail_from:
        raise StartError("DAYLIGHT_MAIL_FROM must be set where SMTP_URL is: the address that mail comes from")
    if settings.oidc_issuer and not (settings.oidc_client_id and settings.oidc_client_secret):
        raise StartError("OIDC_CLIENT_ID and OIDC_CLIENT_SECRET must be set where OIDC_ISSUER is")
    settings = msgspec.structs.replace(settings, data=settings.data.expanduser().resolve())
    if settings.environment == "production":
        _refuse_unsafe(settings)
    return settings


def as_environment(settings: Settings) -> dict[str, str]:
    """The settings as a child of this process reads them, with the rest of our environment."""
    given = {
        name: "1" if value is True else "0" if value is False else str(value)
        for field, name in NAMES.items()
        if (value := getattr(settings, field)) not in (None, "")
    }
    return {**os.environ, **given, "PYTHONUNBUFFERED": "1"}


def with_secret(settings: Settings) -> Settings:
    """The settings with a secret: the one that is set, or one made once and kept in the data folder."""
    if settings.secret:
        return settings
    path = settings.data / "secret"
    settings.data.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
    return msgspec.structs.replace(settings, secret=path.read_text())


def _convert(field: str, raw: str) -> object:
    match field:
        case "port" | "processes":
            number = int(raw)
            low, high = (1, 65535) if field == "port" else (1, 64)
            if not low <= number <= high:
                raise ValueError(f"expected a number from {low} to {high}")
            return number
        case "drain_delay_s":
            seconds = float(raw)
            if not 0 <= seconds <= DRAIN_DELAY_MAX_S:
                raise ValueError(f"expected seconds from 0 to {DRAIN_DELAY_MAX_S}")
            return seconds
        case "demo":
            if raw.lower() not in {"0", "1", "true", "false", "yes", "no"}:
                raise ValueError("expected 0 or 1")
            return raw.lower() in {"1", "true", "yes"}
        case "data":
            return Path(raw)
        case "environment":
            if raw not in get_args(Environment):
                raise ValueError(f"expected one of {', '.join(get_args(Environment))}")
            return raw
        case "log_level":
            if raw.lower() not in get_args(LogLevel):
                raise ValueError(f"expected one of {', '.join(get_args(LogLevel))}")
            return raw.lower()
        case "oidc_issuer":
            issuer = urlsplit(raw)
            plain = issuer.scheme == "http" and issuer.hostname in LOOPBACK
            if not issuer.hostname or not (issuer.scheme == "https" or plain) or issuer.query or issuer.fragment:
                raise ValueError("expected the https address that the provider gives as its issuer")
            return raw
        case "oidc_scopes":
            if "openid" not in raw.split():
                raise ValueError("expected openid among them")
            return " ".join(raw.split())
        case "public_origin":
            if not raw.startswith(("http://", "https://")) or raw.count("/") != 2:
                raise ValueError("expected scheme, host and port only, as in https://daylight.example.org")
            return raw.lower()
        case "s3_url":
            object_store(raw)
            return raw
        case "smtp_url":
            mail_server(raw)
            return raw
        case "mail_from":
            if not re.fullmatch(r"[^\s@<>,;]+@[A-Za-z0-9.-]+", raw):
                raise ValueError("expected an address, as in daylight@example.org")
            return raw
        case "trusted_proxies":
            for named in raw.split(","):
                if not ipaddress.ip_network(named.strip(), strict=False).prefixlen:
                    raise ValueError("that is everybody: name the proxies")
            return ",".join(named.strip() for named in raw.split(","))
        case _:
            return raw


def mail_server(url: str) -> MailServer:
    """What an `SMTP_URL` says. Raises `ValueError`, without what is in it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("its host or port can't be read") from None
    if parts.scheme not in MAIL_SCHEMES or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError(f"expected {', '.join(MAIL_SCHEMES)} and a host, as in smtp://user:password@mail.example.org")
    tls, usual_port = MAIL_SCHEMES[parts.scheme]
    user, password = (None if part is None else unquote(part) for part in (parts.username, parts.password))
    if (user is None) != (password is None):
        raise ValueError("expected a user and a password, or neither")
    if tls == "none" and user is not None:
        raise ValueError("a password is sent over TLS only: smtp:// or smtps://")
    return MailServer(host=parts.hostname, port=port or usual_port, user=user, password=password, tls=tls)


def object_store(url: str) -> ObjectStore:
    """What an `S3_URL` says: `https://ACCESS_KEY:SECRET_KEY@host[:port][/NAME][?region=REGION]`.

    Raises `ValueError`, without what is in it.
    """
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise ValueError("its host or port can't be read") from None
    if parts.scheme not in {"http", "https"} or not (parts.hostname and parts.username and parts.password):
        raise ValueError("expected https://ACCESS_KEY:SECRET_KEY@host")
    name = parts.path.strip("/") or STORE_NAME
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{1,56}[a-z0-9]", name):
        raise ValueError("expected a name for the buckets behind the host: small letters, digits and -")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return ObjectStore(
        endpoint=f"{parts.scheme}://{host}{port}",
        access_key=unquote(parts.username),
        secret_key=unquote(parts.password),
        name=name,
        region=parse_qs(parts.query).get("region", [STORE_REGION])[0],
    )


def _refuse_unsafe(settings: Settings) -> None:
    missing = [
        NAMES[field]
        for field in ("public_origin", "database_url", "redis_url", "secret")
        if not getattr(settings, field)
    ]
    if missing:
        raise StartError(f"in production these must be set: {', '.join(missing)}")
    if not is_strong(settings.secret):
        raise StartError(
            f"DAYLIGHT_SECRET needs {SECRET_MIN_CHARACTERS} random characters of your own: `openssl rand -base64 48`"
        )
    server = settings.mail_server
    if server and server.tls == "none" and server.host not in LOOPBACK:
        raise StartError("SMTP_URL without TLS is for this machine only: links in mail open accounts")
    if not settings.secure and urlsplit(settings.origin).hostname not in LOOPBACK:
        raise StartError("in production DAYLIGHT_PUBLIC_ORIGIN begins with https://")


def is_strong(secret: str) -> bool:
    """Whether a secret is long enough and not one that stands in documents, is typed by hand, or repeats itself."""
    packed = zlib.compress(secret.encode(), 9, -zlib.MAX_WBITS)
    from_documents = secret.lower().startswith(("change-me", "changeme", "secret", "password", "daylight"))
    return len(secret) >= SECRET_MIN_CHARACTERS and len(packed) >= SECRET_MIN_BYTES and not from_documents


def _dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    pairs = (
        line.split("=", 1)
        for line in path.read_text().splitlines()
        if "=" in line and not line.lstrip().startswith("#")
    )
    return {name.strip(): value.strip().strip("'\"") for name, value in pairs}
