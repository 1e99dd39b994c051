"""Server-sent events, as the WHATWG's HTML standard has them parsed (9.2.6)."""

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MAX_EVENT_CHARACTERS = 32 * 1024 * 1024
"""Of one event, the largest seen being 400 KB: a stream without an end of line, or of an event,
would take the memory of the whole process."""

_LINE_END = re.compile(r"\r\n|\n|\r")


class EventTooLong(Exception):
    """An event has more than `MAX_EVENT_CHARACTERS`."""


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One dispatched event; `id` and `retry` are of no use here.

    Attributes:
        name: its type, `message` unless the stream says otherwise.
        data: its data lines, joined by line feeds.
    """

    name: str
    data: str


def parse_sse(chunks: Iterable[bytes]) -> Iterator[ServerSentEvent]:
    """The events of a stream, each as soon as the blank line behind it has come.

    An event is dispatched with empty data too (browsers drop it), since Dify's pings have none. One
    that the stream's end cuts off is dropped.

    Args:
        chunks: the bytes, cut anywhere, also inside a character.

    Raises:
        EventTooLong: an event goes on and on.
    """
    name, size = "", 0
    data: list[str] = []
    for line in _lines(chunks):
        size += len(line)
        if size > MAX_EVENT_CHARACTERS:
            raise EventTooLong
        if not line:
            size = 0
            if name or data:
                yield ServerSentEvent(name or "message", "\n".join(data))
            name, data = "", []
            continue
        field, colon, value = line.partition(":")
        value = value.removeprefix(" ") if colon else ""
        if field == "data":
            data.append(value)
        elif field == "event":
            name = value


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Lines that have ended; CR, LF and CRLF end one."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    begun: list[str] = []  # pieces of a line: joined once, since one line may come in many chunks
    length, after_return = 0, False
    for chunk in chunks:
        text = decoder.decode(chunk)
        if not text:
            continue
        if after_return:  # the second half of a CRLF ends nothing
            text = text.removeprefix("\n")
        after_return = text.endswith("\r")
        first, *others = _LINE_END.split(text)
        begun.append(first)
        length += len(first)
        if length > MAX_EVENT_CHARACTERS:
            raise EventTooLong
        for line in others:
            yield "".join(begun)
            begun, length = [line], len(line)
