"""A run's events as bytes, one renderer per streamed format, all of one shape."""

from collections.abc import Callable
from typing import Protocol

from endpoints.http.encoding import encode_json
from endpoints.http.errors import ProxyError
from endpoints.http.negotiation import Format
from endpoints.http.text_renderer import TextRenderer
from provider.call import Event


class Renderer(Protocol):
    """Writes the events of one run.

    Attributes:
        content_type: of the response.
    """

    content_type: str

    def event(self, event: Event) -> bytes:
        """What is sent for an event of the app; b"" for nothing."""

    def ping(self) -> bytes:
        """What is sent when nothing else was for a while."""

    def failure(self, error: ProxyError, request_id: str, /) -> bytes:
        """The end of a stream that broke after it had begun."""

    def end(self) -> bytes:
        """What is sent behind the last event of a stream that came to its end."""


class JsonRenderer:
    """Every event as JSON, exactly as it came, an `error` event of Dify's too.

    Args:
        wanted: names of the events that are sent; none means all. `error` always is.
    """

    content_type: str
    _before: bytes
    _behind: bytes
    _ping: bytes

    def __init__(self, wanted: frozenset[str]) -> None:
        self._wanted = wanted | {"error"} if wanted else None

    def event(self, event: Event) -> bytes:
        if self._wanted is not None and event["event"] not in self._wanted:
            return b""
        return self._before + encode_json(event) + self._behind

    def ping(self) -> bytes:
        return self._ping

    def failure(self, error: ProxyError, request_id: str, /) -> bytes:
        return self.event(error.event(request_id))

    def end(self) -> bytes:
        return b""


class NdjsonRenderer(JsonRenderer):
    """Newline-delimited JSON: each line is one event."""

    content_type = "application/x-ndjson; charset=utf-8"
    _before, _behind, _ping = b"", b"\n", b'{"event":"ping"}\n'


class SseRenderer(JsonRenderer):
    """Server-sent events, framed as Dify's Service API frames them."""

    content_type = "text/event-stream; charset=utf-8"
    _before, _behind, _ping = b"data: ", b"\n\n", b"event: ping\n\n"


def renderer_of(format_: Format, wanted: frozenset[str] = frozenset()) -> Renderer:
    """A renderer for one run.

    Args:
        format_: one of the streamed formats.
        wanted: names of the events that JSON formats send; none means all.
    """
    return _RENDERERS[format_](wanted)


_RENDERERS: dict[Format, Callable[[frozenset[str]], Renderer]] = {
    Format.NDJSON: NdjsonRenderer,
    Format.SSE: SseRenderer,
    Format.TEXT: lambda _wanted: TextRenderer(),
}
