"""The device's key (Ed25519, RFC 8032): made once at enrolment, kept by the desktop's keyring, or by a 0600 file where there is none."""

import base64
from typing import Literal, Protocol

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agents.errors import NotEnrolled
from agents.settings import Enrolment, Home, make_private, write_private

SERVICE = "daylight agent"


class Keyring(Protocol):
    """The part of `keyring.backend.KeyringBackend` that is used."""

    def get_password(self, service: str, username: str) -> str | None: ...
    def set_password(self, service: str, username: str, password: str) -> None: ...


def new_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes that the hub is given."""
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def keep_key(home: Home, key: Ed25519PrivateKey, device: str, keyring: Keyring | None) -> Literal["file", "keyring"]:
    """Stores the key; says where it lies."""
    raw = key.private_bytes_raw()
    if keyring is not None and _keep_in_keyring(keyring, device, raw):
        home.key.unlink(missing_ok=True)
        return "keyring"
    make_private(home.folder)
    write_private(home.key, raw)
    return "file"


def load_key(home: Home, enrolment: Enrolment, keyring: Keyring | None) -> Ed25519PrivateKey:
    """Raises `NotEnrolled` when the key is gone."""
    if enrolment.key == "keyring":
        kept = keyring.get_password(SERVICE, enrolment.device) if keyring is not None else None
        if kept is None:
            raise NotEnrolled("the keyring doesn't give this device's key: unlock it, or enrol again")
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(kept))
    try:
        return Ed25519PrivateKey.from_private_bytes(home.key.read_bytes())
    except (OSError, ValueError):
        raise NotEnrolled(f"this device's key can't be read from {home.key}: enrol again") from None


def real_keyring() -> Keyring | None:
    """The desktop's keyring; None where there is none (headless machines get `keyring.backends.fail`)."""
    try:
        import keyring
        import keyring.errors
    except ImportError:
        return None
    backend = keyring.get_keyring()
    try:
        usable = float(backend.priority) > 0
    except (RuntimeError, keyring.errors.KeyringError):
        return None
    return backend if usable else None


def _keep_in_keyring(keyring: Keyring, device: str, raw: bytes) -> bool:
    import keyring.errors as errors

    text = base64.b64encode(raw).decode()
    try:
        keyring.set_password(SERVICE, device, text)
        return keyring.get_password(SERVICE, device) == text
    except errors.KeyringError:
        return False
