"""A real Chromium without a window, and the console page in it as its user meets it."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import pytest
from playwright.sync_api import (
    Browser,
    FilePayload,
    Locator,
    Page,
    expect,
    sync_playwright,
)

from tests.conftest import KEY

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

FLAGS = (
    "--no-sandbox",  # which a container lacks, and root may not use
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MISSING = "no Chromium was found: install one (Debian: apt-get install chromium)"

PATIENCE_MS = 20_000
"""How long the page may take to show something; far more than it does, even on a busy machine."""

PICTURE = FilePayload(name="a.png", mimeType="image/png", buffer=b"abc")

WATCH_ANSWER = """() => {
  window.seen = [];
  new MutationObserver(() => {
    const answer = document.querySelector("#turns .turn:last-child .answer");
    const length = answer ? answer.textContent.length : 0;
    window.seen.push([document.querySelector("#status").dataset.state, length]);
  }).observe(document.querySelector("#turns"), {subtree: true, childList: true});
}"""
"""Notes in the page itself what it shows at each change of the answer: nothing is missed."""


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Start Chromium with an empty profile. Without one the tests are skipped, but not in CI."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield browser
        browser.close()


class Watch:
    """Whatever a page asks of the network, and whatever it complains about."""

    def __init__(self, page: Page) -> None:
        self.urls: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.urls.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self._note(message.type, message.text))

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not text.startswith("Failed to load resource"):
            self.complaints.append(text)


class Console:
    """The console page, by what is written on it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.watch = Watch(page)
        self.answers = page.locator("#turns .answer")
        self.status = page.locator("#status")
        self.problem = page.locator("#run-problem")
        self.rows = page.locator("#timeline > .rows > .row")
        self.snippet = page.locator("#snippet")
        self.key = page.get_by_label("API key of this endpoint")
        self.query = page.get_by_label("Query", exact=True)
        self.conversation = page.get_by_label("Conversation", exact=True)
        self.inputs = page.locator("#inputs")

    def open(self) -> Self:
        """Go to the page."""
        self.page.goto(f"{self.url}/")
        return self

    def enter(self, key: str = KEY) -> Self:
        """Type a key in."""
        self.key.fill(key)
        self.button("Open").click()
        return self

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def pick(self, app: str) -> Self:
        """Choose an app and wait for its form."""
        self.page.locator("#apps label").get_by_text(app, exact=True).click()
        expect(self.page.locator("#app-title")).to_have_text(app)
        expect(self.page.locator("#run-form")).to_be_visible()
        return self

    def field(self, label: str) -> Locator:
        """An input of the app's own form."""
        return self.inputs.get_by_label(re.compile(rf"^{re.escape(label)}\*?$"))

    def choose(self, option: str) -> Self:
        """Choose a format or a mode."""
        self.page.locator(".choices").get_by_text(option, exact=True).click()
        return self

    def run(self, query: str | None = None, **inputs: str) -> Self:
        """Fill in and press Run."""
        if query is not None:
            self.query.fill(query)
        for label, value in inputs.items():
            self.field(label).fill(value)
        self.button("Run").click()
        return self

    def await_end(self, words: str = "Finished") -> Self:
        expect(self.status).to_have_text(words)
        return self

    def copied(self, button: str) -> str:
        """What is in the clipboard once a button was pressed."""
        self.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.button(button).click()
        expect(self.button("Copied")).to_be_visible()
        text: str = self.page.evaluate("navigator.clipboard.readText()")
        return text

    def stored(self) -> dict[str, Any]:
        """What the page keeps in the browser."""
        kept: dict[str, Any] = self.page.evaluate(
            "({session: {...sessionStorage}, local: {...localStorage}, cookies: document.cookie})"
        )
        return kept
