"""A run's events as bytes, one renderer per streamed format, all of one shape."""

from typing import Protocol

from endpoints.http.encoding import encode_json
from endpoints.http.errors import ProxyError
from endpoints.http.negotiation import Format
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

    def failure(self, error: ProxyError, request_id: str) -> bytes:
        """The end of a stream that broke after it had begun."""

    def end(self) -> bytes:
        """What is sent behind the last event of a stream that came to its end."""


class NdjsonRenderer:
    """Newline-delimited JSON: each line is one event."""

    content_type = "application/x-ndjson; charset=utf-8"

    def event(self, event: Event) -> bytes:
        return encode_json(event) + b"\n"

    def ping(self) -> bytes:
        return b'{"event":"ping"}\n'

    def failure(self, error: ProxyError, request_id: str) -> bytes:
        return self.event(error.event(request_id))

    def end(self) -> bytes:
        return b""


def renderer_of(format_: Format) -> Renderer:
    """A renderer for one run."""
    return _RENDERERS[format_]()


_RENDERERS: dict[Format, type[Renderer]] = {
    Format.NDJSON: NdjsonRenderer,
}
