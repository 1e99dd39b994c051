"""The page as it is sent: one document, and headers that let it do what it does and no more."""

import re
from base64 import b64encode
from hashlib import sha256

from endpoints.console_page.document import DOCUMENT
from localserver import LocalServer
from tests.conftest import Client

HTML = DOCUMENT.html.decode()


def hash_of(tag: str) -> str:
    [content] = re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", HTML, re.DOTALL)
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"


def test_it_is_the_same_for_everyone(server: LocalServer) -> None:
    pages = set()
    for hook in ("reverse", "open", "broken"):
        with Client(server.url(hook)) as client:
            for headers in ({}, {"Authorization": "Bearer wrong"}, {"Dify-Hook-Url": "http://x"}):
                answer = client.call("GET", "/?api_key=x", headers=headers)
                assert answer.status == 200
                pages.add(answer.body)
    assert pages == {DOCUMENT.html}


def test_its_headers(server: LocalServer) -> None:
    with Client(server.url("reverse")) as client:
        answer, head = client.call("GET", "/"), client.call("HEAD", "/")
    assert (head.status, head.body) == (200, b"")
    for headers in (answer.headers, head.headers):
        assert headers["content-type"] == "text/html; charset=utf-8"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        rules = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
        assert rules == {
            "default-src": "'none'",
            "script-src": hash_of("script"),
            "style-src": hash_of("style"),
            "img-src": "data:",
            "connect-src": "'self'",
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": "'none'",
            "require-trusted-types-for": "'script'",
            "trusted-types": "'none'",
        }


def test_other_methods_are_refused(server: LocalServer) -> None:
    with Client(server.url("reverse")) as client:
        error = client.call("POST", "/").assert_error(405, "method_not_allowed")
        assert "GET" in error["message"]


def test_it_needs_nothing_but_itself() -> None:
    assert re.findall(r"\{\{\w+\}\}", HTML) == []
    assert set(re.findall(r"https?://\w[\w.]*", HTML)) == {"http://www.w3.org"}  # a name of SVG's
    assert re.findall(r"<(?:link|script|img|iframe)[^>]+(?:src|href)=\"(?!data:)", HTML) == []
    assert re.findall(r"\s(?:on\w+|style)=", HTML.partition("<script")[0]) == []


def test_no_text_is_made_markup() -> None:
    script = HTML.partition("<script")[2]
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in script
    assert script.count("</script") == 1
    assert "<!--" not in script
