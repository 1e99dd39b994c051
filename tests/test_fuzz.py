"""Requests of every shape: the plugin answers each one in the contract's words, or runs the app."""

import http.client
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localserver import APP_IDS, Config, LocalServer
from tests.conftest import KEY

pytestmark = pytest.mark.long

REQUESTS = 5_000
ENDPOINTS: dict[str, dict[str, Any]] = {
    "fuzz": {"api_key": KEY, "apps": json.dumps(APP_IDS), "key_location": "header_or_query"},
    "wrong": {"api_key": KEY, "apps": "{nonsense"},
}

words = st.text(st.characters(codec="utf-8"), max_size=12)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=True)
    | st.text(st.characters(), max_size=8),  # lone surrogates among them
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
fields = st.fixed_dictionaries(
    {},
    optional={
        "query": st.just("hello") | json_values,
        "inputs": st.just({"text": "x", "persona": "y", "script": []}) | json_values,
        "response_mode": st.sampled_from(["streaming", "blocking", "later"]) | json_values,
        "conversation_id": st.just("") | st.uuids().map(str) | json_values,
        "user": json_values,
        "files": json_values,
    },
)
bodies = st.one_of(
    st.just(b""),
    st.binary(max_size=60),
    fields.map(lambda value: json.dumps(value).encode()),
    fields.map(lambda value: json.dumps(value).encode()[:-1]),
    json_values.map(lambda value: json.dumps(value).encode()),
    json_values.map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")),
    st.integers(1, 1200).map(lambda depth: b"[" * depth + b"]" * depth),
    st.integers(1, 1200).map(
        lambda depth: b'{"query":"x","inputs":' + b'{"a":' * depth + b"1" + b"}" * (depth + 1)
    ),
)
runnable = st.just(
    {"text": "x", "persona": "y", "script": [{"event": {"event": "message_end"}}]}
).map(lambda inputs: json.dumps({"query": "hello", "inputs": inputs}).encode())
segments = st.one_of(
    st.sampled_from(["chat", "workflow", "completion", "apps", "hooks", "files", "runs", "", "."]),
    st.sampled_from([*APP_IDS, *APP_IDS.values(), "default"]),
    st.sampled_from(["%00", "%ED%A0%80", "%FF", "%2F", "%2e%2e", "a%0D%0Ab", "%25", "~", ";a=b"]),
    words.map(lambda text: "".join(f"%{byte:02X}" for byte in text.encode())),
)
paths = st.one_of(
    st.tuples(
        st.sampled_from(["chat", "workflow", "completion", "apps"]),
        st.sampled_from([name for name in APP_IDS if name != "replay"]),
    ),
    st.lists(segments, max_size=4),
).map("/".join)
queries = st.one_of(
    st.just(""),
    st.lists(segments, max_size=3).map(lambda parts: "?" + "&".join(parts)),
    st.just(f"?api_key={KEY}"),
    st.lists(segments, max_size=3).map(lambda names: "?events=" + ",".join(names)),
)
# what the SDK refuses before the plugin sees it is left out: names with `_`, values that are not
# UTF-8, several content types, a broken host
header_values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
headers = st.fixed_dictionaries(
    {},
    optional={
        "Authorization": header_values,
        "X-API-Key": header_values,
        "Accept": st.sampled_from(
            ["*/*", "text/plain", "text/event-stream", "application/json", "application/x-ndjson"]
        )
        | header_values,
        "Content-Type": st.sampled_from(
            ["application/json", "application/x-www-form-urlencoded", "multipart/form-data",
             "multipart/form-data; boundary=x", "text/plain", "application/x+json"]
        )
        | header_values,
        "Content-Encoding": st.sampled_from(["identity", "gzip"]) | header_values,
        "X-Request-Id": header_values,
        "Prefer": header_values,
        "Range": header_values,
        "Cookie": header_values,
        "Dify-Hook-Url": header_values,
    },
)  # fmt: skip


def _refused_by_the_sdk(path: str, answer: bytes) -> bool:
    """Paths that the SDK does not take, before any code of the plugin runs.

    The daemon writes the decoded path into the header `Dify-Hook-Url`, where the SDK refuses
    control characters and what is not UTF-8; and the SDK's `<path:rest>` matches no line break.
    """
    odd = any(not 32 <= byte < 127 for byte in unquote_to_bytes(path))
    return odd and answer.startswith((b'{"code":-500', b"Failed to dispatch endpoint request: "))


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[LocalServer]:
    with LocalServer.running(Config(endpoints=ENDPOINTS, pace=0)) as running:
        yield running


def test_no_request_gets_anything_but_the_contracts_answers(fuzzed: LocalServer) -> None:
    host, port = fuzzed.base_url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    seen: Counter[str] = Counter()
    pid = fuzzed.plugin_pid

    @settings(
        max_examples=REQUESTS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.sampled_from(["POST"] * 12 + ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]),
        st.sampled_from(["fuzz"] * 19 + ["wrong"]),
        paths,
        queries,
        headers,
        st.sampled_from([True, True, False]),
        bodies | runnable,
    )
    def request(
        method: str,
        hook: str,
        path: str,
        query: str,
        sent: dict[str, str],
        oddly: bool,
        body: bytes,
    ) -> None:
        sent = {"Authorization": f"Bearer {KEY}"} | (sent if oddly else {})
        sent = {name: value.strip() for name, value in sent.items()}
        connection.request(method, f"/e/{hook}/{path}{query}", body=body or None, headers=sent)
        response = connection.getresponse()
        answer = response.read()
        if _refused_by_the_sdk(path, answer):
            seen["refused by the SDK"] += 1
            return
        assert b"Traceback" not in answer
        seen[f"{response.status}"] += 1
        if method == "HEAD" or response.status in (204, 307):
            return
        if response.status == 200:
            # a filter or a run without text may leave nothing
            assert answer or "events" in query or "Accept" in sent
            return
        error = json.loads(answer)
        assert set(error) == {"code", "message", "status", "request_id"}, answer
        assert error["status"] == response.status
        assert error["message"].strip()
        if response.status == 500:
            assert error["code"] == "invalid_settings", error

    request()
    assert sum(seen.values()) >= REQUESTS
    assert seen["refused by the SDK"] < REQUESTS / 5
    assert seen["200"]
    assert (fuzzed.plugin_pid, fuzzed.restarts, fuzzed.bad_lines) == (pid, 0, 0)
    for line in fuzzed.plugin_log:
        assert KEY not in line
