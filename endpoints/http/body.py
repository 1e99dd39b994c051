"""The body of a run request, as the Service API of Dify has it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from werkzeug import Request

from endpoints.http.errors import InvalidParam, PayloadTooLarge, UnsupportedMediaType
from endpoints.http.form_data import MULTIPART, URLENCODED, FormPart, parse_form
from endpoints.http.json_input import parse_json
from provider.apps import is_uuid
from provider.files import MAX_FILES

MAX_BODY_BYTES = 10 * 1024 * 1024
"""The plugin daemon reads this much of a body and cuts the rest without a word, so a body of just
this size was cut (or might have been) and is never used."""

EMPTY_CHUNKED_BODY = b"0\r\n\r\n"
"""How the daemon passes on a POST without a body: it writes the request with chunked framing, and
the SDK leaves the framing in (Go's `http.Request.Write`, for a body of unknown length)."""

PIECE_BYTES = 64 * 1024
"""Of a form that are parsed at once, a millisecond's work: then other requests get their turn."""

BLOCKING, STREAMING = "blocking", "streaming"

FILES = "files"
"""The field for files that belong to no input variable."""

_TEXT_FIELDS = ("query", "conversation_id", "user", "response_mode")
"""Fields of a form that mean what they mean in JSON, as `inputs` and `files` do; every other one
is an input variable."""


@dataclass(frozen=True, slots=True)
class RunBody:
    """A run request's fields; unknown ones of JSON are ignored.

    Attributes:
        query: the user's words, "" if not given.
        inputs: input variables by name.
        response_mode: `blocking`, `streaming`, or None if the caller did not say.
        conversation_id: a UUID, or "".
        user: who calls, "" if not given.
        files: Dify file objects.
        fields: of a form, those that the app's own form says how to read, and `files`.
    """

    query: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    response_mode: str | None = None
    conversation_id: str = ""
    user: str = ""
    files: tuple[dict[str, Any], ...] = ()
    fields: tuple[FormPart, ...] = ()


def read_run_body(request: Request) -> RunBody:
    """Parse and check a run request's body.

    Raises:
        PayloadTooLarge: the daemon cut the body, or a form has too much in it.
        UnsupportedMediaType: its content type is none that is read, or it is compressed.
        InvalidParam: it is malformed; the message names the field.
    """
    is_form = request.mimetype in (MULTIPART, URLENCODED)
    pieces = read_body(request, PIECE_BYTES if is_form else MAX_BODY_BYTES)
    first = next(pieces, b"")
    if _holds_json(request.mimetype, first):
        return _run_body(_json_object(first + b"".join(pieces)))
    if not is_form:
        raise UnsupportedMediaType(
            "Send the body as JSON, with `Content-Type: application/json`, or as a form."
        )
    return _form_body(read_form(request, chain((first,), pieces)) if first else [])


def read_body(request: Request, piece_bytes: int) -> Iterator[bytes]:
    """The body, piece by piece.

    Args:
        request: the request; of its body nothing has been read yet.
        piece_bytes: of a piece, at most.

    Raises:
        PayloadTooLarge: the daemon cut it.
        UnsupportedMediaType: it is compressed.
    """
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise UnsupportedMediaType("Send the body uncompressed, without `Content-Encoding`.")
    size = request.content_length or 0
    _check_size(size)
    if size == len(EMPTY_CHUNKED_BODY):
        body = request.stream.read()
        yield from () if body == EMPTY_CHUNKED_BODY else (body,)
        return
    read = 0
    while piece := request.stream.read(piece_bytes):
        read += len(piece)
        _check_size(read)
        yield piece


def read_form(request: Request, pieces: Iterator[bytes]) -> list[FormPart]:
    """The fields of a form.

    Args:
        request: says how the form is written.
        pieces: of its body.

    Raises:
        InvalidParam: it is malformed.
        PayloadTooLarge: it has too much in it.
    """
    return parse_form(request.mimetype, request.mimetype_params.get("boundary", ""), pieces)


def _check_size(size: int) -> None:
    if size >= MAX_BODY_BYTES:
        raise PayloadTooLarge("The body has to be smaller than 10 MiB (10,485,760 bytes).")


def _holds_json(mimetype: str, first: bytes) -> bool:
    if mimetype in ("", "application/json") or mimetype.endswith("+json"):
        return True
    # `curl -d '{...}'` without a header calls it a form; its content says what it is
    return mimetype == URLENCODED and first.lstrip().startswith(b"{")


def _json_object(body: bytes) -> Mapping[str, Any]:
    body = body.removeprefix(b"\xef\xbb\xbf").strip()
    if not body:
        return {}
    try:
        fields = parse_json(body)
    except ValueError:
        raise InvalidParam("The body is not valid JSON in UTF-8.") from None
    if not isinstance(fields, dict):
        raise InvalidParam("The body has to be a JSON object.")
    return fields


def _form_body(parts: list[FormPart]) -> RunBody:
    reserved: dict[str, Any] = {}
    others: list[FormPart] = []
    for part in parts:
        if part.name not in (*_TEXT_FIELDS, "inputs"):
            others.append(part)
        elif part.name in reserved:
            raise InvalidParam(f"`{part.name}` is given twice.")
        else:
            is_inputs = part.name == "inputs"
            text = part.json_text if is_inputs else part.text
            reserved[part.name] = _json_inputs(text) if is_inputs else text or None
    return _run_body(reserved, tuple(others))


def _json_inputs(text: str) -> Any:
    if not text.strip():
        return None
    try:
        return parse_json(text)
    except ValueError:
        raise InvalidParam("`inputs` is not valid JSON.") from None


def _run_body(fields: Mapping[str, Any], others: tuple[FormPart, ...] = ()) -> RunBody:
    return RunBody(
        query=_string(fields, "query"),
        inputs=_inputs(fields),
        response_mode=_response_mode(fields),
        conversation_id=_conversation_id(fields),
        user=_string(fields, "user"),
        files=_files(fields),
        fields=others,
    )


def _string(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidParam(f"`{name}` has to be a string.")
    return value


def _inputs(fields: Mapping[str, Any]) -> dict[str, Any]:
    inputs = fields.get("inputs")
    if inputs is None:
        return {}
    if not isinstance(inputs, dict):
        raise InvalidParam("`inputs` has to be an object.")
    return inputs


def _response_mode(fields: Mapping[str, Any]) -> str | None:
    mode = fields.get("response_mode")
    if mode not in (None, BLOCKING, STREAMING):
        raise InvalidParam(f"`response_mode` has to be `{STREAMING}` or `{BLOCKING}`.")
    return mode


def _conversation_id(fields: Mapping[str, Any]) -> str:
    conversation_id = _string(fields, "conversation_id")
    if conversation_id and not is_uuid(conversation_id):
        raise InvalidParam("`conversation_id` has to be a UUID, or empty for a new conversation.")
    return conversation_id


def _files(fields: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    files = fields.get("files")
    if files is None:
        return ()
    if not isinstance(files, list) or not all(isinstance(file, dict) for file in files):
        raise InvalidParam("`files` has to be a list of file objects.")
    if len(files) > MAX_FILES:
        raise InvalidParam(f"`files` takes {MAX_FILES} files at most.")
    return tuple(files)
