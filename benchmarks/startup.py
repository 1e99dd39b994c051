"""From the start of the process to its first heartbeat."""

from benchmarks.process import PluginProcess
from benchmarks.results import Bound, Measurement

PLUGINS = ("empty", "relay")
MOST_OF_EMPTY = 1.15


def measure_startup(rounds: int) -> list[Measurement]:
    """Start each plugin in turn, again and again; the first start only fills caches."""
    taken: dict[str, list[float]] = {plugin: [] for plugin in PLUGINS}
    for _ in range(rounds + 1):
        for plugin in PLUGINS:
            with PluginProcess(plugin) as process:
                taken[plugin].append(process.startup_seconds)
    figures = {plugin: min(seconds[1:]) * 1000 for plugin, seconds in taken.items()}
    ratio = figures["relay"] / figures["empty"]
    return [
        Measurement(
            "Start-up",
            f"least of {rounds}",
            "ms",
            figures,
            (Bound("relay / empty", ratio, MOST_OF_EMPTY),),
        )
    ]
