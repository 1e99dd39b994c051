"""JSON that callers send, bounded in what it becomes."""

from typing import Any

import orjson

from endpoints.http.errors import PayloadTooLarge

MAX_JSON_VALUES = 250_000
"""An empty list takes two bytes of JSON and sixty of memory, and each value its share of the time
for which nobody else is served. Ten megabytes of prose have fewer commas than that."""

UNCOUNTED_CHARACTERS = 256 * 1024
"""A shorter text can't hold so many values that they matter."""


def parse_json(text: bytes | str) -> Any:
    """Parse a JSON text.

    Args:
        text: in UTF-8.

    Raises:
        ValueError: it is no JSON, or has lone surrogates, NaN or bytes that are not UTF-8, none of
            which Dify could take.
        PayloadTooLarge: it holds too many values.
    """
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    if len(data) > UNCOUNTED_CHARACTERS:
        # strings may hold the same characters; counting those too costs nothing but a rare refusal
        values = data.count(b",") + data.count(b"[") + data.count(b"{")
        if values > MAX_JSON_VALUES:
            raise PayloadTooLarge(f"JSON may hold {MAX_JSON_VALUES} values at most.")
    return orjson.loads(data)
