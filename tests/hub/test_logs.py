"""Logs say what went wrong and where, and nothing of what people did."""

import subprocess
import sys

import pytest

FAILING = """
import structlog
from hub.settings import Settings
from hub.web import configure_logs

configure_logs(Settings(environment="{environment}"))
def commit(app):
    raise ZeroDivisionError
try:
    commit("SECRET" + "APP")
except ZeroDivisionError:
    structlog.get_logger().exception("commit_failed")
"""


@pytest.mark.parametrize("environment", ["development", "production"])
def test_traceback_in_the_log_holds_no_local_variables(environment: str) -> None:
    code = FAILING.format(environment=environment)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert "ZeroDivisionError" in done.stderr
    assert "commit_failed" in done.stderr
    assert "SECRETAPP" not in done.stderr
