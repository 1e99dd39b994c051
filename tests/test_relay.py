"""When the relay sends what, in virtual time."""

import itertools
import json
from collections import deque
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoints.http.errors import AppError, ProxyError
from endpoints.http.intake import Pieces
from endpoints.http.negotiation import Format
from endpoints.http.pace import GAP_SECONDS, MAX_CHUNK_BYTES, Pace
from endpoints.http.relay import Listener, Relay
from endpoints.http.renderers import renderer_of
from endpoints.http.traffic import Traffic
from provider.call import Event
from tests.virtual_time import Moment, NoWatch, ScriptedInbox, VirtualClock, exchange

type Chunks = list[tuple[float, bytes]]
"""Seconds since the start, and the chunk that came then."""

END: Event = {"event": "message_end"}


def piece(n: int, **more: object) -> Event:
    return {"event": "message", "answer": str(n), **more}


def relayed(
    script: Iterable[Moment], watch: NoWatch | None = None, limit: float = 590.0
) -> tuple[Chunks, float, ScriptedInbox]:
    """The chunks, the end's time, and the inbox."""
    clock = VirtualClock()
    start = clock.now()
    renderer = renderer_of(Format.NDJSON)
    inbox = ScriptedInbox(clock, script, renderer.event)
    this = exchange(clock, limit)
    watch = watch or NoWatch()
    relay = Relay(inbox, Listener(inbox, watch, this), renderer, this)
    relay.open()
    chunks = [(round(clock.now() - start, 6), chunk) for chunk in relay.chunks()]
    assert inbox.closed
    assert watch.stopped
    return chunks, clock.now() - start, inbox


def events_in(chunks: Chunks) -> list[Event]:
    return [json.loads(line) for line in b"".join(chunk for _, chunk in chunks).splitlines()]


def test_an_event_goes_out_at_once_when_the_stream_was_quiet() -> None:
    script = [(i * 0.025, piece(i)) for i in range(40)] + [(1.0, END), (1.0, None)]
    chunks, _, _ = relayed(script)
    assert [at for at, _ in chunks] == pytest.approx([*(at for at, _ in script[:-2]), 1.0])


def test_a_burst_is_collected_and_the_end_keeps_its_distance() -> None:
    script: list[Moment] = [(0.0, piece(0))]
    script += [(0.001 * i, piece(i)) for i in range(1, 60)]
    script += [(0.0595, END), (0.0595, None)]
    chunks, end, _ = relayed(script)
    times = [at for at, _ in chunks]
    assert times == pytest.approx([0.0, 0.02, 0.04, 0.06])
    assert end == pytest.approx(0.08)
    assert len(events_in(chunks)) == 61


def test_two_events_and_an_immediate_end() -> None:
    chunks, end, _ = relayed([(0, piece(0)), (0, END), (0, None)])
    assert events_in(chunks) == [piece(0), END]
    assert end == pytest.approx(GAP_SECONDS)


def test_an_event_and_an_immediate_failure() -> None:
    failure = AppError("The app failed.")
    chunks, end, _ = relayed([(0, piece(0)), (0, failure)])
    assert events_in(chunks)[1] == failure.event("req-1")
    assert [at for at, _ in chunks] == pytest.approx([0, 0.02])
    assert end == pytest.approx(0.04)


def test_a_long_line_is_split() -> None:
    long = piece(0, text="x" * (3 * MAX_CHUNK_BYTES))
    chunks, end, _ = relayed([(0, long), (0, END), (0, None)])
    assert [len(chunk) <= MAX_CHUNK_BYTES for _, chunk in chunks] == [True] * 4
    assert events_in(chunks) == [long, END]
    assert end == pytest.approx(0.08)


