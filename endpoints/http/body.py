"""The body of a run request, as the Service API of Dify has it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from werkzeug import Request

from endpoints.http.errors import InvalidParam, PayloadTooLarge, UnsupportedMediaType
from provider.apps import is_uuid

MAX_BODY_BYTES = 10 * 1024 * 1024
"""The plugin daemon reads this much of a body and cuts the rest without a word, so a body of just
this size was cut (or might have been) and is never used."""

EMPTY_CHUNKED_BODY = b"0\r\n\r\n"
"""How the daemon passes on a POST without a body: it writes the request with chunked framing, and
the SDK leaves the framing in (Go's `http.Request.Write`, for a body of unknown length)."""

BLOCKING, STREAMING = "blocking", "streaming"

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class RunBody:
    """A run request's fields; unknown ones are ignored.

    Attributes:
        query: the user's words, "" if not given.
        inputs: input variables by name.
        response_mode: `blocking`, `streaming`, or None if the caller did not say.
        conversation_id: a UUID, or "".
        user: who calls, "" if not given.
        files: Dify file objects.
    """

    query: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    response_mode: str | None = None
    conversation_id: str = ""
    user: str = ""
    files: tuple[dict[str, Any], ...] = ()


def read_run_body(request: Request) -> RunBody:
    """Parse and check a run request's body.

    Raises:
        PayloadTooLarge: the daemon cut the body.
        UnsupportedMediaType: its content type is none that is read, or it is compressed.
        InvalidParam: it is malformed; the message names the field.
    """
    fields = _read_json_object(request)
    return RunBody(
        query=_string(fields, "query"),
        inputs=_inputs(fields),
        response_mode=_response_mode(fields),
        conversation_id=_conversation_id(fields),
        user=_string(fields, "user"),
        files=_files(fields),
    )


def _read_json_object(request: Request) -> Mapping[str, Any]:
    body = request.get_data(cache=False)
    if len(body) >= MAX_BODY_BYTES:
        raise PayloadTooLarge("The body has to be smaller than 10 MiB (10,485,760 bytes).")
    if body == EMPTY_CHUNKED_BODY:
        body = b""
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise UnsupportedMediaType("Send the body uncompressed, without `Content-Encoding`.")
    body = body.removeprefix(b"\xef\xbb\xbf").strip()
    if not _holds_json(request.mimetype, body):
        raise UnsupportedMediaType("Send the body as JSON, with `Content-Type: application/json`.")
    if not body:
        return {}
    try:
        # orjson refuses what Dify could not take either: lone surrogates, NaN, bytes not UTF-8
        fields = orjson.loads(body)
    except ValueError:
        raise InvalidParam("The body is not valid JSON in UTF-8.") from None
    if not isinstance(fields, dict):
        raise InvalidParam("The body has to be a JSON object.")
    return fields


def _holds_json(mimetype: str, body: bytes) -> bool:
    if mimetype in ("", "application/json") or mimetype.endswith("+json"):
        return True
    # `curl -d '{...}'` without a header calls it a form; its content says what it is
    return mimetype == _FORM and (body.startswith(b"{") or not body)


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
    return tuple(files)
