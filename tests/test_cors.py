"""Pages of allowed origins may read every answer; no other page may read any."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug import Request, Response

from endpoints.http.cors import add_cors_headers, preflight
from endpoints.http.cors_setting import normalised, parse_cors_origins
from endpoints.http.errors import InvalidSettings
from localserver import LocalServer
from tests.conftest import KEY, UNEXPOSED, Answer, Client

PAGE = "https://shop.example"
STRANGER = "https://shop.example.evil.example"
HELLO = {"query": "hello", "inputs": {"persona": "pirate"}}
ASK = {"Access-Control-Request-Method": "POST"}


def cors_headers(answer: Answer) -> set[str]:
    return {name for name in answer.headers if name.startswith("access-control-")}


def assert_readable(answer: Answer, origin: str = PAGE) -> None:
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["vary"] == "Origin"
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"X-Request-Id", "Location", "Retry-After"} <= set(exposed)
    assert "access-control-allow-credentials" not in answer.headers


ANSWERS = [
    ("POST", "/chat/chatbot", 200, {}),
    ("POST", "/chat/chatbot", 200, {"Accept": "text/event-stream"}),
    ("POST", "/chat/chatbot", 200, {"Accept": "application/json"}),
    ("POST", "/chat/chatbot", 401, {"Authorization": "Bearer wrong"}),
    ("POST", "/chat/nothing", 404, {}),
    ("POST", f"/chat/{UNEXPOSED}", 403, {}),
    ("POST", "/chat/chatbot", 415, {"Content-Encoding": "gzip"}),
    ("GET", "/chat/chatbot", 405, {}),
    ("GET", "/apps", 200, {}),
    ("HEAD", "/apps", 200, {}),
    ("GET", "/apps/chatbot", 200, {}),
    ("GET", "/nothing", 404, {}),
    ("OPTIONS", "/chat/chatbot", 204, {}),
    ("OPTIONS", "/nothing", 404, {}),
]


@pytest.mark.parametrize(("method", "path", "status", "headers"), ANSWERS)
def test_every_answer_can_be_read_by_allowed_pages_alone(
    server: LocalServer, method: str, path: str, status: int, headers: dict[str, str]
) -> None:
    with Client(server.url("pages")) as client:
        for origin in (PAGE, STRANGER, "null", None):
            sent = headers | ({} if origin is None else {"Origin": origin})
            answer = client.call(method, path, json=HELLO, headers=sent)
            assert answer.status == status
            if origin == PAGE:
                assert_readable(answer)
            else:
                assert cors_headers(answer) == set()
                assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize("path", ["/", "/chat/chatbot", "/apps", "/nothing", "/chat/a/b//c"])
def test_preflights_pass_on_every_path_without_a_key(server: LocalServer, path: str) -> None:
    asked = "authorization,content-type, x-trace , bad name, x(y), x_under"
    headers = ASK | {"Origin": PAGE, "Authorization": "", "Access-Control-Request-Headers": asked}
    headers["Access-Control-Request-Private-Network"] = "true"
    with Client(server.url("pages")) as client:
        answer = client.call("OPTIONS", path, headers=headers)
    assert (answer.status, answer.body) == (204, b"")
    assert_readable(answer)
    assert "POST" in answer.headers["access-control-allow-methods"].split(", ")
    allowed = answer.headers["access-control-allow-headers"].split(", ")
    assert {"Authorization", "X-API-Key", "Content-Type", "X-Request-Id", "x-trace"} <= set(allowed)
    assert not {"authorization", "bad name", "x_under"} & set(allowed)
    assert int(answer.headers["access-control-max-age"]) > 0
    assert "access-control-allow-private-network" not in answer.headers


def test_preflights_of_strangers_are_not_answered(server: LocalServer, client: Client) -> None:
    with Client(server.url("pages")) as pages:
        for origin in (STRANGER, "null", "", "https://shop.example:444", "http://shop.example"):
            answer = pages.call("OPTIONS", "/chat/chatbot", headers=ASK | {"Origin": origin})
            assert (answer.status, cors_headers(answer)) == (204, set())
            pages.call("OPTIONS", "/x", headers=ASK | {"Origin": origin}).assert_error(
                404, "not_found"
            )
    answer = client.call("OPTIONS", "/chat/chatbot", headers=ASK | {"Origin": PAGE})
    assert cors_headers(answer) == set()
    assert "vary" not in answer.headers


@pytest.mark.parametrize(
    "origin", ["https://SHOP.example", "https://shop.example:443", "http://localhost:3000"]
)
def test_origins_are_compared_as_origins(server: LocalServer, origin: str) -> None:
    with Client(server.url("pages")) as client:
        assert_readable(client.call("GET", "/apps", headers={"Origin": origin}), origin)


@pytest.mark.parametrize("origin", [PAGE, STRANGER, "null", "http://[::1]:8080", "app://shell"])
def test_every_origin_may_call_where_that_is_set(server: LocalServer, origin: str) -> None:
    with Client(server.url("any-page")) as client:
        assert_readable(client.call("GET", "/apps", headers={"Origin": origin}), origin)
        assert_readable(client.call("OPTIONS", "/", headers=ASK | {"Origin": origin}), origin)
        answer = client.call("GET", "/apps", headers={"Origin": "no origin"})
        assert cors_headers(answer) == set()


def test_another_setting_that_is_wrong_does_not_hide_the_error(server: LocalServer) -> None:
    with Client(server.url("broken-pages")) as client:
        answer = client.call("GET", "/apps", headers={"Origin": PAGE})
        answer.assert_error(500, "invalid_settings")
        assert_readable(answer)
        assert client.call("OPTIONS", "/x", headers=ASK | {"Origin": PAGE}).status == 204


def test_origins_that_can_not_be_understood_let_no_page_in(server: LocalServer) -> None:
    with Client(server.url("no-page")) as client:
        answer = client.call("GET", "/apps", headers={"Origin": "https://s3cret.example"})
        error = answer.assert_error(500, "invalid_settings")
        assert "cors_origins" in error["message"]
        assert "s3cret" not in error["message"]
        assert cors_headers(answer) == set()


def test_an_overloaded_answer_can_be_read() -> None:
    """Whatever the response is, and whatever it says already."""
    request = Request.from_values(headers={"Origin": PAGE})
    response = Response(status=503, headers={"Vary": "Accept"})
    add_cors_headers(response, request, {"api_key": KEY, "cors_origins": PAGE})
    assert response.headers["Access-Control-Allow-Origin"] == PAGE
    assert response.headers.getlist("Vary") == ["Accept, Origin"]


@pytest.mark.parametrize(
    ("text", "allowed", "refused"),
    [
        ("", [], ["null", PAGE, ""]),
        ("*", ["null", PAGE], ["", "x", "*"]),
        ("https://a.example, *", ["null", PAGE], [""]),
        ("HTTPS://A.example:443", ["https://a.example"], ["http://a.example", "null", "*"]),
        ("http://a.example:80,http://b.example", ["http://a.example", "http://b.example:80"], []),
        ("https://[::1]:8443", ["https://[::1]:8443"], ["https://[::1]"]),
        ("http://localhost:03000", ["http://localhost:3000"], ["http://localhost"]),
        ("capacitor://localhost", ["capacitor://localhost"], ["http://localhost"]),
    ],
)
def test_which_origins_a_setting_allows(text: str, allowed: list[str], refused: list[str]) -> None:
    origins = parse_cors_origins(text)
    assert all(origins.allows(origin) for origin in allowed)
    assert not any(origins.allows(origin) for origin in refused)


@pytest.mark.parametrize(
    "text",
    [
        "s3cret.example",
        "https://s3cret.example/",
        "https://s3cret.example/path",
        "https://s3cret.example?x",
        "https://s3cret:s3cret@s3cret.example",
        "https://*.s3cret.example",
        "https://s3cret.example:0",
        "https://s3cret.example:65536",
        "https://s3cret.example:",
        "https://",
        "null",
        "https://s3cr\u00e9t.example",
        "https://" + "s" * 400,
        "https://s3cret.example " * 2000,
    ],
)
def test_origins_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InvalidSettings) as refusal:
        parse_cors_origins(text)
    assert "`cors_origins`" in refusal.value.message
    assert "s3cret" not in refusal.value.message


@given(
    st.text(st.characters(codec="latin-1")),
    st.one_of(st.text(), st.none(), st.integers(), st.just("*")),
    st.text(st.characters(codec="latin-1")),
    st.sampled_from(["GET", "OPTIONS"]),
)
def test_nothing_that_is_sent_or_set_makes_it_raise(
    origin: str, setting: object, asked: str, method: str
) -> None:
    environ = {
        "REQUEST_METHOD": method,
        "HTTP_ORIGIN": origin,
        "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST",
        "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": asked,
    }
    request, settings = Request(environ), {"cors_origins": setting}
    response = preflight(request, settings) or Response()
    add_cors_headers(response, request, settings)
    for _name, value in response.headers:
        assert value.isascii()
        assert value.isprintable()


@given(st.from_regex(r"\A[a-z]+://[a-z.]+(:[0-9]{1,5})?\Z"))
def test_normalising_twice_changes_nothing(origin: str) -> None:
    once = normalised(origin)
    assert once is None or normalised(once) == once