@pytest.mark.parametrize("megabytes_a_second", [1.2, 2.0, 4.0, 12.0])
def test_a_reader_of_one_megabyte_a_second_never_has_128_chunks_before_it(
    megabytes_a_second: float,
) -> None:
    count, size = 2000, 10_000
    every = size / (megabytes_a_second * 1_000_000)
    script: list[Moment] = [(n * every, piece(n, text="x" * size)) for n in range(count)]
    script += [(count * every, END), (count * every, None)]
    chunks, _, _ = relayed(script)
    assert len(events_in(chunks)) == count + 1
    queue: deque[int] = deque()
    longest, read, now = 0, 0.0, 0.0
    for at, chunk in chunks:
        read += (at - now) * 1024 * 1024
        now = at
        while queue and read >= queue[0]:
            read -= queue.popleft()
        read = read if queue else 0.0
        queue.append(len(chunk))
        longest = max(longest, len(queue))
    assert longest < 128


def test_a_fast_reader_is_not_kept_from_full_chunks() -> None:
    script: list[Moment] = [(0, piece(0, text="x" * 20_000_000)), (0, END), (0, None)]
    _, end, _ = relayed(script)
    assert end < 0.6


def test_silence_is_filled_with_pings() -> None:
    chunks, _, _ = relayed([(1.0, piece(0)), (26.0, piece(1)), (26.0, END), (26.0, None)])
    assert [(at, json.loads(chunk.splitlines()[0])["event"]) for at, chunk in chunks] == [
        (1.0, "message"),
        (11.0, "ping"),
        (21.0, "ping"),
        (26.0, "message"),
    ]


def test_a_slow_start_is_committed_after_ten_seconds_with_a_ping() -> None:
    chunks, _, _ = relayed([(12.0, piece(0)), (12.5, END), (12.5, None)])
    assert [at for at, _ in chunks] == [10.0, 12.0, 12.5]
    assert events_in(chunks)[0] == {"event": "ping"}


def test_a_stream_that_stops_says_so() -> None:
    chunks, _, _ = relayed([(0, piece(0)), (1, None)])
    assert events_in(chunks)[-1]["code"] == "incomplete_stream"


def test_a_failure_after_difys_own_error_is_not_told_twice() -> None:
    error = {"event": "error", "message": "why", "status": 400, "code": "x"}
    chunks, _, _ = relayed([(0, piece(0)), (1, error), (1, AppError("again"))])
    assert events_in(chunks) == [piece(0), error]


def test_a_fault_of_the_source_is_told_as_ours_without_its_text() -> None:
    chunks, _, _ = relayed([(0, piece(0)), (1, KeyError("secret"))])
    last = events_in(chunks)[-1]
    assert last["code"] == "internal_error"
    assert "secret" not in json.dumps(last)


def test_the_time_limit_ends_a_stream_with_the_settings_name() -> None:
    script = [(i, piece(i)) for i in range(700)]
    chunks, end, inbox = relayed(script)
    last = events_in(chunks)[-1]
    assert (last["status"], last["code"]) == (504, "app_timeout")
    assert "PLUGIN_MAX_EXECUTION_TIMEOUT" in last["message"]
    assert end == pytest.approx(590, abs=0.1)
    assert inbox.closed


def test_a_caller_who_left_gets_nothing_more() -> None:
    class Left(NoWatch):
        def due_at(self, last_event_at: float) -> float:
            return 20.0

        def has_left(self, last_event_at: float) -> bool:
            return last_event_at < 0.5 and relay_clock() >= 20.0

    clock = VirtualClock()
    relay_clock = clock.now
    renderer = renderer_of(Format.NDJSON)
    inbox = ScriptedInbox(clock, [(0.1, piece(0))], renderer.event)
    this = exchange(clock)
    watch = Left()
    relay = Relay(inbox, Listener(inbox, watch, this), renderer, this)
    relay.open()
    chunks = [json.loads(chunk)["event"] for chunk in relay.chunks()]
    assert chunks == ["message", "ping"]
    assert clock.now() == pytest.approx(20)
    assert inbox.closed


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ([(1, None)], "incomplete_stream"),
        ([(1, AppError("x"))], "app_error"),
        ([(1, RuntimeError("x"))], "internal_error"),
    ],
)
def test_a_failure_before_the_first_event_is_a_status(script: list[Moment], code: str) -> None:
    with pytest.raises(ProxyError) as refusal:
        relayed(script)
    assert refusal.value.code == code


