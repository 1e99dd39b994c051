"""Keys, bodies and `Accept` headers, good and bad."""

from collections.abc import Mapping

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug import Request
from werkzeug.test import EnvironBuilder

from endpoints.http.auth import authenticate
from endpoints.http.body import read_run_body
from endpoints.http.errors import (
    InvalidParam,
    PayloadTooLarge,
    ProxyError,
    Unauthorized,
    UnsupportedMediaType,
)
from endpoints.http.negotiation import Format, choose_format
from endpoints.http.settings import parse_settings
from tests.conftest import Json

KEY = "correct-horse-battery"
CONVERSATION = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"


def request(
    body: bytes = b"",
    content_type: str | None = None,
    query: str = "",
    headers: Mapping[str, str] = {},
) -> Request:
    builder = EnvironBuilder(
        method="POST",
        data=body,
        content_type=content_type,
        query_string=query,
        headers=headers.items(),
    )
    return Request(builder.get_environ())


@pytest.mark.parametrize(
    ("location", "query", "headers"),
    [
        ("header", "", {"Authorization": f"Bearer {KEY}"}),
        ("header", "", {"Authorization": f"bearer   {KEY}  "}),
        ("header", "", {"X-API-Key": KEY}),
        ("header", "", {"X-API-Key": KEY, "Authorization": "Bearer wrong"}),
        ("header", "", {"X-API-Key": "wrong", "Authorization": f"Bearer {KEY}"}),
        ("header_or_query", f"api_key={KEY}", {}),
        ("none", "", {}),
    ],
)
def test_a_valid_key_is_let_in(location: str, query: str, headers: dict[str, str]) -> None:
    settings = parse_settings({"api_key": f"{'x' * 16} {KEY}", "key_location": location})
    authenticate(request(query=query, headers=headers), settings)


@pytest.mark.parametrize(
    ("location", "query", "headers"),
    [
        ("header", "", {}),
        ("header", f"api_key={KEY}", {}),
        ("header", "", {"Authorization": KEY}),
        ("header", "", {"Authorization": f"Basic {KEY}"}),
        ("header", "", {"Authorization": "Bearer "}),
        ("header", "", {"X-API-Key": KEY[:-1]}),
        ("header", "", {"X-API-Key": KEY + "\u00e9"}),
        ("header_or_query", "api_key=", {}),
    ],
)
def test_anything_else_is_refused(location: str, query: str, headers: dict[str, str]) -> None:
    settings = parse_settings({"api_key": KEY, "key_location": location})
    with pytest.raises(Unauthorized):
        authenticate(request(query=query, headers=headers), settings)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"query": "hi"}', None),
        (b'{"query": "hi"}', "application/json"),
        (b'{"query": "hi"}', "application/json; charset=utf-8"),
        (b'{"query": "hi"}', "application/vnd.api+json"),
        (b' \n{"query": "hi"}', "application/x-www-form-urlencoded"),
        (b'\xef\xbb\xbf{"query": "hi"}', None),
    ],
)
def test_json_is_read_whatever_it_is_called(body: bytes, content_type: str | None) -> None:
    assert read_run_body(request(body, content_type)).query == "hi"


def test_an_empty_body_is_an_empty_object() -> None:
    for content_type in (None, "application/json", "application/x-www-form-urlencoded"):
        assert read_run_body(request(b"", content_type)).inputs == {}


def test_null_means_not_given_and_unknown_fields_are_ignored() -> None:
    body = read_run_body(
        request(b'{"query":null,"inputs":null,"files":null,"conversation_id":null,"x":1}')
    )
    assert (body.query, body.inputs, body.files, body.conversation_id) == ("", {}, (), "")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"{", "JSON"),
        (b"[]", "object"),
        (b'"text"', "object"),
        (b'{"query": "\\ud800"}', "JSON"),
        (b'{"query": "\xff"}', "JSON"),
        (b'{"inputs": {"n": NaN}}', "JSON"),
        (b"[" * 100_000, "JSON"),
        (b'{"query": 5}', "`query`"),
        (b'{"inputs": []}', "`inputs`"),
        (b'{"response_mode": "later"}', "`response_mode`"),
        (b'{"response_mode": ["streaming"]}', "`response_mode`"),
        (b'{"conversation_id": "abc"}', "`conversation_id`"),
        (b'{"user": 5}', "`user`"),
        (b'{"files": {}}', "`files`"),
        (b'{"files": ["x"]}', "`files`"),
    ],
)
def test_a_malformed_body_is_refused_by_name(body: bytes, named: str) -> None:
    with pytest.raises(InvalidParam) as refusal:
        read_run_body(request(body))
    assert named in refusal.value.message


