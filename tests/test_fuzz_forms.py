"""Forms of every shape: the plugin runs the app or answers in the contract's words."""

import http.client
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localserver import APP_IDS, SERVICE_API_KEYS, Config, LocalServer
from tests.conftest import KEY

pytestmark = pytest.mark.long

FORMS = 2_000
ENDPOINTS: dict[str, dict[str, Any]] = {
    "fuzz": {"api_key": KEY, "apps": json.dumps(APP_IDS)},
    "service": {
        "api_key": KEY,
        "apps": json.dumps(APP_IDS),
        "service_api_url": "{base_url}/v1",
        "service_api_keys": json.dumps(SERVICE_API_KEYS),
    },
}

words = st.text(max_size=10)
field_names = st.sampled_from(
    ["query", "inputs", "user", "conversation_id", "response_mode", "files", "document", "pages",
     "brief", "tone", "pictures", "caption", "text", "count", "script", ""]
) | words  # fmt: skip
values = st.one_of(
    st.sampled_from(["hello", "3", "on", "plain", "{}", "[]", '{"pages": 3}', "https://x.test/a"]),
    words,
)
types = st.sampled_from(
    ["text/plain", "image/png", "IMAGE/JPEG; q=1", "application/octet-stream", "nonsense", "/", ""]
) | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=15)
file_names = (
    st.sampled_from(["a.png", "b.pdf", "", "..", "a\\b.c", "!refuse.txt", "!too-large.png"]) | words
)


def quoted(text: str) -> bytes:
    """As the WHATWG has names written."""
    data = text.encode("utf-8", "surrogatepass")
    return data.replace(b"\r", b"%0D").replace(b"\n", b"%0A").replace(b'"', b"%22")


encoded = values.map(lambda text: text.encode("utf-8", "replace"))


def written(name: str, content: bytes, filename: str | None, mime_type: str | None) -> bytes:
    head = b'Content-Disposition: form-data; name="' + quoted(name) + b'"'
    if filename is not None:
        head += b'; filename="' + quoted(filename) + b'"'
    if mime_type is not None:
        head += b"\r\nContent-Type: " + mime_type.encode()
    return head + b"\r\n\r\n" + content


parts = st.builds(
    written,
    field_names,
    st.binary(max_size=40) | encoded,
    st.none() | file_names,
    st.none() | types,
)
query = st.just(written("query", b"hello", None, None))
numbers = st.integers().map(lambda number: b"%d" % number)
fitting = st.tuples(
    query,
    st.builds(written, st.just("document"), st.binary(max_size=40), file_names, st.none() | types),
    st.just(written("brief", b"on", None, None)),
    st.builds(written, st.just("pages"), numbers, st.none(), st.none()),
)


def joined(parts: list[bytes]) -> bytes:
    return b"".join(b"--b\r\n" + each + b"\r\n" for each in parts) + b"--b--\r\n"


@st.composite
def multipart(draw: st.DrawFn) -> tuple[str, bytes]:
    """A form as it should be, and then perhaps with bytes cut, doubled or changed."""
    body = joined([*draw(st.lists(parts, max_size=5)), draw(query)])
    damage = draw(st.sampled_from(["none", "none", "none", "cut", "double", "change"]))
    at = draw(st.integers(0, len(body)))
    end = min(at + draw(st.integers(0, 20)), len(body))
    if damage == "cut":
        body = body[:at] + body[end:]
    elif damage == "double":
        body = body[:end] + body[at:]
    elif damage == "change":
        body = body[:at] + draw(st.binary(max_size=20)) + body[end:]
    boundary = draw(st.sampled_from(["b", "b", "b", "b", '"b"', "", "c", "b" * 80, '"', "a b"]))
    return f"multipart/form-data; boundary={boundary}", body


urlencoded = st.one_of(
    st.binary(max_size=60),
    st.lists(st.tuples(field_names, values), max_size=5).map(
        lambda pairs: urlencode(pairs, errors="surrogatepass").encode()
    ),
).map(lambda body: ("application/x-www-form-urlencoded", body))
paths = st.sampled_from(
    ["chat/reader", "chat/reader", "apps/reader", "workflow/album", "workflow/workflow", "files",
     "chat/chatbot", "completion/completion", "chat/script", "apps/nothing"]
)  # fmt: skip


wild = st.tuples(paths, st.one_of(multipart(), multipart(), urlencoded))
runnable = st.tuples(
    st.sampled_from(["chat/reader", "files"]),
    fitting.map(lambda form: ("multipart/form-data; boundary=b", joined(list(form)))),
)


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[LocalServer]:
    with LocalServer.running(Config(endpoints=ENDPOINTS, pace=0)) as running:
        yield running


def test_no_form_gets_anything_but_the_contracts_answers(fuzzed: LocalServer) -> None:
    host, port = fuzzed.base_url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    seen: Counter[int] = Counter()
    pid = fuzzed.plugin_pid

    @settings(
        max_examples=FORMS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(["fuzz", "service"]), st.one_of(wild, wild, runnable))
    def post(hook: str, request: tuple[str, tuple[str, bytes]]) -> None:
        path, (content_type, body) = request
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": content_type}
        connection.request("POST", f"/e/{hook}/{path}", body=body, headers=headers)
        response = connection.getresponse()
        answer = response.read()
        seen[response.status] += 1
        if response.status == 200:
            assert answer
            return
        error = json.loads(answer)
        assert set(error) == {"code", "message", "status", "request_id"}, answer
        assert error["status"] == response.status
        assert error["message"].strip()
        assert response.status != 500, error
        # Dify fails on some inputs, and refuses uploads when it is told to
        assert response.status < 500 or error["code"] in ("app_error", "incomplete_stream")

    post()
    assert sum(seen.values()) >= FORMS
    assert seen[200] > FORMS / 20, seen
    assert (fuzzed.plugin_pid, fuzzed.restarts, fuzzed.bad_lines) == (pid, 0, 0)
    assert not any("Traceback" in line or KEY in line for line in fuzzed.plugin_log)
