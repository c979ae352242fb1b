"""Logs: lines on stderr, JSON in production, each with what it belongs to and nothing of what people did.

Every line has the name of its process (`hub`, `worker`), and within a request its `request_id`, within a socket a `connection` and, once
it is known, the `device`, within a job its `run` and `job`. These are bound where the request, socket or run begins (`web.py`,
`live/ingest.py`, `worker.py`), and tasks begun within inherit them; who logs of another's socket names its connection itself. An error is
its type and places in the code: its message may quote what was sent, and so may what a library logs, of which only the text is kept, not
what it was filled with.
"""

import logging
import sys
import traceback
from types import TracebackType
from typing import Any

import structlog

from hub.settings import Settings

PLACES = 8


def configure(settings: Settings, **named: str) -> None:
    """Sends logs to stderr from `settings.log_level` on; `named` is in every line. What libraries log goes the same way."""
    production = settings.environment == "production"
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            lambda _, __, line: {**named, **line},
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _error_without_message,
            structlog.processors.JSONRenderer()
            if production
            else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_Libraries()], level=logging.WARNING, force=True)


def connection() -> str:
    """The id of the socket that this task serves; empty outside."""
    bound: str = structlog.contextvars.get_contextvars().get("connection", "")
    return bound


def places(trace: TracebackType | None) -> list[str]:
    """Where an error came from, innermost last."""
    frames = traceback.extract_tb(trace)[-PLACES:]
    return [f"{frame.filename.rsplit('/site-packages/')[-1]}:{frame.lineno} {frame.name}" for frame in frames]


def _error_without_message(_: Any, __: str, line: Any) -> Any:
    told = line.pop("exc_info", None)
    error = sys.exc_info()[1] if told is True else told[1] if isinstance(told, tuple) else told
    if isinstance(error, BaseException):
        line.setdefault("error", type(error).__name__)
        line["at"] = places(error.__traceback__)
    return line


class _Libraries(logging.Handler):
    """Lines of libraries, without what they filled in."""

    def emit(self, record: logging.LogRecord) -> None:
        text = str(record.msg).strip().split("\n")[0]
        structlog.get_logger().log(record.levelno, text, library=record.name, exc_info=record.exc_info or None)
