"""The daemon's key-value store of a plugin, in memory (`internal/core/persistence`)."""

from __future__ import annotations

import posixpath

KEY_LIMIT = 256
"""Bytes of a key."""


class StorageError(Exception):
    """The daemon refuses or fails; the message is the daemon's text."""


class Storage:
    """The values of one plugin in one workspace."""

    def __init__(self, limit: int) -> None:
        """Keep at most `limit` bytes of values."""
        self._limit = limit
        self._size = 0
        self.values: dict[str, bytes] = {}

    @staticmethod
    def _checked(key: str) -> str:
        # Go's path.Clean also makes two leading slashes one.
        cleaned = posixpath.normpath(key.replace("//", "/")) if key else "."
        if ".." in cleaned or "//" in cleaned or "\\" in cleaned:
            raise StorageError("invalid key: path traversal attempt detected")
        return key

    def set(self, key: str, value: bytes) -> None:
        """Store a value; as in the daemon it is stored before the quota is checked."""
        self._checked(key)
        if len(key.encode()) > KEY_LIMIT:
            raise StorageError("key length must be less than 256 characters")
        growth = len(value) - len(self.values.get(key, b""))
        self.values[key] = value
        if self._size + growth > self._limit:
            raise StorageError("allocated size is greater than max storage size")
        self._size += growth

    def get(self, key: str) -> bytes:
        """Give a value."""
        try:
            return self.values[self._checked(key)]
        except KeyError:
            raise StorageError(f"open {key}: no such file or directory") from None

    def delete(self, key: str) -> None:
        """Remove a value, which must be there."""
        if self._checked(key) not in self.values:
            raise StorageError(f"stat {key}: no such file or directory")
        self._size -= len(self.values.pop(key))

    def exists(self, key: str) -> bool:
        """Tell whether there is a value."""
        return self._checked(key) in self.values
