"""The local server is as strict as the plugin daemon: it loses what the daemon loses."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from localserver import APP_IDS, Config, Limits, LocalServer, gojson
from localserver.gohttp import IncomingRequest, encode_query, raw_request

MANIFEST = """\
version: 0.0.1
type: plugin
author: tests
name: sample
label: {en_US: Sample}
description: {en_US: A plugin that does what the daemon punishes}
icon: icon.svg
created_at: "2026-01-01T00:00:00Z"
resource:
  memory: 1048576
  permission:
    endpoint: {enabled: true}
    app: {enabled: true}
    storage: {enabled: true, size: 1048576}
plugins: {endpoints: [group.yaml]}
meta:
  version: 0.0.1
  arch: [amd64, arm64]
  runner: {language: python, version: "3.12", entrypoint: main}
"""
GROUP = "settings: []\nendpoints: [get.yaml, post.yaml]\n"
ROUTE = 'path: "/<word>"\nmethod: "{}"\nextra: {{python: {{source: sample.py}}}}\n'
MAIN = """\
from dify_plugin import DifyPluginEnv, Plugin
plugin = Plugin(DifyPluginEnv())
if __name__ == "__main__":
    plugin.run()
"""
SAMPLE = """\
import sys
import time
from dify_plugin import Endpoint
from werkzeug import Response

class Sample(Endpoint):
    def _invoke(self, r, values, settings):
        number = lambda name, default=0.0: float(r.args.get(name, default))
        word = values["word"]
        if word == "echo":
            return Response(str(len(r.get_data())), headers={"X-A": settings["a"]})
        if word == "big":
            return Response("x" * int(number("n")))
        if word == "print":
            print("not a message")
            return Response("printed")
        if word == "raise":
            def failing():
                yield "first"
                time.sleep(number("gap"))
                raise RuntimeError("<boom>")
            return Response(failing())
        if word == "ask":
            def asking():
                yield "asking"
                time.sleep(0.5)
                list(self.session.app.chat.invoke(r.args["app"], "q", {"script": []}, "streaming"))
                yield "answered"
            return Response(asking())
        if word == "run":
            events = self.session.app.chat.invoke(
                r.args["app"], "q", r.get_json()["inputs"], "streaming")
            try:
                return Response("\\n".join(str(event) for event in events))
            except Exception as error:
                return Response(str(error), status=502)
        def chunks():
            for at in range(int(number("n"))):
                time.sleep(number("first") if at == 1 else number("gap") if at else 0)
                yield b"x" * int(number("size", 1))
            time.sleep(number("last"))
        return Response(chunks())
"""


def sample_plugin(directory: Path, source: str) -> Path:
    """Write a plugin with one endpoint into a directory, and give that."""
    files = {
        "manifest.yaml": MANIFEST,
        "group.yaml": GROUP,
        "get.yaml": ROUTE.format("GET"),
        "post.yaml": ROUTE.format("POST"),
        "main.py": MAIN,
        "sample.py": source,
        "_assets/icon.svg": "<svg/>",
    }
    for name, text in files.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(text)
    return directory


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plugin's directory."""
    return sample_plugin(tmp_path_factory.mktemp("sample"), SAMPLE)


@pytest.fixture(scope="module")
def strict(plugin: Path) -> Iterator[LocalServer]:
    """A server with short time limits."""
    limits = Limits(max_execution_timeout=2, invocation_read_timeout=1, response_queue=16)
    endpoints = {"one": {"a": "1"}, "two": {"a": "2"}}
    with LocalServer.running(Config(endpoints=endpoints, plugin=plugin, limits=limits)) as running:
        yield running


def get(strict: LocalServer, path: str) -> httpx.Response:
    """Call the endpoint `one`."""
    return httpx.get(f"{strict.url('one')}/{path}", timeout=20)


def until(true: Callable[[], bool], seconds: float = 5) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("query", ["n=4", "n=3&last=0.003", "n=2&first=0.003"])
def test_an_early_end_overtakes_the_body(strict: LocalServer, query: str) -> None:
    assert get(strict, f"chunks?{query}").text == "x"
    assert strict.responses[-1].overtaken == strict.responses[-1].chunks - 1


@pytest.mark.parametrize("query", ["n=4&first=0.03", "n=4&last=0.03", "n=1"])
def test_an_end_after_the_window_loses_nothing(strict: LocalServer, query: str) -> None:
    response = get(strict, f"chunks?{query}")
    assert len(response.text) == strict.responses[-1].chunks
    assert strict.responses[-1].overtaken == 0


def test_a_reader_that_stalls_loses_chunks(strict: LocalServer) -> None:
    dropped = strict.dropped_chunks
    url = f"{strict.url('one')}/chunks?n=100&first=0.03&size=400000&last=0.5"
    with httpx.stream("GET", url, timeout=20) as response:
        time.sleep(1.2)
        size = sum(len(part) for part in response.iter_bytes())
    assert size < 100 * 400_000
    assert strict.dropped_chunks - dropped == strict.responses[-1].dropped > 0


