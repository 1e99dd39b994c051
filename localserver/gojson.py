"""JSON as the plugin daemon writes it.

The daemon decodes what it relays and encodes it again with Go's `encoding/json`: the keys of
every object are sorted, every number has gone through a float64, and `<`, `>`, `&`, U+2028 and
U+2029 are escaped in strings.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson

EXACT_INTEGER = 2**53
"""Integers up to here survive a float64 unchanged."""

EXPONENT_FROM = 1e21
EXPONENT_BELOW = 1e-6
"""`encoding/json` writes an exponent from 1e21 on and below 1e-6."""

HTML_ESCAPES = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}
_HTML_TABLE = str.maketrans(HTML_ESCAPES)


def format_float(value: float) -> str:
    """Write a float64 as Go's `encoding/json` does."""
    size = abs(value)
    if size != 0 and (size < EXPONENT_BELOW or size >= EXPONENT_FROM):
        digits, _, exponent = f"{Decimal(repr(value)).normalize():e}".partition("e")
        power = int(exponent)
        sign = "-" if power < 0 else "+"
        # One digit of a negative exponent stays one digit, a positive one has at least two.
        return f"{digits}e{sign}{abs(power) if power < 0 else format(abs(power), '02d')}"
    return f"{Decimal(repr(value)):f}".removesuffix(".0")


def _normalised(value: Any) -> Any:
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int:
        if -EXACT_INTEGER <= value <= EXACT_INTEGER:
            return value
        return orjson.Fragment(format_float(float(value)))
    if kind is float:
        if value and value.is_integer() and abs(value) <= EXACT_INTEGER:
            return int(value)
        return orjson.Fragment(format_float(value))
    if kind is dict:
        return {key: _normalised(item) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [_normalised(item) for item in value]
    return value


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in value)
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    return value


def event_bytes(value: Any) -> bytes:
    """Encode an object as a line to the plugin carries it: sorted keys, rounded numbers.

    The HTML escapes are left out: they are gone once the plugin has decoded the line.
    """
    try:
        return orjson.dumps(_normalised(value), option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # a lone surrogate: Go's decoder makes it U+FFFD
        return orjson.dumps(_normalised(_without_surrogates(value)), option=orjson.OPT_SORT_KEYS)


def text(value: Any) -> str:
    """Encode a map as the text that the daemon shows to callers, HTML escapes included."""
    return event_bytes(value).decode().translate(_HTML_TABLE)


def struct_text(fields: dict[str, Any]) -> str:
    """Encode a Go struct: like `text`, but the fields stay in the given order."""
    body = ",".join(f'"{name}":{text(value)}' for name, value in fields.items())
    return "{" + body + "}"
