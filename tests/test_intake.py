"""The greenlets of a stream: reading ahead within bounds, asking after the caller, letting go."""

import logging
import time
from collections.abc import Iterator

import gevent
import pytest

from endpoints.http.bell import Bell
from endpoints.http.caller_watch import ANSWER_SECONDS, QUIET_SECONDS, CallerWatch
from endpoints.http.capacity import Capacity
from endpoints.http.errors import Overloaded
from endpoints.http.intake import Intake
from endpoints.http.logs import logger
from provider.call import Event
from tests.virtual_time import VirtualClock

MEBIBYTE = 1024 * 1024


class Source:
    """Delivers events of 1 MiB as fast as they are taken, and notes when it is closed."""

    def __init__(self, events: int = 1000) -> None:
        self.delivered = 0
        self.closed = False
        self._events = events

    def __iter__(self) -> Iterator[Event]:
        try:
            for _ in range(self._events):
                self.delivered += 1
                yield {"event": "message"}
        finally:
            self.closed = True


def one_mebibyte(_event: Event) -> bytes:
    return b"x" * MEBIBYTE


def test_at_most_eight_mebibytes_are_held_of_a_stream() -> None:
    source = Source()
    intake = Intake(iter(source), one_mebibyte, time.monotonic)
    for taken in range(20):
        gevent.sleep(0.001)
        assert source.delivered - taken <= 8
        assert len(intake.take(MEBIBYTE)) == MEBIBYTE
    intake.close()
    gevent.sleep(0.001)
    assert source.closed


def test_a_closed_intake_frees_a_source_that_waits() -> None:
    freed = []

    def waits_for_ever() -> Iterator[Event]:
        try:
            gevent.sleep(1000)
            yield {"event": "never"}
        finally:
            freed.append(True)

    intake = Intake(waits_for_ever(), one_mebibyte, time.monotonic)
    gevent.sleep(0.001)
    intake.close()
    gevent.sleep(0.001)
    assert freed
    assert intake.ended


@pytest.mark.parametrize("failure", [ValueError("x"), SystemExit(1), gevent.Timeout(1)])
def test_what_ever_a_source_raises_ends_its_stream_alone(failure: BaseException) -> None:
    def raises() -> Iterator[Event]:
        yield {"event": "message"}
        raise failure

    intake = Intake(raises(), one_mebibyte, time.monotonic)
    while not intake.ended:
        intake.wait(1)
    assert intake.failure is failure
    assert intake.size == MEBIBYTE


def test_a_bell_wakes_its_greenlet_by_a_ring_or_when_the_time_is_up() -> None:
    bell = Bell(time.monotonic)
    started = time.monotonic()
    bell.wait(0.05)
    assert 0.04 < time.monotonic() - started < 0.5
    waiting = gevent.spawn(bell.wait, 60)
    gevent.sleep(0.001)
    bell.ring()
    bell.ring()
    waiting.join(1)
    assert waiting.dead
    shorter = gevent.spawn(bell.wait, 0.01)
    shorter.join(1)
    assert shorter.dead
    bell.close()


class Caller:
    """Answers the question of a watch, or does not."""

    def __init__(self, answer: object) -> None:
        self.asked = 0
        self._answer = answer

    def ask(self) -> None:
        self.asked += 1
        if self._answer is None:
            gevent.sleep(1000)
        if isinstance(self._answer, Exception):
            raise self._answer


def watched(caller: Caller, *, events_show_it: bool = True) -> tuple[VirtualClock, CallerWatch]:
    clock = VirtualClock()
    return clock, CallerWatch(caller.ask, clock.now, events_show_it=events_show_it)


def pass_time(clock: VirtualClock, watch: CallerWatch, last_event_at: float) -> bool:
    """Go to when the watch wants to be asked, and ask it."""
    clock.time = watch.due_at(last_event_at)
    has_left = watch.has_left(last_event_at)
    gevent.sleep(0.001)
    return has_left


def test_a_caller_who_does_not_answer_has_left() -> None:
    caller = Caller(None)
    clock, watch = watched(caller)
    assert not pass_time(clock, watch, 0)
    assert clock.now() == QUIET_SECONDS
    assert pass_time(clock, watch, 0)
    assert clock.now() == QUIET_SECONDS + ANSWER_SECONDS
    watch.stop()


@pytest.mark.parametrize("answer", [False, True, RuntimeError("storage is full"), KeyError("x")])
def test_any_answer_shows_that_the_caller_is_there(answer: object) -> None:
    caller = Caller(answer)
    clock, watch = watched(caller)
    for asked in range(1, 4):
        assert not pass_time(clock, watch, 0)
        assert not watch.has_left(0)
        assert caller.asked == asked
        assert watch.due_at(0) == (asked + 1) * QUIET_SECONDS


@pytest.mark.parametrize(
    "answer",
    [KeyError("session_id"), RuntimeError("failed to get session info from cache: key not found")],
)
def test_in_the_serverless_runtime_an_error_says_that_the_session_is_over(
    answer: Exception,
) -> None:
    clock, watch = watched(Caller(answer))
    assert not pass_time(clock, watch, 0)
    assert watch.has_left(0)


def test_events_show_that_the_caller_is_there() -> None:
    caller = Caller(None)
    clock, watch = watched(caller)
    for now in range(100):
        clock.time = float(now)
        assert not watch.has_left(last_event_at=float(now))
    assert caller.asked == 0


def test_events_that_do_not_come_over_the_session_show_nothing() -> None:
    caller = Caller(None)
    clock, watch = watched(caller, events_show_it=False)
    assert not pass_time(clock, watch, clock.now())
    assert caller.asked == 1
    assert pass_time(clock, watch, clock.now() + 100)


def test_slots_are_counted_and_come_back() -> None:
    capacity = Capacity(of_process=3, of_endpoint=2)
    first, second = capacity.take("a"), capacity.take("a")
    with pytest.raises(Overloaded):
        capacity.take("a")
    third = capacity.take("b")
    with pytest.raises(Overloaded):
        capacity.take("c")
    first.release()
    first.release()
    capacity.take("c")  # held by nobody: free again at once
    fourth = capacity.take("a")
    with pytest.raises(Overloaded):
        capacity.take("a")
    for slot in (second, third, fourth):
        slot.release()
    for _ in range(5):
        capacity.take("a").release()


def test_a_log_line_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    logger.addHandler(caplog.handler)
    try:
        logger.warning("%s", "\x00" * 100_000)
        (record,) = caplog.records
        assert len(logging.Formatter().format(record)) * 6 <= 8 * 1024
    finally:
        logger.removeHandler(caplog.handler)
