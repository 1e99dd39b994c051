"""Memory for an open stream, and whether it comes back."""

from benchmarks.driver import Driver
from benchmarks.results import Bound, Measurement
from benchmarks.rounds import running

PLUGINS = ("floor", "plain", "relay")

OPEN_STREAMS = 500
MOST_STREAM_KB = 80.0

TURNOVER_STREAMS = 20_000
WARM_UP_STREAMS = 2000
AT_ONCE = 100
MOST_GROWTH = 1.10


def measure_memory(turnover: int = TURNOVER_STREAMS) -> list[Measurement]:
    """Both figures, in fresh processes.

    Args:
        turnover: streams to open and close for the growth.
    """
    with running(PLUGINS) as drivers:
        per_stream = {plugin: _per_stream_kb(driver) for plugin, driver in drivers.items()}
    with running(["relay"]) as drivers:
        before, after = _turnover_mb(drivers["relay"], turnover)
    return [
        Measurement(
            "Memory",
            f"an open stream, of {OPEN_STREAMS}, after its first event",
            "KB",
            per_stream,
            (Bound("relay", per_stream["relay"], MOST_STREAM_KB, "KB"),),
            "the SDK's share is the floor's",
        ),
        Measurement(
            "Memory",
            f"after {turnover} streams opened and closed",
            "MB",
            {"relay": after},
            (Bound("after / before", after / before, MOST_GROWTH),),
            f"{before:.1f} MB after a warm-up of {WARM_UP_STREAMS}",
        ),
    ]


def _per_stream_kb(driver: Driver) -> float:
    _open_and_close(driver, 1)
    driver.settle()
    before = driver.process.rss_bytes()
    streams = driver.open_streams(OPEN_STREAMS)
    driver.send(b"".join(stream.event(0) for stream in streams))
    driver.settle(1.0)
    used = driver.process.rss_bytes() - before
    driver.close_streams(streams)
    return used / OPEN_STREAMS / 1024


def _turnover_mb(driver: Driver, turnover: int) -> tuple[float, float]:
    for _ in range(WARM_UP_STREAMS // AT_ONCE):
        _open_and_close(driver, AT_ONCE)
    before = driver.process.rss_bytes()
    for _ in range(turnover // AT_ONCE):
        _open_and_close(driver, AT_ONCE)
    return before / 1e6, driver.process.rss_bytes() / 1e6


def _open_and_close(driver: Driver, count: int) -> None:
    streams = driver.open_streams(count)
    driver.send(b"".join(stream.event(0) for stream in streams))
    driver.close_streams(streams)