def test_an_exception_is_written_raw_into_the_body(strict: LocalServer) -> None:
    text = get(strict, "raise?gap=0.03").text
    assert text.startswith('first{"args":{"traceback":')
    assert '"message":"\\u003cboom\\u003e"' in text
    assert get(strict, "raise").text == "first"


def test_a_long_response_is_cut_with_the_daemons_own_json(strict: LocalServer) -> None:
    response = get(strict, "chunks?n=2&first=3")
    assert response.status_code == 200
    assert response.text.startswith('x{"code":-500,"message":"{\\"message\\":\\"killed by timeout')


def test_a_line_at_the_limit_kills_the_plugin(strict: LocalServer) -> None:
    pid = strict.plugin_pid
    assert len(get(strict, "big?n=2600000").content) == 2_600_000
    assert strict.plugin_pid == pid
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{strict.url('one')}/big?n=2621440", timeout=1)
    assert get(strict, "chunks?n=1").text == "x"
    assert strict.plugin_pid != pid
    assert any("token too long" in line for line in strict.daemon_log)


def test_a_caller_who_leaves_gets_no_answers_on_his_session(strict: LocalServer) -> None:
    with httpx.stream("GET", f"{strict.url('one')}/ask?app={APP_IDS['script']}") as response:
        next(response.iter_bytes())
        before = len(strict.invocations)
    until(lambda: strict.open_sessions == 0)
    time.sleep(0.8)
    assert len(strict.invocations) == before


def test_a_print_is_counted(strict: LocalServer) -> None:
    before = strict.bad_lines
    assert get(strict, "print").text == "printed"
    assert strict.bad_lines == before + 1


def test_the_body_is_cut_at_ten_mebibytes(strict: LocalServer) -> None:
    response = httpx.post(f"{strict.url('two')}/echo", content=b"a" * 10_485_770, timeout=20)
    assert response.text == str(10_485_760)
    assert response.headers["x-a"] == "2"


def test_unknown_hooks_and_methods(strict: LocalServer) -> None:
    unknown = httpx.get(f"{strict.base_url}/e/none/x")
    assert unknown.status_code == 404
    assert "endpoint not found" in unknown.json()["message"]
    assert httpx.patch(f"{strict.url('one')}/echo").json()["message"] == "route not found"


@pytest.mark.parametrize(
    ("step", "text"),
    [
        ({"raise": "as it is"}, "as it is"),
        (
            {"http_error": {"status": 404, "body": {"code": "not_found"}}},
            "invoke app failed: request failed with status code: 404 and respond with: "
            '{"code": "not_found"}\n',
        ),
        (
            {"hang": True},
            "read app failed: read tcp 127.0.0.1:50932->127.0.0.1:5001: use of closed network "
            "connection\nfailed to read system header",
        ),
        (
            {"event": {"z": 1.0, "big": 2**53 + 1, "a": {"d": 1, "c": 2}}},
            "{'a': {'c': 2, 'd': 1}, 'big': 9007199254740992, 'z': 1}",
        ),
        ({"event": {"event": "ping"}}, ""),
    ],
)
def test_reverse_invocations(strict: LocalServer, step: dict[str, object], text: str) -> None:
    url = f"{strict.url('one')}/run?app={APP_IDS['script']}"
    assert httpx.post(url, json={"inputs": {"script": [step]}}).text == text


def test_the_request_is_written_as_go_writes_it() -> None:
    headers = [("host", "h:81"), ("x-real-ip", "1"), ("b-x", "2"), ("accept", "*/*")]
    request = IncomingRequest("POST", "hook", b"/a%2Fb c", b"b=2&a=1", headers, b"")
    assert raw_request(request) == (
        b"POST /a/b%20c?a=1&b=2 HTTP/1.1\r\nHost: h:81\r\nUser-Agent: Go-http-client/1.1\r\n"
        b"Transfer-Encoding: chunked\r\nAccept: */*\r\nB-X: 2\r\nDify-Hook-Id: hook\r\n"
        b"Dify-Hook-Url: http://h:81/e/hook/a/b c\r\n\r\n0\r\n\r\n"
    )


def test_the_last_byte_of_a_letter_is_no_space() -> None:
    request = IncomingRequest("GET", "hook", "/caf\u00e0".encode(), b"", [("host", "h")], b"")
    assert "Dify-Hook-Url: http://h/e/hook/caf\u00e0\r\n".encode() in raw_request(request)


def test_the_query_is_encoded_as_go_encodes_it() -> None:
    assert encode_query(b"b=2&a=x%20y+z&c=%zz&d=1;e=2&a=&&=v") == "=v&a=x+y+z&a=&b=2"


def test_numbers_are_written_as_go_writes_them() -> None:
    assert gojson.text([1.0, 2**60, 1e21, 1e-7, -0.0, "<&>"]) == (
        '[1,1152921504606847000,1e+21,1e-7,-0,"\\u003c\\u0026\\u003e"]'
    )


def test_a_port_in_use_is_said_clearly(plugin: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, "-m", "localserver", "--plugin", str(plugin), "--port"]
        result = subprocess.run(
            [*command, str(taken.getsockname()[1])], capture_output=True, text=True, timeout=30
        )
    assert result.returncode == 1
    assert "can't be listened on" in result.stderr
