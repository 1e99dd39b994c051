"""What Dify told of apps a moment ago, so that not every request has to ask."""

from collections import OrderedDict
from collections.abc import Callable

import orjson

from provider.ways import Description

KEPT_SECONDS = 60.0
"""So long a changed form may go unseen."""

MAX_KEPT = 256
"""Descriptions in memory, the least recently used going first."""

MAX_KEPT_BYTES = 128 * 1024
"""A larger description, as JSON, is not kept: 256 of this size are 32 MiB."""


class Descriptions:
    """Descriptions of apps, bounded in number, size and age.

    Args:
        now: the clock, in seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._kept: OrderedDict[tuple[str, ...], tuple[float, Description]] = OrderedDict()

    def get(self, key: tuple[str, ...], ask: Callable[[], Description]) -> Description:
        """A description, asked for if none is kept.

        Args:
            key: endpoint, way and app: whatever one endpoint is told no other may see.
            ask: asks Dify; what it raises is raised here, and nothing is kept.
        """
        now = self._now()
        kept = self._kept.get(key)
        if kept is not None and now - kept[0] < KEPT_SECONDS:
            self._kept.move_to_end(key)
            return kept[1]
        description = ask()
        self._keep(key, description)
        return description

    def _keep(self, key: tuple[str, ...], description: Description) -> None:
        self._kept.pop(key, None)
        if _size(description) > MAX_KEPT_BYTES:
            return
        self._kept[key] = (self._now(), description)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)


def _size(description: Description) -> int:
    try:
        return len(orjson.dumps(description.parameters))
    except TypeError:  # integers beyond 64 bits, or nested deeply
        return MAX_KEPT_BYTES + 1
