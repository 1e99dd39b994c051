"""The console page in a browser, before demo apps and one whose form has every kind of field."""

import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Page, expect

from localserver import APP_IDS, SERVICE_API_KEYS, Call, Config, LocalServer
from localserver.__main__ import EXAMPLES
from localserver.apps.forms import field, file_field, parameters, text_field
from tests.conftest import END, KEY, Json, message
from tests.console.browser import Console, running_chromium

FORM_ID = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
APPS = json.dumps(APP_IDS | {"form": FORM_ID})
DEMO = {name: APP_IDS[name] for name in EXAMPLES}
FORM = [
    text_field("text-input", "title", 12),
    field("paragraph", "story", required=False, max_length=0, default="once\nupon"),
    field("number", "count", required=True, default=3),
    field("select", "tone", required=True, options=["plain", "formal"], default="formal"),
    field("checkbox", "brief", required=False, default=True),
    field("json_object", "shape", required=False),
    field("a-kind-of-tomorrow", "later", required=False),
    file_field("file", "document", ["document"], required=False),
    file_field("file-list", "pictures", ["image"], required=False),
]


LARGE = "\u00e9\u6f22\U0001f600\u2028" * 200_000
"""Of several megabytes: it comes in several chunks, which may end within any character."""


class FormApp:
    """Answers with the inputs that it got, or with a large text when asked for that."""

    headers_at_once = True

    def form(self) -> Json:
        return parameters(FORM)

    async def run(self, call: Call) -> AsyncIterator[Json]:
        yield message(answer=LARGE if call.query == "large" else json.dumps(call.inputs))
        yield END


class BlankPage(BaseHTTPRequestHandler):
    """A page of somebody else's."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>another site</title>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="package")
def other_origin() -> Iterator[str]:
    """The origin of a site that has nothing to do with the endpoint."""
    site = ThreadingHTTPServer(("127.0.0.1", 0), BlankPage)
    thread = threading.Thread(target=site.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{site.server_port}"
    site.shutdown()
    site.server_close()
    thread.join()


def over_service_api(apps: Json) -> Json:
    keys = {name: SERVICE_API_KEYS[name] for name in apps}
    return {"service_api_url": "{base_url}/v1", "service_api_keys": json.dumps(keys)}


@pytest.fixture(scope="package")
def server(other_origin: str) -> Iterator[LocalServer]:
    known = {"api_key": KEY, "apps": APPS}
    endpoints: dict[str, Json] = {
        "reverse": known,
        "service": known | over_service_api(APP_IDS),
        "demo": known | {"apps": json.dumps(DEMO)} | over_service_api(DEMO),
        "open": {"key_location": "none", "apps": "*"},
        "broken": known | {"apps": "{a: secret-not-an-id}"},
        "allowing": known | {"cors_origins": other_origin},
    }
    config = Config(endpoints=endpoints, apps={FORM_ID: FormApp()}, pace=0.03, completion="mended")
    with LocalServer.running(config) as running:
        yield running


# of the package, not the session: while it runs, its event loop is in the way of others
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


@pytest.fixture
def visit(page: Page, server: LocalServer) -> Iterator[Callable[[str], Console]]:
    """Opens the page of an endpoint. Whatever is done there, it asks nobody but its endpoint, the
    key is in no URL, and nothing breaks the rules that its headers set."""
    visited: list[Console] = []

    def to(hook: str) -> Console:
        visited.append(Console(page, server.url(hook)))
        return visited[-1].open()

    yield to
    for console in visited:
        assert console.watch.complaints == []
        for url in console.watch.urls:
            assert url.startswith((f"{console.url}/", "data:image/svg+xml,"))
            assert KEY not in url


@pytest.fixture(params=["reverse", "service"])
def console(request: pytest.FixtureRequest, visit: Callable[[str], Console]) -> Console:
    """The page with the right key, before either way to an app."""
    opened = visit(request.param).enter()
    expect(opened.page.locator("#run-form")).to_be_visible()
    return opened


@pytest.fixture
def form(visit: Callable[[str], Console]) -> Console:
    """The form with every kind of field."""
    return visit("reverse").enter().pick("form")