@pytest.mark.parametrize(
    ("body", "content_type", "headers"),
    [
        (b"query=hi", "text/plain", {}),
        (b"<a/>", "application/xml", {}),
        (b"{}", "application/json", {"Content-Encoding": "gzip"}),
    ],
)
def test_what_is_no_json_is_refused(
    body: bytes, content_type: str | None, headers: dict[str, str]
) -> None:
    with pytest.raises(UnsupportedMediaType):
        read_run_body(request(body, content_type, headers=headers))


def test_a_body_that_the_daemon_cut_is_never_used() -> None:
    body = b'{"query":"' + b"x" * (10 * 1024 * 1024 - 12) + b'"}'
    assert len(body) == 10 * 1024 * 1024
    with pytest.raises(PayloadTooLarge):
        read_run_body(request(body))


@given(st.binary(max_size=200))
def test_no_bytes_make_anything_but_a_body_or_a_refusal(body: bytes) -> None:
    try:
        read_run_body(request(body))
    except ProxyError as refusal:
        assert 400 <= refusal.status < 500


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("query", "inputs", "response_mode", "conversation_id", "user", "files"), json_values
        ),
    )
)
def test_no_json_makes_anything_but_a_body_or_a_refusal(fields: Json) -> None:
    try:
        body = read_run_body(request(orjson.dumps(fields)))
    except InvalidParam:
        return
    assert body.inputs == (fields.get("inputs") or {})


@pytest.mark.parametrize(
    ("accept", "mode", "format_"),
    [
        ("", None, Format.NDJSON),
        ("*/*", None, Format.NDJSON),
        ("application/x-ndjson", None, Format.NDJSON),
        ("application/jsonl", None, Format.NDJSON),
        ("application/json", None, Format.JSON),
        ("Application/JSON", None, Format.JSON),
        ("application/json", "streaming", Format.NDJSON),
        ("application/x-ndjson", "blocking", Format.JSON),
        ("", "blocking", Format.JSON),
        ("application/json;q=0.5, application/x-ndjson", None, Format.NDJSON),
        ("application/json, application/x-ndjson;q=0.9", None, Format.JSON),
        ("application/json, application/x-ndjson", None, Format.JSON),
        ("application/x-ndjson, application/json", None, Format.NDJSON),
        ("*/*, application/json", None, Format.JSON),
        ("application/*", None, Format.NDJSON),
        ("application/x-ndjson;q=0, */*", None, Format.SSE),
        ("application/json;q=0", None, Format.NDJSON),
        ("text/html", None, Format.NDJSON),
        ("text/event-stream", None, Format.SSE),
        ("text/event-stream", "streaming", Format.SSE),
        ("text/event-stream", "blocking", Format.JSON),
        ("text/plain", None, Format.TEXT),
        ("application/json, text/plain;q=0.5", "streaming", Format.TEXT),
        ("text/html,application/xhtml+xml,*/*;q=0.8", None, Format.NDJSON),
        ("application/json;q=2", None, Format.NDJSON),
        ("application/json;q=x", None, Format.NDJSON),
        (",,;q=,/,a/b/c", None, Format.NDJSON),
        ("application/json; charset=utf-8", None, Format.JSON),
    ],
)
def test_which_format_is_chosen(accept: str, mode: str | None, format_: Format) -> None:
    assert choose_format(accept, mode) is format_


@given(st.text())
def test_no_accept_header_makes_trouble(accept: str) -> None:
    assert choose_format(accept, None) in Format


def test_a_monstrous_accept_header_is_not_parsed() -> None:
    assert choose_format("application/json," * 100_000, None) is Format.NDJSON
