"""Interleaved rounds: whatever disturbs the machine hits every plugin alike."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from benchmarks.driver import Driver
from benchmarks.process import PluginProcess


@contextmanager
def running(plugins: Sequence[str]) -> Iterator[dict[str, Driver]]:
    """Fresh processes of these plugins, each with its driver; stopped at the end."""
    with ExitStack() as stack:
        yield {plugin: Driver(stack.enter_context(PluginProcess(plugin))) for plugin in plugins}


def interleaved[T](
    drivers: dict[str, Driver], rounds: int, measure: Callable[[Driver], T]
) -> dict[str, list[T]]:
    """Measure each plugin in turn, again and again.

    Returns:
        the figures of each plugin, a round each.
    """
    taken: dict[str, list[T]] = {plugin: [] for plugin in drivers}
    order = list(drivers)
    for _ in range(rounds):
        for plugin in order:
            taken[plugin].append(measure(drivers[plugin]))
        order.append(order.pop(0))  # none is always the one behind the busiest
    return taken
