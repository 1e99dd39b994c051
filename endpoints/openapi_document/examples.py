"""Examples from real runs: what recorded Dify servers sent."""

from functools import cache
from pathlib import Path
from typing import Any

import orjson
import yaml


@cache
def examples() -> dict[str, list[dict[str, Any]]]:
    """Streams and blocking answers by name; shared, so nobody may change them."""
    loaded: dict[str, list[dict[str, Any]]] = yaml.safe_load(
        Path(__file__).with_name("examples.yaml").read_bytes()
    )
    return loaded


def ndjson(name: str) -> str:
    """A stream as NDJSON."""
    return "".join(f"{_json(event)}\n" for event in examples()[name])


def sse(name: str) -> str:
    """A stream as SSE."""
    return "".join(f"data: {_json(event)}\n\n" for event in examples()[name])


def text(name: str) -> str:
    """The answer's text alone."""
    return "".join(event.get("answer", "") for event in examples()[name])


def _json(event: dict[str, Any]) -> str:
    return orjson.dumps(event).decode()
