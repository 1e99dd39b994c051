"""A server in a thread of its own, for tests."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Awaitable, Callable, Iterator

import uvicorn

STOP_TIMEOUT = 20.0
"""Seconds after which a server that doesn't stop is reported."""

Serve = Callable[[Callable[[], None], asyncio.Event], Awaitable[None]]
"""Serves: calls the first argument once it does, and ends when the event is set."""


class ServerThread(threading.Thread):
    """Runs a server in an event loop of its own."""

    def __init__(self, serve: Serve) -> None:
        """Run `serve`, which is told to stop by the event."""
        super().__init__(name="localserver", daemon=True)
        self._serve = serve
        self._started_event = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop_event: asyncio.Event | None = None
        self._failure: BaseException | None = None

    def run(self) -> None:
        """Run the event loop until the server has stopped."""
        try:
            asyncio.run(self._main())
        except BaseException as error:
            self._failure = error
        finally:
            self._started_event.set()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop_event = asyncio.Event()
        await self._serve(self._started_event.set, self._stop_event)

    def wait_until_started(self) -> None:
        """Wait until the server serves; raise what kept it from that."""
        self._started_event.wait()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Stop the server and wait for its end.

        Raises:
            RuntimeError: it doesn't stop.
        """
        if self._loop is not None and self._stop_event is not None and not self._loop.is_closed():
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stop_event.set)
        self.join(STOP_TIMEOUT)
        if self.is_alive():
            raise RuntimeError("the local server did not stop")


class QuietUvicorn(uvicorn.Server):
    """Uvicorn without its signal handlers: it runs in threads, and Ctrl-C is ours."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


@contextlib.contextmanager
def silenced(name: str) -> Iterator[None]:
    """Silence a logger for a while."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)
