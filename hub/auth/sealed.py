"""What the tables keep of sign-in secrets: sealed where it is needed again, a keyed hash where it is only compared.

Keys are derived from the deployment's secret, another one for each purpose: neither a table nor a backup of it gives anything away.
"""

import hashlib
import hmac
import os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12
"""Of AES-GCM (NIST SP 800-38D, 8.2.2): random ones serve for 2**32 seals under a key."""


def seal(secret: str, purpose: str, person: int, plain: bytes) -> bytes:
    """AES-256-GCM, nonce first. Bound to the person: moved to another's row it does not open."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key(secret, purpose)).encrypt(nonce, plain, _bound(person))


def unseal(secret: str, purpose: str, person: int, sealed: bytes) -> bytes:
    """What was sealed. Raises `cryptography.exceptions.InvalidTag` when it was changed, or the secret was."""
    return AESGCM(key(secret, purpose)).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bound(person))


def hashed(secret: str, purpose: str, person: int, text: str) -> bytes:
    """HMAC-SHA-256, for codes with too few bits for a bare hash."""
    return hmac.digest(key(secret, purpose), _bound(person) + text.encode(), hashlib.sha256)


def key(secret: str, purpose: str) -> bytes:
    """32 bytes that serve this purpose alone (HKDF, RFC 5869)."""
    return HKDF(hashes.SHA256(), 32, None, f"daylight {purpose}".encode()).derive(secret.encode())


def _bound(person: int) -> bytes:
    return f"{person}:".encode()