def test_a_closed_stream_frees_everything() -> None:
    clock = VirtualClock()
    renderer = renderer_of(Format.NDJSON)
    inbox = ScriptedInbox(clock, [(0, piece(0)), (1, piece(1))], renderer.event)
    this = exchange(clock)
    watch = NoWatch()
    chunks = Relay(inbox, Listener(inbox, watch, this), renderer, this).chunks()
    next(chunks)
    chunks.close()
    assert inbox.closed
    assert watch.stopped


@given(
    st.lists(
        st.tuples(st.floats(0, 3), st.integers(0, 400_000)).map(
            lambda gap_size: (gap_size[0] * (gap_size[0] > 0.5), gap_size[1])
        ),
        max_size=30,
    ),
    st.sampled_from([None, AppError("broke"), RuntimeError("fault")]),
)
def test_whatever_comes_the_rules_hold(
    gaps_and_sizes: list[tuple[float, int]], ending: Exception | None
) -> None:
    at = 0.0
    script: list[Moment] = []
    for n, (gap, size) in enumerate(gaps_and_sizes):
        at += gap / 10
        script.append((at, piece(n, text="x" * size)))
    sent = [event for _, event in script]
    if ending is None:
        script.append((at, END))
        sent.append(END)
    script.append((at, ending))
    try:
        chunks, end, _ = relayed(script)
    except ProxyError:
        assert not sent
        return
    received = events_in(chunks)
    assert received[: len(sent)] == sent
    assert received[-1]["event"] == ("message_end" if ending is None else "error")
    assert all(0 < len(chunk) <= MAX_CHUNK_BYTES for _, chunk in chunks)
    times = [time for time, _ in chunks] + [end]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert all(gap >= GAP_SECONDS - 1e-6 for gap in gaps)


@given(st.lists(st.binary(max_size=30)), st.integers(1, 20))
def test_pieces_come_out_in_order_and_in_portions(pieces: list[bytes], limit: int) -> None:
    queue = Pieces()
    for data in pieces:
        queue.add(data)
    taken = []
    while queue.size:
        taken.append(queue.take(limit))
        assert 0 < len(taken[-1]) <= limit
    assert b"".join(taken) == b"".join(pieces)


class BusyClock(VirtualClock):
    """Each turn of the loop takes 10 ms, in which the process reads as many events as told."""

    def __init__(self, traffic: Traffic, events_a_turn: list[int]) -> None:
        super().__init__()
        self._traffic = traffic
        self._events_a_turn = events_a_turn

    def sleep(self, seconds: float) -> None:
        if seconds:
            super().sleep(seconds)
        elif self._events_a_turn:
            self.time += 0.01
            self._traffic.events += self._events_a_turn.pop(0)


@pytest.mark.parametrize(
    ("events_before", "events_a_turn", "waits"),
    [
        (10, [160] * 20, 0.0),  # calm until now: no look is taken
        (5000, [10] * 20, 0.01),  # busy, but nothing is left to read
        (5000, [160, 160, 10, 160], 0.03),
        (5000, [160] * 20, 0.05),
    ],
)
def test_a_chunk_makes_way_for_a_backlog_but_not_for_long(
    events_before: int, events_a_turn: list[int], waits: float
) -> None:
    traffic = Traffic()
    clock = BusyClock(traffic, events_a_turn)
    pace = Pace(clock, traffic)
    pace.sent(100)
    clock.time += 1
    traffic.events += events_before
    before = clock.now()
    pace.wait()
    assert clock.now() - before == pytest.approx(waits)
