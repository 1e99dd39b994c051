"""The setting `cors_origins`: which pages may call this endpoint from a browser."""

import re
from dataclasses import dataclass
from functools import lru_cache

from endpoints.http.errors import InvalidSettings

EVERY_ORIGIN = "*"

MAX_CHARACTERS = 16 * 1024
"""Room for hundreds of origins; more would stall every caller of the process while it is parsed."""

CACHED_SETTINGS = 256
"""Endpoints whose parsed setting is kept, as many as there are of `parse_settings`."""

_DEFAULT_PORTS = {"http": "80", "https": "443"}

_ORIGIN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]{0,31})://"
    r"(?P<host>[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]{2,45}\])"
    r"(?::(?P<port>[0-9]{1,5}))?",
    re.IGNORECASE,
)
"""A serialised origin (RFC 6454, 6.2). Any scheme: apps in a shell like Electron's have their own.
A name outside ASCII stands in its ASCII form (`xn--`), as browsers send it."""

MAX_ORIGIN_CHARACTERS = 300
"""A host name has at most 253 (RFC 1035)."""


@dataclass(frozen=True, slots=True)
class AllowedOrigins:
    """The origins that may call.

    Attributes:
        every: any origin may.
        origins: those that may, normalised.
    """

    every: bool = False
    origins: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return self.every or bool(self.origins)

    def allows(self, origin: str) -> bool:
        """Whether a page of this origin may call.

        Args:
            origin: an `Origin` header; `null` (a sandboxed or local page, of which there are many)
                only passes where every origin does.
        """
        if self.every:
            return origin == "null" or normalised(origin) is not None
        return normalised(origin) in self.origins


def parse_cors_origins(text: str) -> AllowedOrigins:
    """Which origins may call.

    Args:
        text: the setting, without surrounding space.

    Raises:
        InvalidSettings: it can't be understood.
    """
    origins = _parse(text)
    if origins is None:
        raise InvalidSettings(
            "cors_origins",
            f"has to be `{EVERY_ORIGIN}` or origins (`scheme://host` or `scheme://host:port`, "
            f"without a path), and no longer than {MAX_CHARACTERS} characters",
        )
    return origins


@lru_cache(maxsize=CACHED_SETTINGS)
def _parse(text: str) -> AllowedOrigins | None:
    if len(text) > MAX_CHARACTERS:
        return None
    entries = text.replace(",", " ").split()
    origins = [normalised(entry) for entry in entries if entry != EVERY_ORIGIN]
    if None in origins:
        return None
    return AllowedOrigins(
        EVERY_ORIGIN in entries, frozenset(origin for origin in origins if origin is not None)
    )


def normalised(origin: str) -> str | None:
    """An origin in the form in which two can be compared; None if it is none.

    Scheme and host are case-insensitive, and a scheme's own port may be left out (RFC 6454, 4).
    """
    match = _ORIGIN.fullmatch(origin) if len(origin) <= MAX_ORIGIN_CHARACTERS else None
    if match is None:
        return None
    scheme, host = match["scheme"].lower(), match["host"].lower()
    port = (match["port"] or "").lstrip("0")
    if match["port"] and not 0 < int(match["port"]) < 65536:
        return None
    if not port or port == _DEFAULT_PORTS.get(scheme):
        return f"{scheme}://{host}"
    return f"{scheme}://{host}:{port}"
