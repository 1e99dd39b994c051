"""Time to the first byte, and the delay that the relay adds to each event."""

import statistics
import time
from dataclasses import dataclass

from benchmarks.driver import Driver
from benchmarks.load import send_paced
from benchmarks.results import Bound, Measurement
from benchmarks.rounds import interleaved, running
from benchmarks.wire import Stream, chunk_of, indexes_in

PLUGINS = ("plain", "relay")

REQUESTS = 204
"""In all rounds together, at least 200; one after the other."""

PAUSE_SECONDS = 0.03
"""Before each request, of both: after the 20 ms that the relay keeps before an end the processor
has cooled down, which is not to be laid at its door alone."""

MOST_OF_FIRST_BYTE = 1.1
MOST_MORE_MS = 1.0
"""Either is enough."""

STREAMS = 20
PACED_SECONDS = 2.0
MOST_P50_MS, MOST_P99_MS = {40: 1.0}, {40: 5.0}
MOST_MAX_MS = {200: 25.0}

SATURATED_MS = 25.0
"""Above it at p50 the plain generator does not keep up and its figures are those of a queue."""


def measure_latency(rounds: int) -> list[Measurement]:
    """Every figure of this kind."""
    with running(PLUGINS) as drivers:
        return [
            _first_byte(drivers, rounds),
            *_added_delay(drivers, rounds, 40),
            *_added_delay(drivers, rounds, 200),
        ]


def _first_byte(drivers: dict[str, Driver], rounds: int) -> Measurement:
    requests = -(-REQUESTS // rounds)
    taken = interleaved(drivers, rounds, lambda driver: _median_first_byte(driver, requests))
    plain, relay = (min(taken[plugin]) * 1000 for plugin in PLUGINS)
    allowed = max(plain * MOST_OF_FIRST_BYTE, plain + MOST_MORE_MS)
    return Measurement(
        "Time to first byte",
        f"median of {requests} requests, one after the other, {rounds} rounds",
        "ms",
        {"plain": plain, "relay": relay},
        (Bound("relay", relay, allowed, "ms"),),
        "the app answers at once",
    )


def _median_first_byte(driver: Driver, requests: int) -> float:
    return statistics.median(_one_first_byte(driver) for _ in range(requests))


def _one_first_byte(driver: Driver) -> float:
    arrived_at: list[float] = []

    def note(line: bytes, at: float) -> None:
        if not arrived_at and chunk_of(line):
            arrived_at.append(at)

    def give_first_event(stream: Stream) -> None:
        driver.send(stream.event(0))

    driver.on_chunk, driver.on_invoked = note, give_first_event
    driver.settle(PAUSE_SECONDS)
    sent_at = time.perf_counter()
    stream = driver.request()
    driver.until(lambda: bool(arrived_at))
    driver.on_chunk = driver.on_invoked = None
    driver.close_streams([stream])
    return arrived_at[0] - sent_at


@dataclass(frozen=True, slots=True)
class Delay:
    """From the pipe to the plugin to the line that brings the event back, in milliseconds."""

    p50: float
    p99: float
    most: float


def _added_delay(drivers: dict[str, Driver], rounds: int, pace: int) -> list[Measurement]:
    taken = interleaved(drivers, rounds, lambda driver: _delay(driver, pace))
    saturated = min(delay.p50 for delay in taken["plain"]) > SATURATED_MS
    note = "saturated: the plain generator does not keep up" if saturated else ""
    measurements = []
    for name, allowed in (("p50", MOST_P50_MS), ("p99", MOST_P99_MS), ("most", MOST_MAX_MS)):
        plain, relay = (min(getattr(delay, name) for delay in taken[each]) for each in PLUGINS)
        bounds = (
            (Bound("relay - plain", relay - plain, allowed[pace], "ms"),)
            if pace in allowed and not saturated
            else ()
        )
        measurements.append(
            Measurement(
                "Delay of an event",
                f"{STREAMS} streams, {pace} events/s each, {name}",
                "ms",
                {"plain": plain, "relay": relay},
                bounds,
                note,
            )
        )
    return measurements


def _delay(driver: Driver, pace: int) -> Delay:
    streams = driver.open_streams(STREAMS)
    driver.send(b"".join(stream.event(0) for stream in streams))
    driver.settle()
    count = int(STREAMS * pace * PACED_SECONDS)
    lines = [streams[number % STREAMS].event(number) for number in range(count)]
    arrived: list[tuple[bytes, float]] = []
    driver.on_chunk = lambda line, at: arrived.append((line, at))
    sent_at = send_paced(driver, lines, STREAMS * pace)
    driver.close_streams(streams)
    driver.on_chunk = None
    delays = sorted(
        (at - sent_at[index]) * 1000
        for line, at in arrived
        for index in indexes_in(chunk_of(line) or b"")
    )
    if len(delays) != count:
        raise RuntimeError(f"{len(delays)} of {count} events came back")
    return Delay(delays[count // 2], delays[count * 99 // 100], delays[-1])
