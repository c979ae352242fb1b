"""A hub in production refuses to start with what makes it unsafe, and says what is wrong."""

import secrets

import pytest

from hub.errors import StartError
from hub.settings import is_strong, read

GOOD = {
    "DAYLIGHT_ENVIRONMENT": "production",
    "DAYLIGHT_PUBLIC_ORIGIN": "https://daylight.example.org",
    "DAYLIGHT_SECRET": "kq3Vb0ZbqjX7sJ5p1m9Qy2Lw8tRd4NcA",
    "DATABASE_URL": "postgresql://daylight:password@database/daylight",
    "REDIS_URL": "redis://redis",
    "DAYLIGHT_TRUSTED_PROXIES": "10.0.0.1, 10.1.0.0/16,fd00::7",
}


def test_good_settings_start() -> None:
    assert read(GOOD).trusted_proxies == "10.0.0.1,10.1.0.0/16,fd00::7"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DAYLIGHT_SECRET", ""),
        ("DAYLIGHT_SECRET", "kq3Vb0ZbqjX7sJ5p1m9Qy2Lw8tRd4Nc"),
        ("DAYLIGHT_SECRET", "change-me-kq3Vb0ZbqjX7sJ5p1m9Qy2Lw8tRd4NcA"),
        ("DAYLIGHT_SECRET", "x" * 64),
        ("DAYLIGHT_SECRET", "0123456789" * 5),
        ("DAYLIGHT_SECRET", "correcthorse" * 4),
        ("DAYLIGHT_PUBLIC_ORIGIN", ""),
        ("DAYLIGHT_PUBLIC_ORIGIN", "http://daylight.example.org"),
        ("DAYLIGHT_PUBLIC_ORIGIN", "http://localhost.example.org"),
        ("DAYLIGHT_PUBLIC_ORIGIN", "http://10.0.0.5:8000"),
        ("DATABASE_URL", ""),
        ("REDIS_URL", ""),
        ("DAYLIGHT_TRUSTED_PROXIES", "*"),
        ("DAYLIGHT_TRUSTED_PROXIES", "0.0.0.0/0"),
        ("DAYLIGHT_TRUSTED_PROXIES", "10.0.0.1,::/0"),
        ("DAYLIGHT_TRUSTED_PROXIES", "proxy"),
    ],
)
def test_production_refuses_to_start_and_names_the_setting(name: str, value: str) -> None:
    with pytest.raises(StartError) as refused:
        read(GOOD | {name: value})

    assert name in str(refused.value)
    assert GOOD["DAYLIGHT_SECRET"] not in str(refused.value)
    assert "password" not in str(refused.value)


def test_production_may_be_without_tls_where_only_this_machine_listens() -> None:
    assert not read(GOOD | {"DAYLIGHT_PUBLIC_ORIGIN": "http://localhost:8000"}).secure
    assert not read(GOOD | {"DAYLIGHT_PUBLIC_ORIGIN": "http://[::1]:8000"}).secure


def test_secrets_made_as_we_say_are_strong() -> None:
    assert all(is_strong(secrets.token_hex(24)) and is_strong(secrets.token_urlsafe(48)) for _ in range(200))
