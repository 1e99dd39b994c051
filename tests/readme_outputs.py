"""Whether an answer is what README shows, ids and times aside."""

import json
from typing import Any

import httpx

CHANGING_HEADERS = {"date", "content-length", "x-request-id"}


def shape(value: Any) -> Any:
    """The keys of a JSON value at every depth, and the name of an event."""
    if isinstance(value, dict):
        return {
            name: inner if name in ("event", "code", "status") else shape(inner)
            for name, inner in value.items()
        }
    return None


def pieces(text: str, separator: str, prefix: str = "") -> list[Any]:
    """The shapes of a stream's events; `...` for those that README leaves out."""
    found = [piece for piece in text.split(separator) if piece.strip()]
    return [
        "..." if piece.strip() == "..." else shape(json.loads(piece.removeprefix(prefix)))
        for piece in found
    ]


def assert_alike(shown: list[Any], real: list[Any]) -> None:
    """Compare piece by piece, with any number of real ones in place of `...`."""
    assert shown.count("...") <= 1
    if "..." not in shown:
        assert real == shown
        return
    gap = shown.index("...")
    behind = len(shown) - gap - 1
    assert len(real) >= gap + behind
    assert real[:gap] == shown[:gap]
    assert real[len(real) - behind :] == shown[gap + 1 :]


def assert_same_body(shown: str, answer: httpx.Response) -> None:
    """Compare a body by the rules of its format."""
    media_type = answer.headers["content-type"].partition(";")[0]
    if media_type == "text/plain":
        assert answer.text.rstrip("\n") == shown.rstrip("\n")
    elif media_type == "text/event-stream":
        assert answer.text.endswith("\n\n")
        separator, prefix = "\n\n", "data: "
        assert_alike(pieces(shown, separator, prefix), pieces(answer.text, separator, prefix))
    else:
        assert media_type in ("application/x-ndjson", "application/json")
        assert_alike(pieces(shown, "\n"), pieces(answer.text, "\n"))


def assert_same_head(shown: str, answer: httpx.Response) -> None:
    """Compare status and headers."""
    first, *lines = shown.split("\n")
    assert first == f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}"
    headers = dict(line.split(": ", 1) for line in lines)
    assert set(headers) == set(answer.headers)
    for name in headers.keys() - CHANGING_HEADERS:
        assert answer.headers[name] == headers[name]
