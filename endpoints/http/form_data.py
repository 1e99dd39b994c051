"""Forms, multipart (RFC 7578) or urlencoded (WHATWG's URL standard, 5.1), read piece by piece.

A body is never held twice: its pieces go into the parts as they come. Between two pieces other
requests get their turn, since a form of ten megabytes takes a moment.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from itertools import chain
from urllib.parse import unquote_to_bytes

import gevent
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData, State

from endpoints.http.errors import InvalidParam, PayloadTooLarge

MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"

MAX_PARTS = 1000
"""Of a form; each takes some kilobytes of memory and, if it is a file, an upload."""

MAX_HEAD_BYTES = 4 * 1024
"""Of the headers of a part, and of what stands before the first one."""

MAX_TEXT_BYTES = 4_718_592
"""4.5 MiB of all parts without a file name together: more would fit into no invocation."""

MAX_WIDE_TEXT_BYTES = 1024 * 1024
"""Of one text with characters beyond U+FFFF: Python then takes four bytes for each of its
characters."""

_WIDE = re.compile(rb"[\xf0-\xf7]")
"""Begins a character beyond U+FFFF in UTF-8 (RFC 3629, 3)."""

_AS_IT_IS = frozenset({"", "binary", "8bit", "7bit"})

_BOUNDARY = re.compile(r"[\x20-\x7e]{1,70}")
"""What may divide the parts (RFC 2046, 5.1.1)."""


@dataclass(frozen=True, slots=True)
class FormPart:
    """A field of a form.

    Attributes:
        name: the field's.
        content: its bytes.
        filename: as the sender says; None if it says nothing, which makes it a text.
        mime_type: its `Content-Type`, "" if it has none.
    """

    name: str
    content: bytes = field(repr=False)
    filename: str | None = None
    mime_type: str = ""

    @property
    def is_file(self) -> bool:
        """Whether it has a file name, or says by its type that it is a file's content."""
        return self.filename is not None or self._bare_type not in ("", "text/plain")

    @property
    def _bare_type(self) -> str:
        return self.mime_type.partition(";")[0].strip().lower()

    @property
    def json_text(self) -> str:
        """Its content as JSON text; browsers send a `Blob` of JSON under a file name.

        Raises:
            InvalidParam, PayloadTooLarge: as for `text`.
        """
        if self._bare_type == "application/json":
            return FormPart(self.name, self.content).text
        return self.text

    @property
    def text(self) -> str:
        """Its content as text.

        Raises:
            InvalidParam: it is a file, or not in UTF-8.
            PayloadTooLarge: it would take too much memory.
        """
        if self.filename is not None:
            raise InvalidParam(f"`{shown(self.name)}` has to be text, not a file.")
        if len(self.content) > MAX_WIDE_TEXT_BYTES and _WIDE.search(self.content):
            raise PayloadTooLarge(
                f"`{shown(self.name)}` is too long for a form: send it in a JSON body or as a file."
            )
        try:
            return self.content.decode()
        except UnicodeDecodeError:
            raise InvalidParam(f"`{shown(self.name)}` is not text in UTF-8.") from None


def shown(name: str) -> str:
    """A name that a caller sent, fit for a message: short, and on one line."""
    words = " ".join(name.encode("utf-8", "replace").decode().split())
    return words if len(words) <= 100 else words[:99] + "…"


def parse_form(mimetype: str, boundary: str, pieces: Iterable[bytes]) -> list[FormPart]:
    """The fields of a form, in their order.

    Args:
        mimetype: `MULTIPART` or `URLENCODED`.
        boundary: the parameter of the content type, "" if there is none.
        pieces: the body, cut anywhere.

    Raises:
        InvalidParam: it is malformed.
        PayloadTooLarge: it has too many parts, or texts that are too long.
    """
    if mimetype == URLENCODED:
        return _finished(_read_urlencoded(_taking_turns(pieces)))
    if not _BOUNDARY.fullmatch(boundary):
        raise InvalidParam("The multipart body has no valid `boundary` in its `Content-Type`.")
    try:
        return _finished(_read_multipart(boundary.encode(), _taking_turns(pieces)))
    except RequestEntityTooLarge:
        raise PayloadTooLarge(f"A form may have {MAX_PARTS} parts at most.") from None
    except ValueError:  # from the decoder; it also raises it for bytes that are no UTF-8
        raise InvalidParam("The body is not valid multipart/form-data.") from None


