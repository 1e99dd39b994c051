"""Which deliveries have been taken before: senders give up after seconds and send again.

A delivery is noted in the plugin's storage before it is run, so it is not run again when it comes
twice at once or the plugin was restarted in between. The storage lists nothing and forgets nothing,
so an endpoint has a fixed number of slots, each addressed by the hash of what it notes: a slot
holds the latest delivery that fell into it, and what it held before is forgotten.

What holds, and what does not:

- Within one process a delivery is noted once, however often it comes at once: a lock holds for each
  slot from looking to noting.
- Several processes (serverless, or a plugin that is being replaced) share the storage but no lock,
  and the storage has no compare-and-set: if the same delivery reaches two of them within the two
  round trips to the daemon from looking to noting (milliseconds), both run it. After such a race
  the daemon may also answer from a cache that is up to 5 minutes old.
- A slot is overwritten by another delivery with the same address: of N deliveries since, each one
  forgets a given delivery with a chance of 1 in `SLOTS`. A fresh delivery is never taken for an old
  one: the whole hash is compared, and not the address alone.
- When storing fails the daemon may have stored all the same (it checks its quota afterwards), so
  the slot is cleared again, and the delivery is refused and not run.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from endpoints.http.errors import StorageUnavailable

SLOTS = 4096
"""Of an endpoint, 40 bytes each: 160 KiB when all are taken."""

KEPT_SECONDS = 3 * 24 * 60 * 60
"""Senders that try for days rarely do so for longer than three."""

_DIGEST_BYTES, _TIME_BYTES = 32, 8


class Storage(Protocol):
    """The part of the session's storage that is used; any of it may raise."""

    def exist(self, key: str) -> bool:
        """Whether there is a value."""

    def get(self, key: str) -> bytes:
        """A value that is there."""

    def set(self, key: str, val: bytes) -> None:
        """Store a value."""

    def delete(self, key: str) -> None:
        """Remove a value that is there."""


class Locks:
    """A lock for each name that somebody holds or waits for, and for no other: their number is
    bounded by that of the requests under way."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[threading.Lock, int]] = {}

    @contextmanager
    def holding(self, name: str) -> Iterator[None]:
        """Hold the lock of a name; `threading` is gevent's in the plugin, so others run on."""
        lock, users = self._held.get(name, (threading.Lock(), 0))
        self._held[name] = lock, users + 1
        try:
            with lock:
                yield
        finally:
            lock, users = self._held.pop(name)
            if users > 1:
                self._held[name] = lock, users - 1

    def __len__(self) -> int:
        return len(self._held)


LOCKS = Locks()
"""Of this process."""


class Deliveries:
    """The deliveries of one endpoint.

    Args:
        storage: of the session.
        endpoint_id: the endpoint.
        now: the time, in seconds since the epoch.
        locks: shared by all requests of the process.
    """

    def __init__(
        self,
        storage: Storage,
        endpoint_id: str,
        now: Callable[[], float],
        locks: Locks = LOCKS,
    ) -> None:
        self._storage = storage
        self._endpoint = hashlib.sha256(endpoint_id.encode("utf-8", "replace")).hexdigest()[:32]
        self._now = now
        self._locks = locks

    def claim(self, *identity: str) -> "Claim | None":
        """Note a delivery.

        Args:
            identity: what tells it from all others of the endpoint.

        Returns:
            the claim on it, or None if it has been noted before.

        Raises:
            StorageUnavailable: it could not be noted.
        """
        digest = digest_of(*identity)
        key = self._key(digest)
        with self._locks.holding(key):
            try:
                if self._is_noted(key, digest):
                    return None
            except Exception:
                raise _unavailable() from None
            self._note(key, digest)
        return Claim(self, key, digest)

    def forget(self, key: str, digest: bytes) -> None:
        """Clear a slot, if it still holds a delivery. What fails here is let be."""
        with self._locks.holding(key):
            try:
                if self._storage.exist(key) and self._storage.get(key)[:_DIGEST_BYTES] == digest:
                    self._storage.delete(key)
            except Exception:
                return

    def _key(self, digest: bytes) -> str:
        return f"delivery-{self._endpoint}-{int.from_bytes(digest[:8]) % SLOTS:04d}"

    def _is_noted(self, key: str, digest: bytes) -> bool:
        if not self._storage.exist(key):
            return False
        value = self._storage.get(key)
        if len(value) != _DIGEST_BYTES + _TIME_BYTES or value[:_DIGEST_BYTES] != digest:
            return False
        return self._now() - int.from_bytes(value[_DIGEST_BYTES:]) < KEPT_SECONDS

    def _note(self, key: str, digest: bytes) -> None:
        value = digest + int(self._now()).to_bytes(_TIME_BYTES)
        try:
            self._storage.set(key, value)
        except Exception:
            with suppress(Exception):  # it was not stored, or can't be reached
                self._storage.delete(key)
            raise _unavailable() from None


class Claim:
    """The right to run a delivery."""

    def __init__(self, deliveries: Deliveries, key: str, digest: bytes) -> None:
        self._deliveries = deliveries
        self._key = key
        self._digest = digest

    def release(self) -> None:
        """Let the delivery come again: it was not carried out."""
        self._deliveries.forget(self._key, self._digest)


def digest_of(*parts: str | bytes) -> bytes:
    """A hash that differs whenever any of the parts does."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8))
        digest.update(data)
    return digest.digest()


def _unavailable() -> StorageUnavailable:
    return StorageUnavailable(
        "The delivery could not be noted in the plugin's storage, so it was not run. Send it again."
    )
