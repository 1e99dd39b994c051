"""When a delivery was signed, so that an old one can't be played again."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import orjson

from endpoints.http.errors import InvalidSignature

MAX_DIGITS = 16
"""Of a number: microseconds of this century have as many."""

_NUMBER = re.compile(rf"[0-9]{{1,{MAX_DIGITS}}}", re.ASCII)
_MAX_CHARACTERS = 64
_MALFORMED = "The timestamp of the delivery is missing or malformed."


class Unit(StrEnum):
    """How a time is written."""

    SECONDS = "s"
    MILLISECONDS = "ms"
    RFC_3339 = "rfc3339"


class Source(StrEnum):
    """Where a time stands."""

    HEADER = "header"
    """In a header of its own."""
    PART = "part"
    """In the signature's header, as `name=time` among its parts."""
    BODY = "body"
    """In a field of the JSON body, which is signed as a whole."""


@dataclass(frozen=True, slots=True)
class Timestamp:
    """Where the time stands and how far off it may be.

    Attributes:
        source: what it stands in.
        name: of the header, the part or the field.
        unit: how it is written.
        tolerance: seconds that it may be off, into the past and into the future: a clock that is
            fast must not make a delivery valid for longer.
    """

    source: Source
    name: str
    unit: Unit = Unit.SECONDS
    tolerance: float = 300.0

    def check(self, written: str, now: float) -> None:
        """Let a delivery pass that was signed about now.

        Args:
            written: the time as it was sent.
            now: seconds since the epoch.

        Raises:
            InvalidSignature: it is malformed, or too far off.
        """
        if not abs(now - self._seconds(written)) <= self.tolerance:
            raise InvalidSignature(
                "The timestamp of the delivery is more than "
                f"{self.tolerance:g} s off: it is a replay, or a clock is wrong."
            )

    def _seconds(self, written: str) -> float:
        if self.unit is Unit.RFC_3339:
            return _rfc_3339(written)
        if not _NUMBER.fullmatch(written):
            raise InvalidSignature(_MALFORMED)
        return int(written) / (1000 if self.unit is Unit.MILLISECONDS else 1)

    def in_body(self, body: bytes) -> str:
        """The time in a field of the body; only to be believed once the body is verified.

        Raises:
            InvalidSignature: there is none.
        """
        try:
            fields = orjson.loads(body)
        except ValueError:
            fields = None
        value = fields.get(self.name) if isinstance(fields, dict) else None
        if isinstance(value, str | int) and not isinstance(value, bool):
            return str(value)
        raise InvalidSignature(_MALFORMED)


def _rfc_3339(written: str) -> float:
    try:
        if not written.isascii() or len(written) > _MAX_CHARACTERS:
            raise ValueError
        moment = datetime.fromisoformat(written)
        if moment.tzinfo is None:
            raise ValueError
        return moment.timestamp()
    except (ValueError, OverflowError):
        raise InvalidSignature(_MALFORMED) from None
