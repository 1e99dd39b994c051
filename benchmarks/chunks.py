"""How many chunks a stream makes, and what a slow reader loses of it."""

import time
from collections.abc import Callable

from benchmarks.driver import Driver
from benchmarks.load import numbered_events, send_paced
from benchmarks.results import Bound, Measurement
from benchmarks.rounds import interleaved, running
from benchmarks.slow_reader import Chunk, Reader, events_in, passed_on, stalling, steady
from benchmarks.wire import EVENT_BYTES, chunk_of

PLUGINS = ("plain", "relay")

BURST_EVENTS = 5000
MOST_CHUNKS = 100

STALL = (1.0, 3.0)
"""Seconds from the first chunk between which the reader takes nothing."""

STALL_PACE, STALL_EVENTS = 100, 400
"""Events a second, and for how long: until after the stall."""

LARGE_BYTES = 20_000_000
LARGE_EVENT_BYTES = 1000
SLOW_BYTES_PER_SECOND = 1_000_000
STEADY_PACE = 4000
"""Events a second of an answer that comes at four times the reader's pace: the longer a queue
fills, the more chunks it is offered."""


type Answer = Callable[[Driver], list[Chunk]]
"""Has a plugin answer, and gives the body as it came."""


def measure_chunks(rounds: int) -> list[Measurement]:
    """Chunks of a burst, and losses."""
    large = LARGE_BYTES // LARGE_EVENT_BYTES
    with running(PLUGINS) as drivers:
        return [
            _burst(drivers, rounds),
            _losses(
                drivers,
                "a reader that stalls for 2 s, 100 events/s",
                lambda driver: _answer(driver, STALL_EVENTS, EVENT_BYTES, STALL_PACE),
                stalling(*STALL),
                STALL_EVENTS,
            ),
            _losses(
                drivers,
                "a reader of 1 MB/s, 20 MB as fast as they come",
                lambda driver: _answer(driver, large, LARGE_EVENT_BYTES, None),
                steady(SLOW_BYTES_PER_SECOND),
                large,
            ),
            _losses(
                drivers,
                "a reader of 1 MB/s, 20 MB at 4 MB/s",
                lambda driver: _answer(driver, large, LARGE_EVENT_BYTES, STEADY_PACE),
                steady(SLOW_BYTES_PER_SECOND),
                large,
            ),
        ]


def _burst(drivers: dict[str, Driver], rounds: int) -> Measurement:
    answers = interleaved(
        drivers, rounds, lambda driver: len(_answer(driver, BURST_EVENTS, EVENT_BYTES, None))
    )
    figures = {plugin: float(min(counts)) for plugin, counts in answers.items()}
    return Measurement(
        "Chunks",
        f"{BURST_EVENTS} events as fast as they come",
        "chunks",
        figures,
        (Bound("relay", figures["relay"], MOST_CHUNKS, "chunks"),),
    )


def _losses(
    drivers: dict[str, Driver], case: str, answer: Answer, reader: Reader, events: int
) -> Measurement:
    figures: dict[str, float] = {}
    notes = []
    for plugin, driver in drivers.items():
        chunks = answer(driver)
        whole = events_in(b"".join(chunk.data for chunk in chunks))
        if whole != events:
            raise RuntimeError(f"`{plugin}` sent {whole} of {events} events")
        figures[plugin] = float(events - events_in(passed_on(chunks, reader)))
        notes.append(f"{plugin} {len(chunks)} chunks")
    return Measurement(
        "Events lost",
        f"{case}, {events} events",
        "events",
        figures,
        (Bound("relay", figures["relay"], 0, "events"),),
        ", ".join(notes),
    )


def _answer(driver: Driver, events: int, size: int, pace: int | None) -> list[Chunk]:
    """The chunks of one stream's body, as they came."""
    (stream,) = driver.open_streams(1)
    lines = numbered_events(stream, events, size)
    arrived: list[tuple[bytes, float]] = []
    driver.on_chunk = lambda line, at: arrived.append((line, at))
    if pace is None:
        driver.send(b"".join(lines))
    else:
        send_paced(driver, lines, pace)
    driver.close_streams([stream])
    driver.on_chunk = None
    started_at = arrived[0][1] if arrived else time.perf_counter()
    bodies = ((at, chunk_of(line)) for line, at in arrived)
    return [Chunk(at - started_at, data) for at, data in bodies if data]
