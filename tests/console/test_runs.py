"""Runs as the page shows them: while they go, and when they are over."""

import json
import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from localserver import LocalServer
from localserver.__main__ import EXAMPLES
from tests.conftest import END, Json, message
from tests.console.browser import PICTURE, WATCH_ANSWER, Console
from tests.console.conftest import LARGE

pytestmark = pytest.mark.long

Visit = Callable[[str], Console]

LONG = " ".join(f"word{number}" for number in range(40))
"""What the demo apps take more than a second to repeat."""


def fill_in(console: Console, app: str) -> None:
    """Fill in what an app needs, so that its answer is long."""
    if app == "album":
        console.field("pictures").set_input_files([PICTURE, PICTURE])
        console.field("caption").fill(LONG[:250])  # it takes 256 characters
    elif app in ("workflow", "completion"):
        console.field("text" if app == "workflow" else "query").fill(LONG)
    else:
        console.query.fill(LONG)
    if app == "chatbot":
        console.field("persona").fill("butler")


def assert_text_came_before_the_end(console: Console) -> None:
    whole = len(console.answers.last.text_content() or "")
    seen: list[tuple[str, int]] = console.page.evaluate("window.seen")
    assert any(state == "running" and 0 < length < whole for state, length in seen), seen


def test_an_answer_is_shown_while_it_is_written(visit: Visit) -> None:
    console = visit("reverse").enter().pick("chatbot")
    fill_in(console, "chatbot")
    console.page.evaluate(WATCH_ANSWER)
    console.run().await_end()
    expect(console.answers).to_have_text(f"Hello, you said: {LONG}")
    assert_text_came_before_the_end(console)
    for measure in ("first-event", "duration", "event-count", "tokens"):
        expect(console.page.locator(f"#{measure}")).to_have_text(re.compile(r"^\d"))
    expect(console.rows.first).to_contain_text("message")
    expect(console.rows.last).to_contain_text("message_end")


@pytest.mark.long
@pytest.mark.parametrize("app", EXAMPLES)
def test_each_demo_app_runs_to_its_end(console: Console, app: str) -> None:
    console.pick(app)
    fill_in(console, app)
    console.page.evaluate(WATCH_ANSWER)
    console.run().await_end()
    expect(console.answers).to_contain_text("word34")
    assert_text_came_before_the_end(console)
    last = "workflow_finished" if app in ("workflow", "album") else "message_end"
    expect(console.rows.last).to_contain_text(last)
    expect(console.page.locator("#tokens")).to_have_text(re.compile(r"^\d+$"))
    if app in ("workflow", "album"):
        expect(console.page.locator("#turns summary")).to_have_text("Outputs")
    if app == "agent":
        console.page.get_by_text("Thoughts of the agent (2)").click()
        expect(console.page.locator("#turns details")).to_contain_text("tool: current_time")


@pytest.mark.long
@pytest.mark.parametrize("choice", ["SSE", "Text", "JSON", "Blocking"])
def test_each_format_shows_the_answer(console: Console, server: LocalServer, choice: str) -> None:
    console.pick("chatflow").choose(choice)
    console.page.evaluate(WATCH_ANSWER)
    console.run(LONG).await_end()
    expect(console.answers).to_have_text(f"Hello, you said: {LONG}")
    if choice in ("SSE", "Text"):
        assert_text_came_before_the_end(console)
    if choice == "SSE":
        expect(console.rows.first).to_contain_text("workflow_started")
    kinds = {"SSE": "text/event-stream", "Text": "text/plain"}
    sent = server.responses[-1].headers
    assert sent["content-type"].startswith(kinds.get(choice, "application/json"))


@pytest.mark.long
def test_stop_in_mid_stream(console: Console, server: LocalServer) -> None:
    stops = len(server.service_api_stops)
    console.pick("chatflow").run("one two three !silence four five six")
    expect(console.answers).to_contain_text("Hello, you said")
    expect(console.status).to_have_text("Running")
    expect(console.page.get_by_role("radio", name="agent")).to_be_disabled()
    console.button("Stop").click()
    expect(console.status).to_have_text("Stopped")
    if console.url.endswith("reverse"):
        expect(console.problem).to_contain_text("The run goes on in Dify")
    else:
        expect(console.problem).to_contain_text("has Dify stop the run")
        until = time.monotonic() + 60
        while len(server.service_api_stops) == stops and time.monotonic() < until:
            time.sleep(0.05)
        assert len(server.service_api_stops) == stops + 1
    expect(console.button("Run")).to_be_focused()
    console.run("again").await_end()
    expect(console.answers.last).to_have_text("Hello, you said: again")


@pytest.mark.long
@pytest.mark.parametrize(
    ("word", "status", "code"),
    [
        ("error-first", "Error 400.", "invalid_param"),
        ("dify-500", "Error 502.", "app_error"),
        ("error-mid", "Error 400.", "invalid_param"),
        ("stop", "Error 502.", "incomplete_stream"),
        ("fail", "Error 400.", "invalid_param"),
    ],
)
def test_an_error_is_shown_with_its_request_id(
    console: Console, word: str, status: str, code: str
) -> None:
    console.pick("chatflow").run(f"one two !{word} three four").await_end("Failed")
    request_id = console.page.locator("#request-id").text_content() or ""
    assert re.fullmatch(r"[0-9a-f]{32}", request_id)
    for text in (status, code, f"request {request_id}"):
        expect(console.problem).to_contain_text(text)
    if word in ("error-mid", "fail"):
        expect(console.answers).to_contain_text("Hello, you said")


