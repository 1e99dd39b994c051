"""How the page looks: screenshots of three states, and what axe-core says of them."""

import io
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, expect

from localserver import LocalServer
from tests.conftest import KEY
from tests.console.browser import Console
from tests.readme import REPOSITORY, TEXT

pytestmark = pytest.mark.long

FOLDER = os.environ.get("SCREENSHOTS")
"""Where the screenshots are to be kept (`make screenshots`); else they are made and thrown away."""

MAX_BYTES = 100_000
"""Of one screenshot: the repository keeps each version of each."""

THEMES = ("light", "dark")
QUERIES = ("What did we decide about the launch?", "And who tells the customers?")


def key_prompt(console: Console) -> None:
    expect(console.key).to_be_focused()


def finished_run(console: Console) -> None:
    console.enter().pick("chatbot")
    for query in QUERIES:
        console.run(query, persona="librarian").await_end()
    console.rows.last.locator("summary").click()
    expect(console.rows.last.locator("pre")).to_be_visible()


def error(console: Console) -> None:
    console.enter().pick("reader").run("Read it to me !error-mid and then stop")
    console.await_end("Failed")


STATES: dict[str, Callable[[Console], None]] = {
    "key": key_prompt,
    "run": finished_run,
    "error": error,
}


@pytest.fixture(params=THEMES)
def themed(request: pytest.FixtureRequest, page: Page, server: LocalServer) -> Iterator[Console]:
    page.emulate_media(color_scheme=request.param)
    yield Console(page, server.url("demo")).open()


def serious_violations(page: Page) -> list[str]:
    """What axe-core finds and calls serious or critical."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {[node['target'] for node in each['nodes']]}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


@pytest.mark.long
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_serious(themed: Console, state: str) -> None:
    STATES[state](themed)
    assert serious_violations(themed.page) == []


@pytest.mark.long
def test_axe_finds_nothing_serious_in_a_running_stream(themed: Console) -> None:
    themed.enter().pick("agent").run("one two !silence three")
    expect(themed.answers).to_contain_text("Hello, you said")
    assert serious_violations(themed.page) == []


def test_axe_finds_what_is_wrong(page: Page) -> None:
    page.set_content("<html lang=en><title>x</title><main><h1>x</h1><input></main></html>")
    assert [each.partition(":")[0] for each in serious_violations(page)] == ["label"]


def test_the_readme_shows_every_screenshot() -> None:
    kept = {f"_assets/console-{state}-{theme}.png" for state in STATES for theme in THEMES}
    assert set(re.findall(r"_assets/console[\w.-]+", TEXT)) == kept
    for picture in kept:
        assert 0 < (REPOSITORY / picture).stat().st_size < MAX_BYTES


def save_small(png: bytes, path: Path) -> None:
    """With a palette, which no eye can tell: less than half of the size."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    few = picture.quantize(method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


@pytest.mark.long
@pytest.mark.parametrize("state", STATES)
def test_screenshots(
    themed: Console, state: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    STATES[state](themed)
    themed.page.mouse.move(0, 0)
    themed.page.evaluate(  # the port is another one each time
        "() => { const shown = document.querySelectorAll('#address, #snippet');"
        "for (const each of shown) each.textContent = each.textContent"
        ".replace(location.origin, 'https://dify.example').replace('/e/demo', '/e/k3v8q1x0'); }"
    )
    theme = request.node.callspec.params["themed"]
    path = Path(FOLDER or tmp_path) / f"console-{state}-{theme}.png"
    save_small(themed.page.screenshot(), path)
    assert 0 < path.stat().st_size < MAX_BYTES


@pytest.mark.long
@pytest.mark.parametrize("width", [320, 375, 768, 1000, 1920])
@pytest.mark.parametrize("state", STATES)
def test_nothing_lies_outside_of_a_small_screen(
    page: Page, server: LocalServer, width: int, state: str
) -> None:
    page.set_viewport_size({"width": width, "height": 640})
    console = Console(page, server.url("demo")).open()
    STATES[state](console)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    assert page.evaluate(OUTSIDE, width) == []
    if width == 320:
        assert serious_violations(page) == []


OUTSIDE = """width => [...document.querySelectorAll("main *")]
  .filter(element => element.checkVisibility({visibilityProperty: true})
    && !element.closest(".unseen, .gist, .app-list input, .choice input")
    && element.getBoundingClientRect().right > width + 1)
  .map(element => element.outerHTML.slice(0, 120))"""
"""What can't be reached: a hidden overflow makes no scroll bar."""


@pytest.mark.long
def test_the_theme_can_be_chosen_and_stays(page: Page, server: LocalServer) -> None:
    console = Console(page, server.url("reverse")).open()
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(colour)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(colour)
    assert dark != light
    console.button("Theme: system").click()
    assert page.evaluate(colour) == light
    console.button("Theme: light").click()
    assert page.evaluate(colour) == dark
    console.open()
    expect(console.button("Theme: dark")).to_be_visible()
    assert KEY not in str(console.stored())
