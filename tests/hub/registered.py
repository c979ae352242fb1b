"""Applications whose routes are registered once for all tests of a worker.

Litestar takes a fifth of a second of CPU to register our hundred routes: for most tests more than all else that they do. Here the hub
builds each application as it always does, and what it hands to Litestar (settings, sessions, limits, what handlers close over) is put into
one that was built before and that nobody uses any more. One with other settings or other routes is built anew.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import pytest
from litestar import Litestar

from hub import web
from hub.settings import Settings


class _Built:
    """An application as it came from Litestar, and the handlers that it was given."""

    def __init__(self, route_handlers: Sequence[Any], options: dict[str, Any]) -> None:
        self.application = Litestar(route_handlers=route_handlers, **options)
        self._asgi_handler = self.application.asgi_handler
        self._given = route_handlers
        self._registered = [
            handler
            for route in self.application.routes
            for handler in getattr(route, "route_handlers", None) or [getattr(route, "route_handler", None)]
        ]

    def give(self, route_handlers: Sequence[Any], options: dict[str, Any]) -> Litestar:
        """The application with what another was to be built with."""
        application = self.application
        application.asgi_handler = self._asgi_handler
        application.state = options["state"]
        application._lifespan_managers = list(options.get("lifespan", []))
        provided: Any = application.dependencies
        for name, provide in options["dependencies"].items():
            provided[name].dependency = provide.dependency
        for name, store in options["stores"].items():
            application.stores.register(name, store, allow_override=True)
        for before, now in zip(self._given, route_handlers, strict=True):
            if before.fn is not now.fn:  # it closes over what is of one application
                of_it = [handler for handler in self._registered if handler.fn is before.fn]
                assert of_it, now
                for handler in of_it:
                    handler._fn = now.fn
        self._given = route_handlers
        return application


_FREE: dict[Any, list[_Built]] = {}


@contextlib.contextmanager
def registered(build: Callable[[], Litestar]) -> Iterator[Litestar]:
    """The application that `build` builds by `web.build`, for as long as this lasts."""
    key: Any = None
    built: _Built | None = None

    def made(*, route_handlers: Sequence[Any], **options: Any) -> Litestar:
        nonlocal key, built
        settings: Settings = options["state"]["settings"]
        key = (
            msgspec.structs.replace(settings, data=settings.data.root, database_url="", redis_url="", feed_url=""),
            tuple((handler.handler_name, *sorted(handler.paths)) for handler in route_handlers),
        )
        free = _FREE.setdefault(key, [])
        if not free:
            built = _Built(route_handlers, options)
            return built.application
        built = free.pop()
        return built.give(route_handlers, options)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(web, "Litestar", made)
        application = build()
    assert built is not None
    yield application
    _FREE[key].append(built)