@pytest.mark.long
def test_a_failed_workflow_is_told_as_such(console: Console) -> None:
    console.pick("workflow").run(text="one two !fail three").await_end("Failed")
    expect(console.problem).to_contain_text("Server Unavailable Error")


@pytest.mark.long
def test_a_conversation_goes_on_until_a_new_one_is_asked_for(
    visit: Visit, server: LocalServer
) -> None:
    console = visit("service").enter().pick("chatflow")
    asked = server.service_api_calls
    console.run("first").await_end()
    expect(console.conversation).to_have_value(re.compile(r"^[0-9a-f-]{36}$"))
    conversation = console.conversation.input_value()
    expect(console.snippet).to_contain_text(conversation)
    console.run("second")
    expect(console.answers).to_have_text(["Hello, you said: first", "Hello, you said: second"])
    console.await_end()
    assert asked[-1]["body"]["conversation_id"] == conversation
    assert console.conversation.input_value() == conversation
    console.button("New conversation").click()
    console.run("third").await_end()
    expect(console.answers).to_have_text(["Hello, you said: third"])
    assert not asked[-1]["body"].get("conversation_id")
    assert console.conversation.input_value() != conversation


@pytest.mark.long
def test_an_answer_that_was_replaced_is_gone(console: Console) -> None:
    console.pick("chatflow").run("one two three !moderation").await_end()
    expect(console.answers).to_have_text("OUTPUT BLOCKED")
    expect(console.page.locator("#turns")).not_to_contain_text("Hello")


@pytest.mark.long
def test_what_apps_and_users_say_is_never_markup(console: Console) -> None:
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    console.pick("chatflow").run(evil).await_end()
    expect(console.answers).to_have_text(f"Hello, you said: {evil}")
    assert console.page.locator("#console img, #console script").count() == 0


def play(console: Console, *steps: Json) -> Console:
    console.pick("script").field("script").fill(json.dumps(steps))
    return console.run("play")


@pytest.mark.long
def test_thousands_of_events_are_counted_and_not_all_drawn(visit: Visit) -> None:
    console = visit("reverse").enter().pick("chatflow").run("one !burst=5000 two").await_end()
    count = int((console.page.locator("#event-count").text_content() or "").replace(",", ""))
    assert count > 5000
    assert console.page.locator("*").count() < 600
    group = console.rows.filter(has_text=re.compile("message \u00d7 5,0"))
    group.locator("summary").click()
    expect(group.locator(".row")).to_have_count(300)
    group.get_by_role("button").click()
    expect(group.locator(".row")).to_have_count(600)
    group.locator(".row summary").nth(450).click()
    expect(group.locator("pre")).to_contain_text('"event": "message"')


@pytest.mark.long
def test_many_different_events_wait_behind_a_button(visit: Visit) -> None:
    console = visit("reverse").enter()
    thought: Json = {"event": "agent_thought", "id": "t", "thought": "hm", "task_id": "t"}
    pairs: list[Json] = [{"event": thought}, {"event": message(1)}] * 200
    play(console, *pairs, {"event": END})
    console.await_end()
    expect(console.page.locator("#event-count")).to_have_text("401")
    expect(console.rows).to_have_count(300)
    console.button("Show more: 101 rows").click()
    expect(console.rows).to_have_count(401)
    console.rows.last.locator("summary").click()
    shown = console.rows.last.locator("pre").text_content() or ""
    assert json.loads(shown) == END


@pytest.mark.long
def test_a_large_answer_comes_whole_whatever_chunks_it_is_cut_into(visit: Visit) -> None:
    console = visit("reverse").enter().pick("form")
    console.run("large", title="a").await_end()
    assert console.copied("Copy answer") == LARGE
    expect(console.page.locator("#turns")).to_contain_text("more characters are not shown")


@pytest.mark.long
def test_a_silence_is_shown_as_pings(visit: Visit) -> None:
    console = visit("reverse").enter()
    played: list[Json] = [
        {"event": message("x")},
        {"sleep": 11},
        {"event": message("y")},
        {"event": END},
    ]
    play(console, *played).await_end()
    expect(console.rows.nth(1)).to_contain_text("ping")
    expect(console.answers).to_have_text("piece x piece y ")


@pytest.mark.long
def test_a_run_that_waits_for_a_human_is_told_as_such(visit: Visit) -> None:
    console = visit("reverse").enter()
    paused: Json = {"event": "workflow_paused", "task_id": "t", "data": {"status": "paused"}}
    play(console, {"event": message("x")}, {"event": paused}).await_end("Paused")
    expect(console.problem).to_contain_text("waits for a human")


@pytest.mark.long
def test_everything_can_be_done_with_the_keyboard(visit: Visit) -> None:
    console = visit("reverse")
    keyboard = console.page.keyboard
    expect(console.key).to_be_focused()
    keyboard.type("a-key-for-the-tests")
    keyboard.press("Enter")
    expect(console.page.get_by_role("radio", name="chatbot")).to_be_focused()
    keyboard.press("ArrowDown")
    expect(console.page.locator("#app-title")).to_have_text("agent")
    expect(console.query).to_be_visible()
    console.page.locator("#apps :checked").focus()
    for _ in range(3):  # past a link of the page
        keyboard.press("Tab")
        if console.query.evaluate("element => element === document.activeElement"):
            break
    expect(console.query).to_be_focused()
    keyboard.type("one two !silence three")
    keyboard.press("Control+Enter")
    expect(console.answers).to_contain_text("Hello, you said")
    console.button("Stop").focus()
    keyboard.press("Enter")
    expect(console.status).to_have_text("Stopped")
