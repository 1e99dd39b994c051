"""What Dify, the daemon and the SDK say, as the contract's errors."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoints.http.errors import ProxyError
from provider.dify_errors import from_event, from_exception

CAPTURES = Path(__file__).parent / "captures"
EXPECTED = {
    "agent-chat-blocking": (400, "invalid_param"),
    "cf-http-fail-blocking": (400, "invalid_param"),
    "chat-LLMFAIL-blocking": (400, "invalid_param"),
    "completion-streaming": (502, "app_error"),
    "err-chat-missing-query-streaming": (400, "invalid_param"),
    "err-conv-notuuid-streaming": (502, "app_error"),
    "err-conv-unknown-streaming": (404, "conversation_not_found"),
    "err-unknown-app-streaming": (404, "app_not_found"),
    "err-wf-missing-input-streaming": (400, "invalid_param"),
    "err-wf-unpublished-streaming": (400, "invalid_param"),
}
BODIES = [path for path in sorted(CAPTURES.glob("*/*.body.json")) if "status" in path.read_text()]


def error_of(failure: Exception) -> ProxyError:
    error = from_exception(failure)
    assert error is not None
    return error


def through_the_daemon(status: int, body: str) -> Exception:
    return Exception(
        f"invoke app failed: request failed with status code: {status} and respond with: {body}"
    )


@pytest.mark.parametrize("path", BODIES, ids=lambda path: path.name)
def test_every_captured_error_body_has_the_contracts_status_and_code(path: Path) -> None:
    captured = json.loads(path.read_text())
    error = error_of(through_the_daemon(captured["status"], path.read_text()))
    assert (error.status, error.code) == EXPECTED[path.name.removesuffix(".body.json")]
    if error.status == 400:
        assert error.message == captured["message"]
    assert error.message


@pytest.mark.parametrize(
    ("text", "status", "code", "says"),
    [
        (
            "read app failed: http: read on closed response body\nfailed to read system header",
            504,
            "app_timeout",
            "DIFY_BACKWARDS_INVOCATION_READ_TIMEOUT",
        ),
        (
            "read app failed: read tcp 127.0.0.1:50932->127.0.0.1:5001: use of closed network "
            "connection\nfailed to read system header",
            504,
            "app_timeout",
            "DIFY_BACKWARDS_INVOCATION_READ_TIMEOUT",
        ),
        (
            "invocation exited without response after 250 seconds",
            504,
            "app_timeout",
            "MAX_INVOCATION_TIMEOUT",
        ),
        ("read app failed: unexpected EOF", 502, "incomplete_stream", ""),
        ("read app failed: request failed: SELECT secret FROM t", 502, "app_error", ""),
        (
            'invoke app failed: Post "http://api:5001/inner/api": connect: connection refused',
            502,
            "app_error",
            "",
        ),
        ("permission denied, you need to enable app access", 502, "app_error", ""),
        ("something new", 502, "app_error", ""),
    ],
)
def test_what_the_daemon_and_the_sdk_say(text: str, status: int, code: str, says: str) -> None:
    error = error_of(Exception(text))
    assert (error.status, error.code) == (status, code)
    assert says in error.message
    for inner in ("SELECT", "api:5001", "permission"):
        assert inner not in error.message


@pytest.mark.parametrize(
    ("status", "code", "mapped"),
    [
        (401, "unauthorized", (502, "app_error")),
        (403, "forbidden", (502, "app_error")),
        (404, "not_found", (502, "app_error")),
        (404, "workflow_not_found", (404, "workflow_not_found")),
        (429, "too_many_requests", (429, "too_many_requests")),
        (429, "rate_limit_error", (429, "rate_limit_error")),
        (413, "file_too_large", (413, "file_too_large")),
        (500, "internal_server_error", (502, "app_error")),
        (503, "x", (502, "app_error")),
        (302, "x", (502, "app_error")),
    ],
)
def test_difys_statuses(status: int, code: str, mapped: tuple[int, str]) -> None:
    body = json.dumps({"code": code, "message": "inner words", "status": status})
    for error in (
        error_of(through_the_daemon(status, body)),
        from_event({"event": "error", "code": code, "message": "inner words", "status": status}),
    ):
        assert (error.status, error.code) == mapped
        assert ("inner words" in error.message) == (400 <= mapped[0] < 500)


def test_a_message_is_never_empty() -> None:
    for message in (None, "", "  "):
        error = from_event({"event": "error", "status": 400, "code": "x", "message": message})
        assert error.status == 400
        assert error.message


def test_a_fault_of_our_own_is_not_blamed_on_dify() -> None:
    assert from_exception(KeyError("x")) is None


@given(st.text(), st.integers(100, 999))
def test_no_text_makes_trouble(text: str, status: int) -> None:
    for failure in (Exception(text), through_the_daemon(status, text)):
        error = error_of(failure)
        assert 400 <= error.status < 600
        assert error.message


def test_a_message_that_is_no_unicode_still_reaches_the_caller() -> None:
    error = error_of(
        through_the_daemon(400, '{"code": "x\\ud83d", "message": "a\\ud83d", "status": 400}')
    )
    assert error.code == "invalid_param"
    assert json.loads(error.response("id").get_data())["message"] == "a?"


def test_too_many_requests_are_that_whoever_says_so() -> None:
    for body in ('{"message": "slow down"}', "<html>busy</html>", ""):
        assert error_of(through_the_daemon(429, body)).code == "too_many_requests"
