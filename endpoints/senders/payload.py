"""The payload of a delivery: JSON, a form, or text, parsed once it is verified."""

from typing import Any
from urllib.parse import parse_qsl

import orjson

from endpoints.http.errors import InvalidParam, PayloadTooLarge, UnsupportedMediaType
from endpoints.senders.received import Received

MAX_VALUES = 100_000
"""In one payload: parsing and walking through them takes 30 ms at most. The largest real ones have
ten thousand."""

MAX_DEPTH = 64
"""Of lists and objects within one another. Real payloads have ten; what takes them apart calls
itself for each level."""

MAX_FORM_BYTES = 512 * 1024
"""Of a form. Decoding one is slow, escape by escape: 40 ms for as many."""

MAX_FORM_FIELDS = 1000

_FORM = "application/x-www-form-urlencoded"
_JSON_BEGINS = (b"{", b"[")


def parse_payload(received: Received) -> Any:
    """What was delivered.

    JSON is taken for JSON whatever its content type says. A form becomes an object of its fields,
    and if one of them is called `payload` and holds JSON, that is parsed; where it is the only
    field, the payload is what it holds (so do GitHub and Slack wrap their JSON). Other text is a
    string, and no body is an empty object.

    Raises:
        InvalidParam: it is not what its content type says.
        PayloadTooLarge: it has more values, or is deeper, than can be worked on.
        UnsupportedMediaType: it is something else.
    """
    body = received.body.removeprefix(b"\xef\xbb\xbf").strip()
    kind = received.content_type
    if not body:
        return {}
    if body.startswith(_JSON_BEGINS) or kind == "application/json" or kind.endswith("+json"):
        return parse_json(body)
    if kind == _FORM:
        return _parse_form(body)
    if kind == "text/plain":
        try:
            return body.decode()
        except UnicodeDecodeError:
            raise InvalidParam("The text is not in UTF-8.") from None
    raise UnsupportedMediaType("Send the payload as JSON, as an urlencoded form, or as plain text.")


def parse_json(body: bytes) -> Any:
    """A JSON text within the limits of this module.

    Raises:
        InvalidParam: it is none.
        PayloadTooLarge: it is too much.
    """
    # each value but the first of a list or object has a comma, and each of these has a bracket
    if body.count(b",") + body.count(b"{") + body.count(b"[") > MAX_VALUES:
        raise PayloadTooLarge(f"The payload has more than {MAX_VALUES:,} values.")
    try:
        value = orjson.loads(body)
    except ValueError:
        raise InvalidParam("The payload is not valid JSON in UTF-8.") from None
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH and _is_deep(value):
        raise PayloadTooLarge(f"The payload is nested more than {MAX_DEPTH} deep.")
    return value


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner for outer in level for inner in _inside(outer) if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _inside(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _parse_form(body: bytes) -> Any:
    if len(body) > MAX_FORM_BYTES:
        raise PayloadTooLarge(f"A form may have {MAX_FORM_BYTES:,} bytes (512 KiB).")
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS, errors="strict"
        )
    except ValueError:  # UnicodeDecodeError is one
        raise InvalidParam("The form is malformed, or has too many fields.") from None
    fields: dict[str, Any] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    wrapped = fields.get("payload", "").strip().encode()
    if wrapped.startswith(_JSON_BEGINS):
        fields["payload"] = parse_json(wrapped)
        if len(fields) == 1:
            return fields["payload"]
    return fields