def _taking_turns(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for number, piece in enumerate(pieces):
        if number:
            gevent.sleep(0)
        yield piece


class _Part:
    """A part whose content is still coming."""

    def __init__(self, name: str, filename: str | None = None, mime_type: str = "") -> None:
        self.name = name
        self.filename = filename
        self.mime_type = mime_type
        self.content = BytesIO()

    def finished(self) -> FormPart:
        return FormPart(self.name, self.content.getvalue(), self.filename, self.mime_type)


def _finished(parts: Iterable[tuple[_Part, int]]) -> list[FormPart]:
    """The parts, once all of each has come; with an eye on how much of it is text.

    Args:
        parts: a part as often as something was added to it, and how many bytes that was.
    """
    form: list[FormPart] = []
    latest: _Part | None = None
    text_bytes = 0
    for part, added in parts:
        if latest is not None and part is not latest:
            form.append(latest.finished())
        latest = part
        if part.filename is None:
            text_bytes += added
        if text_bytes > MAX_TEXT_BYTES:
            raise PayloadTooLarge("The texts of a form have to be smaller than 4.5 MiB together.")
    if latest is not None:
        form.append(latest.finished())
    return form


def _read_multipart(boundary: bytes, pieces: Iterable[bytes]) -> Iterator[tuple[_Part, int]]:
    decoder = MultipartDecoder(boundary, max_parts=MAX_PARTS)
    part = _Part("")
    for piece in chain(_cut_well(pieces, b"--" + boundary), (None,)):
        decoder.receive_data(piece)
        while not isinstance(event := decoder.next_event(), NeedData):
            if isinstance(event, Field | File):
                part = _begun(event)
            elif isinstance(event, Data):
                part.content.write(event.data)
                yield part, len(event.data)
            elif isinstance(event, Epilogue):
                return
        if decoder.state is State.EPILOGUE:
            return  # what follows is to be ignored (RFC 2046, 5.1.1)
        if decoder.state is not State.DATA and len(decoder.buffer) > MAX_HEAD_BYTES:
            raise InvalidParam(
                f"The multipart body has more than {MAX_HEAD_BYTES} bytes before a part's content."
            )


def _cut_well(pieces: Iterable[bytes], delimiter: bytes) -> Iterator[bytes]:
    """The same bytes, never cut between a delimiter and the end of its line.

    Cut there, werkzeug's decoder (3.1.9) takes the CR before the delimiter for content.
    """
    held = b""
    for piece in pieces:
        held += piece
        end = max(len(held) - len(delimiter) - 1, 0)  # what is behind may begin a delimiter
        at = held.rfind(delimiter, 0, end + len(delimiter) - 1)
        line_goes_on = at >= 0 and held.find(b"\n", at, end) < 0
        if line_goes_on and len(held) - at < MAX_HEAD_BYTES:
            end = at
        yield held[:end]
        held = held[end:]
    yield held


def _begun(event: Field | File) -> _Part:
    if not isinstance(event.name, str):  # it is None where the header has none
        raise InvalidParam("A part of the form has no `name`.")
    if event.headers.get("Content-Transfer-Encoding", "binary").lower() not in _AS_IT_IS:
        # RFC 7578, 4.7, does away with it; taken as it is, the content would be another
        raise InvalidParam(
            f"`{shown(event.name)}` has a `Content-Transfer-Encoding`: leave it out."
        )
    filename = event.filename if isinstance(event, File) else None
    return _Part(event.name, filename, event.headers.get("Content-Type", ""))


def _read_urlencoded(pieces: Iterable[bytes]) -> Iterator[tuple[_Part, int]]:
    pairs = _Pairs()
    cut = b""
    for piece in pieces:
        data = cut + piece
        escape = data.rfind(b"%", max(len(data) - 2, 0))
        end = len(data) if escape < 0 else escape  # an escape is not taken in halves
        data, cut = data[:end], data[end:]
        yield from pairs.take(data)
    yield from pairs.take(cut)
    yield from pairs.end()


class _Pairs:
    """Name and value of each field, put together from pieces."""

    def __init__(self) -> None:
        self._name = bytearray()
        self._part: _Part | None = None
        self._ends = 0

    def take(self, data: bytes) -> Iterator[tuple[_Part, int]]:
        self._ends += data.count(b"&")
        if self._ends > MAX_PARTS:
            raise PayloadTooLarge(f"A form may have {MAX_PARTS} fields at most.")
        for position, piece in enumerate(data.split(b"&")):
            if position:
                yield from self.end()
            value = piece
            if self._part is None:
                name, equals, value = piece.partition(b"=")
                self._name += _unquoted(name)
                if not equals:
                    continue
                self._part = self._begun()
            added = self._part.content.write(_unquoted(value))
            yield self._part, added

    def end(self) -> Iterator[tuple[_Part, int]]:
        """The end of a field: one without `=` is empty, and nothing at all is no field."""
        if self._part is None and self._name:
            yield self._begun(), 0
        self._part = None
        self._name.clear()

    def _begun(self) -> _Part:
        if len(self._name) > MAX_HEAD_BYTES:
            raise InvalidParam("A field of the form has a name that is too long.")
        try:
            return _Part(self._name.decode())
        except UnicodeDecodeError:
            raise InvalidParam("A field of the form has a name that is not UTF-8.") from None


def _unquoted(data: bytes) -> bytes:
    return unquote_to_bytes(data.replace(b"+", b" "))
