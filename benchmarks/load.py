"""One load on one plugin, and the CPU time that it took."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.driver import Driver
from benchmarks.wire import EVENT_BYTES, Stream


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent.

    Attributes:
        streams: open at once.
        events: of all streams together, beside the first and the last of each.
        per_second: events a second of each stream; None for as fast as they come.
        event_bytes: size of an event.
    """

    streams: int
    events: int
    per_second: int | None = None
    event_bytes: int = EVENT_BYTES

    @property
    def all_events(self) -> int:
        """What is sent while the CPU time is taken: the last event of each stream counts too."""
        return self.events + self.streams


@dataclass(frozen=True, slots=True)
class Cost:
    """What it took.

    Attributes:
        event_us: CPU time for one event, in microseconds.
        stream_us: CPU time for opening a stream, in microseconds.
        chunks: chunks that came for all events.
        busy: the share of the time in which the plugin used a core.
    """

    event_us: float
    stream_us: float
    chunks: int
    busy: float


def measure_cost(driver: Driver, load: Load) -> Cost:
    """Send a load and take the CPU time from when all streams are open to the last end."""
    process = driver.process
    before = process.cpu_ns()
    streams = driver.open_streams(load.streams)
    # the first event opens the answer: that belongs to the stream and not to the events
    driver.send(b"".join(stream.event(0) for stream in streams))
    driver.settle()
    opened, chunks = process.cpu_ns(), driver.chunks
    lines = [
        streams[number % load.streams].event(number, load.event_bytes)
        for number in range(load.events)
    ]
    started_at = time.perf_counter()
    if load.per_second is None:
        driver.send(b"".join(lines))
    else:
        send_paced(driver, lines, load.per_second * load.streams)
    driver.close_streams(streams)
    used, seconds = process.cpu_ns() - opened, time.perf_counter() - started_at
    return Cost(
        event_us=used / load.all_events / 1000,
        stream_us=(opened - before) / load.streams / 1000,
        chunks=driver.chunks - chunks,
        busy=used / 1e9 / seconds,
    )


def send_paced(driver: Driver, lines: Sequence[bytes], per_second: float) -> list[float]:
    """Send lines evenly spread over time.

    Returns:
        when each was handed to the pipe, in seconds of `time.perf_counter`.
    """
    sent_at: list[float] = []
    started_at = time.perf_counter()
    while len(sent_at) < len(lines):
        now = time.perf_counter()
        due = min(int((now - started_at) * per_second) + 1, len(lines))
        if due > len(sent_at):
            driver.send(b"".join(lines[len(sent_at) : due]))
            sent_at.extend([now] * (due - len(sent_at)))
        driver.turn(started_at + len(sent_at) / per_second - time.perf_counter())
    return sent_at


def numbered_events(stream: Stream, count: int, size: int = EVENT_BYTES) -> list[bytes]:
    """Lines that bring so many events to one stream, numbered from 0."""
    return [stream.event(number, size) for number in range(count)]
