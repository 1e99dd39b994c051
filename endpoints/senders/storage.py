"""The session's storage for a request whose caller may leave at any time."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import gevent

if TYPE_CHECKING:
    from dify_plugin.core.runtime import Session

STORAGE_SECONDS = 5.0
"""So long an answer of the storage may take; it takes milliseconds. On the session of a caller who
has left none comes, and the SDK would wait 250 s for it."""


class SessionStorage:
    """Storage that gives up in time.

    Args:
        session: of the request.
    """

    def __init__(self, session: "Session") -> None:
        self._storage = session.storage

    def exist(self, key: str) -> bool:
        """Whether there is a value."""
        return _in_time(lambda: self._storage.exist(key))

    def get(self, key: str) -> bytes:
        """A value that is there."""
        return _in_time(lambda: self._storage.get(key))

    def set(self, key: str, val: bytes) -> None:
        """Store a value."""
        _in_time(lambda: self._storage.set(key, val))

    def delete(self, key: str) -> None:
        """Remove a value that is there."""
        _in_time(lambda: self._storage.delete(key))


def _in_time[Result](ask: Callable[[], Result]) -> Result:
    """Raises TimeoutError when no answer came, or what the SDK raises."""
    with gevent.Timeout(STORAGE_SECONDS, TimeoutError):
        return ask()
