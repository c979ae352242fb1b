"""What a person has worked today, at an instant: the table that the browser's twin must pass too."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

import hub.wire.today
from hub.wire.activity import Facts
from hub.wire.today import Today, active_today_s

TABLE = json.loads((Path(hub.wire.today.__file__).parent / "cases" / "today.json").read_text())
IDLE_LIMIT_S = 300


@pytest.mark.parametrize("case", TABLE["active_today_s"], ids=lambda case: case["name"])
def test_active_today(case: dict[str, Any]) -> None:
    today = msgspec.convert(TABLE["workday"] | case["today"], Today)
    facts = msgspec.convert(case["facts"], Facts | None)
    since_at = msgspec.convert(case.get("since_at"), datetime | None)

    assert (
        active_today_s(today, facts, since_at, IDLE_LIMIT_S, msgspec.convert(case["at"], datetime)) == case["active_s"]
    )
