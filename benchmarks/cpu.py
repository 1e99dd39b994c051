"""CPU time of the plugin process for each event."""

from collections.abc import Sequence

from benchmarks.driver import Driver
from benchmarks.load import Cost, Load, measure_cost
from benchmarks.results import Bound, Measurement
from benchmarks.rounds import interleaved, running
from benchmarks.wire import EVENT_BYTES

PLUGINS = ("floor", "tuned floor", "plain", "relay")
FLOORS = ("floor", "tuned floor")
"""The relay's process tunes the SDK (`provider/process.py`). The bounds are against the SDK as it
is; what the relay alone costs is seen against a floor that is tuned alike."""

GROUP = "CPU per event"

FAST = {1: 6000, 20: 6000, 100: 6000, 500: 10_000}
"""Streams -> events, as fast as they come: a second or so of CPU time, and so many events of each
stream that its end does not matter."""

PACES = (40, 200)
"""Events a second of each stream: what models write, and what small agents' events come at."""

PACED_SECONDS = 1.5
BUSIEST = 0.85
"""Of a core; a paced load that takes the floor more is left out: then it is as fast as it comes."""

LARGE_EVENT_BYTES = 64 * 1024
LARGE_STREAMS, LARGE_EVENTS = 20, 600

MOST_OF_FLOOR = {1: 1.15, 20: 1.15, 100: 1.25, 500: 1.25}
MOST_OF_PLAIN = {1: 0.85, 20: 1.0, 100: 1.0, 500: 1.0}
TOLERANCE = 0.05
"""Against the floor: as close as two runs on a machine at rest come to each other."""


def measure_cpu(rounds: int) -> list[Measurement]:
    """CPU per event under every load."""
    with running(PLUGINS) as drivers:
        for driver in drivers.values():
            measure_cost(driver, Load(streams=10, events=500))  # warm up
        fast = [
            _measure(drivers, rounds, Load(streams, events)) for streams, events in FAST.items()
        ]
        paced = [
            _measure_paced(drivers, rounds, streams, pace, fastest.figures["floor"])
            for pace in PACES
            for streams, fastest in zip(FAST, fast, strict=True)
        ]
        large = Load(LARGE_STREAMS, LARGE_EVENTS, event_bytes=LARGE_EVENT_BYTES)
        return [*fast, *paced, _measure(drivers, rounds, large)]


def _measure_paced(
    drivers: dict[str, Driver], rounds: int, streams: int, pace: int, floor_us: float
) -> Measurement:
    load = Load(streams, max(int(streams * pace * PACED_SECONDS), 1), pace)
    if streams * pace * floor_us / 1e6 > BUSIEST:
        note = "saturated: the floor alone takes more than a core"
        return Measurement(GROUP, _case(load), "µs", {}, note=note)
    return _measure(drivers, rounds, load)


def _measure(drivers: dict[str, Driver], rounds: int, load: Load) -> Measurement:
    costs = interleaved(drivers, rounds, lambda driver: measure_cost(driver, load))
    _check_floors(costs, load)
    best = {plugin: min(taken, key=lambda cost: cost.event_us) for plugin, taken in costs.items()}
    figures = {plugin: cost.event_us for plugin, cost in best.items()}
    return Measurement(GROUP, _case(load), "µs", figures, _bounds(load, figures), _note(best, load))


def _check_floors(costs: dict[str, list[Cost]], load: Load) -> None:
    """A floor sends one line at the end of each stream; one that sends more is none."""
    for floor in FLOORS:
        for cost in costs[floor]:
            if cost.chunks != load.streams:
                raise RuntimeError(f"`{floor}`: {cost.chunks} chunks of {load.streams} streams")


def _bounds(load: Load, figures: dict[str, float]) -> tuple[Bound, ...]:
    of_plain = figures["relay"] / figures["plain"]
    against_plain = Bound("relay / plain", of_plain, MOST_OF_PLAIN[load.streams])
    if load.event_bytes != EVENT_BYTES:
        return (against_plain,)  # the floor does not pass the bytes on, and bytes are all of it
    return (
        Bound(
            "relay / floor",
            figures["relay"] / figures["floor"],
            MOST_OF_FLOOR[load.streams],
            tolerance=TOLERANCE,
        ),
        against_plain,
    )


def _note(best: dict[str, Cost], load: Load) -> str:
    relay = best["relay"]
    of_tuned = relay.event_us / best["tuned floor"].event_us
    parts = [f"{load.all_events / max(relay.chunks, 1):.1f} events a chunk"]
    if load.event_bytes == EVENT_BYTES:
        parts.append(f"relay / tuned floor {of_tuned:.2f}")
    if load.per_second is not None:
        parts.append(f"busy {relay.busy:.0%}")
    if load.streams >= 100:
        opening = " / ".join(f"{cost.stream_us:.0f}" for cost in best.values())
        parts.append(f"opening a stream {opening} µs")
    return ", ".join(parts)


def _case(load: Load) -> str:
    streams = "1 stream" if load.streams == 1 else f"{load.streams} streams"
    pace = "as fast as they come" if load.per_second is None else f"{load.per_second} events/s each"
    size = f"{load.event_bytes} B" if load.event_bytes < 1024 else f"{load.event_bytes // 1024} KB"
    return f"{streams}, {size}, {pace}"


def points_of(measurements: Sequence[Measurement]) -> dict[str, list[tuple[int, float]]]:
    """CPU per event against streams, as fast as they come: what the plot shows."""
    cases = {_case(Load(streams, events)): streams for streams, events in FAST.items()}
    points: dict[str, list[tuple[int, float]]] = {plugin: [] for plugin in PLUGINS}
    for measurement in measurements:
        streams = cases.get(measurement.case)
        if measurement.group == GROUP and streams is not None:
            for plugin, figure in measurement.figures.items():
                points[plugin].append((streams, figure))
    return points
