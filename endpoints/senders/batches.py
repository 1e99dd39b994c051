"""Deliveries that bring several items at once: each is run by itself, in their order."""

from collections.abc import Iterator
from typing import Any

from endpoints.senders.sender import Split

MAX_ITEMS = 1000
"""Of one delivery, what Meta sends at most ("Webhooks, Getting started"); each is a run."""


def split(payload: Any, lists: Split | None) -> Iterator[Any]:
    """The items of a batch, each in the shape of a delivery that brought nothing else.

    So one and the same expression fits a delivery of one item and each of a hundred.

    Args:
        payload: what was delivered; it is not changed.
        lists: where the sender has lists of items; None if it sends one at a time.
    """
    if lists is None:
        yield payload
    elif isinstance(payload, list):
        for element in payload:
            for item in split(element, lists):
                yield [item]
    elif isinstance(payload, dict) and (names := [name for name in lists if name in payload]):
        common = {name: value for name, value in payload.items() if name not in names}
        for name in names:
            for item in split(payload[name], lists[name]):
                yield {**common, name: item}
    else:
        yield payload


def count_items(payload: Any, lists: Split | None) -> int:
    """How many items `split` gives, without making them."""
    if lists is None:
        return 1
    if isinstance(payload, list):
        return sum(count_items(element, lists) for element in payload)
    if isinstance(payload, dict) and (names := [name for name in lists if name in payload]):
        return sum(count_items(payload[name], lists[name]) for name in names)
    return 1
