"""A delivery is noted once, whatever the storage does."""

import threading
from typing import Any

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoints.http.errors import StorageUnavailable
from endpoints.senders import storage
from localserver.storage import Storage
from provider.redelivery import KEPT_SECONDS, SLOTS, Claim, Deliveries, Locks, digest_of


class Daemon:
    """The session's storage over the local server's."""

    def __init__(self, limit: int = 1_000_000) -> None:
        self.stored = Storage(limit)
        self.failing: set[str] = set()
        self.asked: list[str] = []

    def _ask(self, operation: str) -> None:
        self.asked.append(operation)
        if operation in self.failing:
            raise ConnectionError(operation)

    def exist(self, key: str) -> bool:
        self._ask("exist")
        return self.stored.exists(key)

    def get(self, key: str) -> bytes:
        self._ask("get")
        return self.stored.get(key)

    def set(self, key: str, val: bytes) -> None:
        self._ask("set")
        self.stored.set(key, val)

    def delete(self, key: str) -> None:
        self._ask("delete")
        self.stored.delete(key)


def deliveries(daemon: Daemon, endpoint: str = "e", at: float = 0.0) -> Deliveries:
    return Deliveries(daemon, endpoint, lambda: at, Locks())


def test_a_delivery_is_claimed_once() -> None:
    daemon = Daemon()
    assert isinstance(deliveries(daemon).claim("github", "app", "1"), Claim)
    assert deliveries(daemon).claim("github", "app", "1") is None
    for other in (("github", "app", "2"), ("github", "bpp", "1"), ("githu", "bapp", "1")):
        assert deliveries(daemon).claim(*other) is not None
    assert deliveries(daemon, "another endpoint").claim("github", "app", "1") is not None


def test_it_is_kept_for_three_days() -> None:
    daemon = Daemon()
    assert deliveries(daemon, at=1000.0).claim("1") is not None
    assert deliveries(daemon, at=1000.0 + KEPT_SECONDS - 1).claim("1") is None
    assert deliveries(daemon, at=1000.0 + KEPT_SECONDS).claim("1") is not None
    assert KEPT_SECONDS == 3 * 86_400


def test_what_is_released_may_come_again() -> None:
    daemon = Daemon()
    claim = deliveries(daemon).claim("1")
    assert claim is not None
    claim.release()
    assert daemon.stored.values == {}
    assert deliveries(daemon).claim("1") is not None


def _same_slot(count: int) -> list[str]:
    """Ids that fall into one slot."""
    slot = int.from_bytes(digest_of("0")[:8]) % SLOTS
    found, number = ["0"], 0
    while len(found) < count:
        number += 1
        if int.from_bytes(digest_of(str(number))[:8]) % SLOTS == slot:
            found.append(str(number))
    return found


def test_a_fresh_delivery_is_never_taken_for_another_in_its_slot() -> None:
    daemon = Daemon()
    first, second, third = _same_slot(3)
    claim = deliveries(daemon).claim(first)
    assert claim is not None
    assert deliveries(daemon).claim(second) is not None
    assert len(daemon.stored.values) == 1
    claim.release()  # the slot is the second's by now
    assert deliveries(daemon).claim(second) is None
    assert deliveries(daemon).claim(third) is not None
    assert deliveries(daemon).claim(first) is not None


def test_storage_is_bounded() -> None:
    daemon = Daemon(10_000_000)
    for number in range(3 * SLOTS):
        assert deliveries(daemon).claim(str(number)) is not None
    assert SLOTS * 0.9 < len(daemon.stored.values) <= SLOTS
    assert sum(map(len, daemon.stored.values.values())) <= SLOTS * 40
    assert all(len(key.encode()) <= 255 for key in daemon.stored.values)


@pytest.mark.parametrize("operation", ["exist", "get", "set"])
def test_what_can_not_be_noted_is_refused_and_may_come_again(operation: str) -> None:
    daemon = Daemon()
    if operation == "get":
        assert deliveries(daemon).claim("1") is not None
    daemon.failing = {operation}
    with pytest.raises(StorageUnavailable) as refusal:
        deliveries(daemon).claim("1")
    assert refusal.value.status == 503
    daemon.failing = set()
    assert (deliveries(daemon).claim("1") is None) == (operation == "get")


def test_a_full_storage_stores_and_then_fails() -> None:
    daemon = Daemon(limit=10)
    with pytest.raises(StorageUnavailable):
        deliveries(daemon).claim("1")
    assert daemon.stored.values == {}, "the next attempt would be taken for a duplicate"


@given(st.binary(max_size=60))
def test_whatever_stands_in_a_slot(value: bytes) -> None:
    daemon = Daemon()
    deliveries(daemon).claim("1")
    [key] = daemon.stored.values
    daemon.stored.values[key] = value
    assert deliveries(daemon).claim("1") is not None


def test_threads_that_claim_at_once_and_no_lock_is_left() -> None:
    daemon, locks = Daemon(), Locks()
    claims: list[Claim | None] = []
    start = threading.Barrier(20)

    def claim() -> None:
        start.wait()
        claims.append(Deliveries(daemon, "e", lambda: 0.0, locks).claim("1"))

    threads = [threading.Thread(target=claim) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([claim for claim in claims if claim is not None]) == 1
    assert len(claims) == 20
    assert len(locks) == 0


def test_a_storage_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent:
        def exist(self, key: str) -> bool:
            gevent.sleep(60)
            raise AssertionError("it was waited for")

    class Session:
        storage = Silent()

    monkeypatch.setattr(storage, "STORAGE_SECONDS", 0.01)
    session: Any = Session()
    patient = storage.SessionStorage(session)
    with pytest.raises(StorageUnavailable):
        Deliveries(patient, "e", lambda: 0.0, Locks()).claim("1")


@given(st.lists(st.text(max_size=4), max_size=4), st.lists(st.text(max_size=4), max_size=4))
def test_no_two_identities_have_one_hash(one: list[str], other: list[str]) -> None:
    assert (digest_of(*one) == digest_of(*other)) == (one == other)
