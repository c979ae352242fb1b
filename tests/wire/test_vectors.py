"""Test vectors of what is signed and of digests, for whoever writes another agent. Both are computed here by hand as well."""

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hub.wire.activity import Facts
from hub.wire.agent import signed_bytes
from hub.wire.events import Gap, Interval, digest
from hub.wire.policy import NOTHING, Policy, permit

FOLDER = Path(__file__).parent / "vectors"
SIGNATURES = json.loads((FOLDER / "signature.json").read_text(encoding="utf-8"))
DIGESTS = json.loads((FOLDER / "digest.json").read_text(encoding="utf-8"))
KEPT = {
    "signature.json": "eb4deb10198ad4e83d01cebf6df082a38677a30c60eeeab78dde6524161e6a26",
    "digest.json": "6a56fe28ff05c2edcc99041557bef2ce76e78c561ca3199260991222ab2c2dd8",
}


@pytest.mark.parametrize("vector", SIGNATURES["valid"], ids=lambda vector: vector["name"])
def test_signature_vector(vector: dict[str, Any]) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vector["seed"]))
    signed = _signed(vector)

    assert signed.hex() == vector["signed"]
    assert signed == _by_hand(vector)
    assert key.public_key().public_bytes_raw().hex() == vector["public_key"]
    assert key.sign(signed).hex() == vector["signature"]  # Ed25519 is deterministic
    key.public_key().verify(bytes.fromhex(vector["signature"]), signed)


@pytest.mark.parametrize("vector", SIGNATURES["invalid"], ids=lambda vector: vector["name"])
def test_signature_that_must_be_refused(vector: dict[str, Any]) -> None:
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(vector["public_key"]))

    with pytest.raises(InvalidSignature):
        key.verify(bytes.fromhex(vector["signature"]), _signed(vector))


def test_every_part_of_a_hello_that_decides_anything_changes_what_is_signed() -> None:
    nonce, origin, device = bytes(32), "https://one.example", "0b9f7a52-6a3e-4c59-9d0a-3f5d6f1b2c84"
    variants = [
        signed_bytes(nonce, origin, device, 1, 2),
        signed_bytes(bytes(31) + b"\1", origin, device, 1, 2),
        signed_bytes(nonce, origin + "x", device, 1, 2),
        signed_bytes(nonce, origin, device[:-1] + "5", 1, 2),
        signed_bytes(nonce, origin, device, 2, 1),
    ]

    assert len(set(variants)) == len(variants)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_nonce_of_another_length_is_not_signed(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        signed_bytes(bytes(length), "https://one.example", "0b9f7a52-6a3e-4c59-9d0a-3f5d6f1b2c84", 1, 1)


@pytest.mark.parametrize("vector", DIGESTS, ids=lambda vector: vector["name"])
def test_digest_vector(vector: dict[str, Any]) -> None:
    event = _event(vector)

    assert digest(vector["seq"], event).hex() == vector["digest"]
    assert hashlib.sha256(vector["text"].encode()).hexdigest()[:16] == vector["digest"]


def test_digest_leaves_out_what_a_policy_may_strip() -> None:
    event = Interval(
        started_at=datetime.fromisoformat("2026-03-02T10:14:00Z"),
        ended_at=datetime.fromisoformat("2026-03-02T10:15:00Z"),
        wall_at=datetime.fromisoformat("2026-03-02T10:14:00Z"),
        zone_min=0,
        policy=1,
        facts=Facts(app="Editor", title="Plan"),
        keys=12,
    )

    assert {digest(1, permit(event, policy)) for policy in (NOTHING, Policy(version=1, app=True))} == {digest(1, event)}


def test_vectors_are_kept() -> None:
    """Changing one would leave every agent out there behind: a new protocol gets new vectors beside them."""
    for name in ("signature.json", "digest.json"):
        path = FOLDER / name
        assert hashlib.sha256(path.read_bytes()).hexdigest() == KEPT[name]


def _signed(vector: dict[str, Any]) -> bytes:
    return signed_bytes(
        bytes.fromhex(vector["nonce"]), vector["origin"], vector["device"], vector["epoch"], vector["next_seq"]
    )


def _by_hand(vector: dict[str, Any]) -> bytes:
    origin = vector["origin"].encode()
    return b"".join(
        [
            b"daylight-agent-v1\0",
            bytes.fromhex(vector["nonce"]),
            len(origin).to_bytes(2, "big"),
            origin,
            UUID(vector["device"]).bytes,
            vector["epoch"].to_bytes(8, "big"),
            vector["next_seq"].to_bytes(8, "big"),
        ]
    )


def _event(vector: dict[str, Any]) -> Interval | Gap:
    kind = Gap if vector["kind"] == "gap" else Interval
    return kind(
        started_at=datetime.fromisoformat(vector["started_at"]),
        ended_at=datetime.fromisoformat(vector["ended_at"]),
        wall_at=datetime.fromisoformat(vector["started_at"]),
        zone_min=0,
        policy=1,
    )
