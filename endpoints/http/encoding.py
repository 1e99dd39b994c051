"""Events as JSON bytes."""

import json
import math
from typing import Any

import orjson

_LINE_BREAKS = (
    (b"\xe2\x80\xa8", b"\\u2028"),
    (b"\xe2\x80\xa9", b"\\u2029"),
    (b"\xc2\x85", b"\\u0085"),
)
"""U+2028, U+2029 and U+0085 in UTF-8, and as JSON escapes: clients that split a stream on every
Unicode line break (Python's `str.splitlines` does) would cut a line in half. In JSON they can only
stand inside strings, so replacing them in the bytes is safe."""


def encode_json(value: Any) -> bytes:
    """One JSON text without line breaks of any kind.

    Args:
        value: what a JSON parser made. NaN and infinities, which JSON doesn't have, become null.
    """
    try:
        data = orjson.dumps(value)
    except (TypeError, RecursionError):
        data = _encode_what_orjson_refuses(value)
    if data.isascii():
        return data
    for character, escape in _LINE_BREAKS:
        if character in data:
            data = data.replace(character, escape)
    return data


def _encode_what_orjson_refuses(value: Any) -> bytes:
    """Integers beyond 64 bits and lone surrogates, which only the standard library writes."""
    return json.dumps(_finite(value), separators=(",", ":")).encode()


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
