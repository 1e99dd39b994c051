"""Which format a run's answer has: `response_mode` first, then `Accept`."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from werkzeug.http import parse_options_header

from endpoints.http.body import BLOCKING, STREAMING


class Format(StrEnum):
    """What a run's answer may be; where nothing else decides, the first one."""

    NDJSON = "ndjson"
    SSE = "sse"
    TEXT = "text"
    JSON = "json"


MAX_ACCEPT_CHARACTERS = 4096
"""A longer header counts as one that can't be parsed: a server in between takes up to a megabyte,
which would take a second to parse."""

_MEDIA_TYPES: dict[Format, tuple[str, ...]] = {
    Format.NDJSON: ("application/x-ndjson", "application/jsonl"),
    Format.SSE: ("text/event-stream",),
    Format.TEXT: ("text/plain",),
    Format.JSON: ("application/json",),
}
"""The type that is sent, and others that ask for it."""


@dataclass(frozen=True, slots=True)
class _Range:
    media_range: str
    quality: float
    position: int

    @property
    def specificity(self) -> int:
        return 0 if self.media_range == "*/*" else 1 if self.media_range.endswith("/*") else 2

    def covers(self, media_type: str) -> bool:
        return (
            self.media_range in ("*/*", media_type)
            or self.media_range == media_type.partition("/")[0] + "/*"
        )


def choose_format(accept: str, response_mode: str | None) -> Format:
    """The format of a run's answer.

    Args:
        accept: the `Accept` header, "" if there is none.
        response_mode: `blocking`, `streaming` or None, as the caller said.

    Returns:
        the acceptable format of the highest quality, then the one named more specifically, then the
        one named first (RFC 9110, 12.5.1); NDJSON if nothing fits: callers never get a 406.
    """
    if response_mode == BLOCKING:
        return Format.JSON
    ranges = _parse_accept(accept)
    candidates = [
        (format_, best)
        for format_ in Format
        if not (format_ is Format.JSON and response_mode == STREAMING)
        and (best := _best_range(format_, ranges)) is not None
    ]
    if not candidates:
        return Format.NDJSON
    return min(candidates, key=lambda candidate: _rank(candidate[1]))[0]


def _rank(best: _Range) -> tuple[float, int, int]:
    return -best.quality, -best.specificity, best.position


def _best_range(format_: Format, ranges: list[_Range]) -> _Range | None:
    """What the header says of a format; None if it does not accept it."""
    sent, *also_asked_by = _MEDIA_TYPES[format_]
    said = [_most_specific(range_ for range_ in ranges if range_.covers(sent))]
    said += [range_ for range_ in ranges if range_.media_range in also_asked_by]
    accepted = [range_ for range_ in said if range_ is not None and range_.quality > 0]
    return min(accepted, key=_rank) if accepted else None


def _most_specific(ranges: Iterable[_Range]) -> _Range | None:
    return min(ranges, key=lambda range_: (-range_.specificity, range_.position), default=None)


def _parse_accept(accept: str) -> list[_Range]:
    ranges: list[_Range] = []
    if len(accept) > MAX_ACCEPT_CHARACTERS:
        return ranges
    for position, item in enumerate(accept.split(",")):
        media_range, parameters = parse_options_header(item.strip())
        quality = _quality(parameters.get("q", "1"))
        if media_range.count("/") == 1 and quality is not None:
            ranges.append(_Range(media_range.lower(), quality, position))
    return ranges


def _quality(text: str) -> float | None:
    """A weight from 0 to 1 (RFC 9110, 12.4.2), or None if it is no such number."""
    try:
        quality = float(text)
    except ValueError:
        return None
    return quality if 0 <= quality <= 1 else None
