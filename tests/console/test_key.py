"""Nothing about apps without the key; the key stays in its tab."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, expect

from localserver import APP_IDS, LocalServer
from tests.conftest import KEY
from tests.console.browser import Console

Visit = Callable[[str], Console]


def test_a_wrong_key_shows_nothing_and_the_right_one_the_apps(visit: Visit) -> None:
    console = visit("reverse").enter("not-the-key-of-this-endpoint")
    expect(console.page.get_by_role("alert")).to_contain_text("This key is not valid here.")
    expect(console.key).to_be_focused()
    for name, app_id in APP_IDS.items():
        assert f">{name}<" not in console.page.content()
        assert app_id not in console.page.content()
    assert {url.removeprefix(console.url) for url in console.watch.urls} <= {
        "/",
        "/apps",
        *(url for url in console.watch.urls if url.startswith("data:")),
    }
    console.enter()
    for name in APP_IDS:
        expect(console.page.get_by_role("radio", name=name, exact=True)).to_be_attached()
    expect(console.page.locator("#gate")).to_be_hidden()


@pytest.mark.parametrize("key", ["", "   ", "clé-日本"])
def test_what_can_be_no_key_is_refused(visit: Visit, key: str) -> None:
    console = visit("reverse").enter(key)
    expect(console.page.locator("#console")).to_be_hidden()
    expect(console.key).to_be_visible()


@pytest.mark.long
def test_the_key_is_kept_in_the_tab_alone_and_can_be_forgotten(
    visit: Visit, server: LocalServer
) -> None:
    console = visit("reverse").enter()
    expect(console.page.locator("#run-form")).to_be_visible()
    kept = console.stored()
    assert list(kept["session"].values()) == [KEY]
    assert KEY not in str(kept["local"]) + kept["cookies"]
    assert KEY not in console.page.content()
    console.open()
    expect(console.page.locator("#run-form")).to_be_visible()
    other_tab = console.page.context.new_page()
    Console(other_tab, server.url("reverse")).open()
    expect(other_tab.locator("#key")).to_be_visible()
    console.button("Forget key").click()
    expect(console.key).to_be_visible()
    assert console.stored()["session"] == {}
    assert APP_IDS["chatbot"] not in console.page.content()


@pytest.mark.long
def test_the_key_of_one_endpoint_is_not_shown_to_another(visit: Visit) -> None:
    first = visit("reverse").enter()
    expect(first.page.locator("#run-form")).to_be_visible()
    sent: list[str] = []
    first.page.on("request", lambda each: sent.append(each.headers.get("authorization", "")))
    first.watch.urls.clear()
    first.page.goto(first.url.replace("reverse", "service") + "/")
    expect(first.key).to_be_visible()
    assert set(sent) == {""}
    first.watch.urls.clear()  # they are another endpoint's


@pytest.mark.long
def test_a_key_that_was_replaced_is_asked_for_again(visit: Visit) -> None:
    console = visit("reverse")
    expect(console.key).to_be_visible()
    slot = console.url.split("127.0.0.1")[1].partition("/")[2]
    console.page.evaluate(
        "slot => sessionStorage.setItem(`app-proxy key of /${slot}/`, 'an-old-key-of-mine')", slot
    )
    console.open()
    expect(console.page.get_by_role("alert")).to_contain_text("not valid any more")
    assert console.stored()["session"] == {}


def test_without_a_key_location_no_key_is_asked_for(visit: Visit) -> None:
    console = visit("open")
    expect(console.page.get_by_text("No app is exposed by name.")).to_be_visible()
    console.page.get_by_label("Any app of the workspace").fill(APP_IDS["agent"])
    console.button("Pick").click()
    console.run("what time is it?").await_end()
    expect(console.answers).to_have_text("Let me check. Hello, you said: what time is it?")
    expect(console.snippet).not_to_contain_text("Authorization")
    expect(console.button("Forget key")).to_be_hidden()


@pytest.mark.long
def test_an_app_that_is_not_there_is_told_as_such(visit: Visit) -> None:
    console = visit("open")
    console.page.get_by_label("Any app of the workspace").fill(
        "12345678-1234-4234-8234-123456789abc"
    )
    console.button("Pick").click()
    expect(console.page.locator("#app-problem")).to_contain_text("Error 404.")
    expect(console.page.locator("#app-problem")).to_contain_text("app_not_found")
    expect(console.page.locator("#run-form")).to_be_hidden()


@pytest.mark.long
def test_settings_that_have_to_be_mended_are_told_without_a_key(visit: Visit) -> None:
    console = visit("broken")
    expect(console.page.get_by_role("alert")).to_contain_text("The setting `apps`")
    expect(console.page.get_by_role("alert")).to_contain_text("invalid_settings")
    expect(console.key).to_be_hidden()
    expect(console.button("Try again")).to_be_visible()


@pytest.mark.long
def test_it_works_without_storage(chromium: Browser, server: LocalServer) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.add_init_script(
        "for (const name of ['sessionStorage', 'localStorage']) "
        "Object.defineProperty(window, name, {get() { throw new DOMException('no'); }});"
    )
    Console(page, server.url("reverse")).open().enter().pick("agent").run("hi").await_end()
    context.close()
