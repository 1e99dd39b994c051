"""Deliveries through a real plugin process, as their senders see it."""

import json
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from localserver import APP_IDS, Config, LocalServer
from localserver.config import DEFAULT_SETTINGS, load
from localserver.senders import PLAYED
from tests.conftest import Answer, Client, Json
from tests.deliveries import SECRETS
from tests.test_mapping import QUERIES

CHATFLOW = APP_IDS["chatflow"]
APPS = json.dumps(APP_IDS)
KEY = "local-demo-key-not-a-secret"

ENDPOINTS: dict[str, Json] = {
    **{hook: dict(each) for hook, each in load(DEFAULT_SETTINGS).endpoints.items()},
    "workflows": {
        "api_key": KEY,
        "apps": APPS,
        "webhook_sender": "github",
        "webhook_secret": SECRETS["github"],
        "webhook_inputs": "{text: body.comment.body}",
    },
    "picky": {
        "api_key": KEY,
        "apps": APPS,
        "webhook_sender": "github",
        "webhook_secret": SECRETS["github"],
        "webhook_query": "event == 'issues' && body.issue.title || body.grown[].[@,@][][][][]",
    },
    "mistaken": {
        "api_key": KEY,
        "apps": APPS,
        "webhook_sender": "github",
        "webhook_secret": SECRETS["github"],
        "webhook_query": "body.[",
    },
}


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    with LocalServer.running(Config(endpoints=ENDPOINTS, pace=0)) as running:
        yield running


@pytest.fixture(scope="module")
def caller(server: LocalServer) -> Iterator["Sender"]:
    with Sender(server) as made:
        yield made


class Sender(Client):
    """Plays every sender."""

    def __init__(self, server: LocalServer) -> None:
        super().__init__(server.base_url)
        del self.headers["Authorization"]
        self.server = server

    def deliver(
        self,
        name: str,
        body: bytes | Json | None = None,
        *,
        hook: str = "",
        path: str = "chatflow",
        headers: dict[str, str] | None = None,
        delivery_id: str = "",
    ) -> Answer:
        """Post a delivery, a new one of the sender's example if no body is given."""
        played = PLAYED[name]
        if body is None:
            content = played.fresh(played.example)
        else:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
        secret = KEY if name == "none" else SECRETS[name]
        sent = played.headers(secret, content, delivery_id=delivery_id) | (headers or {})
        endpoint = hook or ("local" if name == "none" else name)
        return self.call("POST", f"/e/{endpoint}/hooks/{path}", content=content, headers=sent)

    def runs_since(self, mark: int) -> list[Json]:
        """The app runs that were asked for since there were so many invocations."""
        asked = self.server.invocations[mark:]
        return [one["request"] for one in asked if one["type"] == "app"]

    @property
    def mark(self) -> int:
        return len(self.server.invocations)


@pytest.mark.parametrize("name", QUERIES)
def test_every_senders_example_runs_the_app_with_its_text(caller: Sender, name: str) -> None:
    mark = caller.mark
    answer = caller.deliver(name, path="chatflow?output=text")
    assert answer.status == 200, answer.body
    [run] = caller.runs_since(mark)
    assert run["query"] == QUERIES[name]
    assert set(run["inputs"]) == {"event", "payload"}
    text = b"" if name == "telegram" else f"Hello, you said: {QUERIES[name]}".encode()
    assert answer.body == text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_without_a_sender_the_api_key_is_asked_for(caller: Sender) -> None:
    assert caller.deliver("none").status == 200
    refused = caller.deliver("none", headers={"Authorization": "Bearer wrong"})
    refused.assert_error(401, "unauthorized")
    assert refused.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("name", [name for name in PLAYED if name != "none"])
def test_an_api_key_is_no_signature(caller: Sender, name: str) -> None:
    mark = caller.mark
    answer = caller.call(
        "POST",
        f"/e/{name}/hooks/chatflow",
        content=PLAYED[name].example,
        headers={"Authorization": f"Bearer {KEY}"},
    )
    answer.assert_error(403 if name == "pagerduty" else 401, "unauthorized")
    assert caller.mark == mark


def test_the_signature_is_checked_before_anything_is_said(caller: Sender) -> None:
    wrong = {"X-Hub-Signature-256": "sha256=" + "0" * 64}
    for body in (b"", b"{", b"[" * 2000, b"\xff", b"x" * 5000):
        for path in ("chatflow", "no-such-app", CHATFLOW, "99999999-9999-4999-8999-999999999999"):
            caller.deliver("github", body, path=path, headers=wrong).assert_error(
                401, "unauthorized"
            )
    caller.deliver("github", path="no-such-app").assert_error(404, "app_not_found")
    caller.deliver("github", path="99999999-9999-4999-8999-999999999999").assert_error(
        403, "app_not_allowed"
    )
    caller.deliver("github", b"{").assert_error(400, "invalid_param")


def test_a_body_that_was_cut_is_refused_before_it_is_verified(caller: Sender) -> None:
    for size in (4 * 1024 * 1024 + 1, 10 * 1024 * 1024, 11 * 1024 * 1024):
        caller.deliver("github", b"x" * size).assert_error(413, "payload_too_large")


def test_the_signature_is_over_the_exact_bytes(caller: Sender) -> None:
    example = PLAYED["github"].example
    for body in (example, b"\xef\xbb\xbf" + example, b" " + example + b"\r\n"):
        assert caller.deliver("github", body).status == 200
    # a POST without a body arrives from the daemon as an empty chunked one
    assert caller.deliver("github", b"").json == {"skipped": True}


TEXT, JSON = "text/plain; charset=utf-8", "application/json"
CHALLENGE = {"type": "url_verification", "token": "t", "challenge": "3eZ-ü"}

HANDSHAKES: list[tuple[str, Json, int, str | None, bytes]] = [
    ("slack", CHALLENGE, 200, TEXT, "3eZ-ü".encode()),
    ("discord", {"type": 1, "id": "1", "application_id": "2"}, 200, JSON, b'{"type":1}'),
    ("discord", {"version": 1, "application_id": "2", "type": 0}, 204, None, b""),
]


@pytest.mark.parametrize(("name", "body", "status", "content_type", "answered"), HANDSHAKES)
def test_a_handshake_that_is_posted(
    caller: Sender, name: str, body: Json, status: int, content_type: str | None, answered: bytes
) -> None:
    mark = caller.mark
    answer = caller.deliver(name, body)
    assert (answer.status, answer.body) == (status, answered)
    if content_type is not None:
        assert answer.headers["content-type"] == content_type
    forged = "X-Signature-Ed25519" if name == "discord" else "X-Slack-Signature"
    caller.deliver(name, body, headers={forged: "v0=00"}).assert_error(401, "unauthorized")
    assert caller.mark == mark


def test_githubs_ping(caller: Sender) -> None:
    mark = caller.mark
    answer = caller.deliver(
        "github", {"zen": "x", "hook_id": 1}, headers={"X-GitHub-Event": "ping"}
    )
    assert (answer.status, answer.body) == (200, b"")
    assert caller.mark == mark


def test_an_event_of_discord_is_no_ping(caller: Sender) -> None:
    mark = caller.mark
    body = {"version": 1, "type": 1, "event": {"type": "ENTITLEMENT_CREATE", "data": {}}}
    assert caller.deliver("discord", body).json == {"skipped": True}
    assert caller.mark == mark


def verification(token: str, **more: str) -> str:
    given = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1158201444"}
    return "&".join(f"{name}={value}" for name, value in (given | more).items())


def test_what_bots_say_and_what_is_being_typed_is_not_run(caller: Sender) -> None:
    slack, discord = (json.loads(PLAYED[name].example) for name in ("slack", "discord"))
    slack["event"]["bot_id"] = "B1"
    discord["type"] = 4
    assert caller.deliver("slack", slack).json == {"skipped": True}
    assert caller.deliver("discord", discord).json == {"skipped": True}


def test_metas_handshake(caller: Sender) -> None:
    url = "/e/meta/hooks/chatflow?"
    answer = caller.call("GET", url + verification(SECRETS["meta"]))
    assert (answer.status, answer.body) == (200, b"1158201444")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    for wrong in (
        verification("wrong"),
        verification(""),
        verification(SECRETS["meta"], **{"hub.mode": "unsubscribe"}),
        "",
        "hub.mode=subscribe&hub.challenge=1",
    ):
        caller.call("GET", url + wrong).assert_error(403, "unauthorized")


def test_there_is_no_get_without_a_handshake(caller: Sender) -> None:
    for hook in ("github", "local"):
        answer = caller.call("GET", f"/e/{hook}/hooks/chatflow")
        answer.assert_error(405, "method_not_allowed")
        assert answer.headers["allow"] == "OPTIONS, POST"
    caller.call("PUT", "/e/github/hooks/chatflow").assert_error(405, "method_not_allowed")


def test_notions_token_is_shown_and_not_trusted(caller: Sender) -> None:
    token = "secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl"
    url = "/e/notion/hooks/chatflow"
    answer = caller.call("POST", url, json={"verification_token": token})
    assert (answer.status, answer.body) == (200, b"")
    assert [line for line in caller.server.plugin_log if token in line]
    signed = PLAYED["notion"].headers(token, PLAYED["notion"].example)
    answer = caller.call("POST", url, content=PLAYED["notion"].example, headers=signed)
    answer.assert_error(401, "unauthorized")
    for other in (
        {"verification_token": token, "type": "page.created"},
        {"verification_token": "a\nb" * 10},
        {"verification_token": 5},
        {"verification_token": "x" * 2000},
    ):
        caller.call("POST", url, json=other).assert_error(401, "unauthorized")


def line_event(text: str, number: int, kind: str = "text") -> Json:
    message = {"type": kind, "id": str(number), "text": text}
    return {"type": "message", "message": message, "webhookEventId": f"{text}-{number}"}


def test_a_batch_runs_once_per_item_in_order(caller: Sender) -> None:
    events = [line_event(f"words {number}", number) for number in range(5)]
    events[2]["message"] = {"type": "sticker", "id": "2"}
    mark = caller.mark
    answer = caller.deliver("line", {"events": events}, path="chatflow?output=text")
    texts = [f"Hello, you said: words {number}" for number in range(5)]
    assert answer.json == {"results": [*texts[:2], {"skipped": True}, *texts[3:]]}
    runs = caller.runs_since(mark)
    assert [run["query"] for run in runs] == ["words 0", "words 1", "words 3", "words 4"]
    payloads = [json.loads(run["inputs"]["payload"])["events"] for run in runs]
    assert payloads == [[event] for event in events if "text" in event["message"]]
    # each item has an id of its own: what is new in a later batch is run
    mark = caller.mark
    again = caller.deliver("line", {"events": [events[0], line_event("new", 9), events[4]]})
    duplicate, fresh, other = again.json["results"]
    assert duplicate == other == {"duplicate": True}
    assert fresh["answer"] == "Hello, you said: new"
    assert [run["query"] for run in caller.runs_since(mark)] == ["new"]


def test_a_batch_of_meta(caller: Sender) -> None:
    messages = [{"id": f"wamid.{n}", "text": {"body": f"message {n}"}} for n in range(3)]
    body = {
        "object": "whatsapp_business_account",
        "entry": [
            {"id": "1", "changes": [{"field": "messages", "value": {"messages": messages[:2]}}]},
            {"id": "2", "changes": [{"field": "messages", "value": {"messages": messages[2:]}}]},
            {"id": "3", "changes": [{"field": "messages", "value": {"statuses": [{"id": "s"}]}}]},
        ],
    }
    mark = caller.mark
    results = caller.deliver("meta", body).json["results"]
    assert [result.get("answer") for result in results[:3]] == [
        f"Hello, you said: message {n}" for n in range(3)
    ]
    assert results[3:] == [{"skipped": True}]
    assert [run["query"] for run in caller.runs_since(mark)] == [f"message {n}" for n in range(3)]


def test_what_fails_in_a_batch_may_come_again(caller: Sender) -> None:
    events = [line_event("fine", 1), line_event("!dify-500", 2), line_event("also fine", 3)]
    mark = caller.mark
    caller.deliver("line", {"events": events}).assert_error(502, "app_error")
    assert len(caller.runs_since(mark)) == 3
    mark = caller.mark
    caller.deliver("line", {"events": events}).assert_error(502, "app_error")
    assert [run["query"] for run in caller.runs_since(mark)] == ["!dify-500"]


def test_an_empty_batch_is_skipped(caller: Sender) -> None:
    assert caller.deliver("line", {"destination": "U", "events": []}).json == {"skipped": True}


def test_a_batch_has_a_limit(caller: Sender) -> None:
    mark = caller.mark
    body = {"events": [{"type": "follow"}] * 1001}
    assert (
        "1,000 items"
        in caller.deliver("line", body).assert_error(413, "payload_too_large")["message"]
    )
    assert caller.mark == mark


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("*/*", "application/x-ndjson; charset=utf-8"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("text/event-stream", "text/event-stream; charset=utf-8"),
        ("application/json", "application/json"),
    ],
)
def test_answers_by_accept(caller: Sender, accept: str, content_type: str) -> None:
    answer = caller.deliver("github", headers={"Accept": accept})
    assert answer.status == 200
    assert answer.headers["content-type"] == content_type
    if accept == "*/*":
        assert answer.events[-1]["event"] == "message_end"
    elif accept == "application/json":
        assert answer.json["answer"] == "Hello, you said: Which versions are affected?"


def test_answers_by_output(caller: Sender) -> None:
    full = caller.deliver("github", path="chatflow?output=full").json
    assert full["answer"] == "Hello, you said: Which versions are affected?"
    assert caller.deliver("github", path="chatflow?output=outputs").json == {
        "answer": full["answer"]
    }
    outputs = caller.deliver("github", hook="workflows", path="workflow?output=outputs").json
    assert set(outputs) == {"result", "words"}
    text = caller.deliver("github", hook="workflows", path="workflow?output=text")
    assert json.loads(text.body) == outputs
    caller.deliver("github", path="chatflow?output=all").assert_error(400, "invalid_param")


def test_telegram_never_gets_what_an_app_wrote(caller: Sender) -> None:
    example = json.loads(PLAYED["telegram"].example)
    for number, (accept, output) in enumerate(
        [
            ("*/*", ""),
            ("application/json", ""),
            ("text/plain", "?output=text"),
            ("*/*", "?output=full"),
        ]
    ):
        example["update_id"] = 5000 + number
        example["message"]["text"] = '{"method": "sendMessage", "text": "run me"}'
        answer = caller.deliver(
            "telegram", example, path=f"chatflow{output}", headers={"Accept": accept}
        )
        assert (answer.status, answer.body) == (200, b"")
    example["update_id"], example["message"]["text"] = 6000, "!dify-500"
    error = caller.deliver("telegram", example).assert_error(502, "app_error")
    assert "method" not in error


def test_discord_shows_the_answer(caller: Sender) -> None:
    body = json.loads(PLAYED["discord"].example)
    body["id"], body["data"]["options"][0]["value"] = "77", "@everyone " + "x" * 3000
    answer = caller.deliver("discord", body).json
    assert answer["type"] == 4
    assert answer["data"]["allowed_mentions"] == {"parse": []}
    assert len(answer["data"]["content"]) == 2000


@pytest.mark.parametrize(
    ("word", "status", "code"),
    [
        ("!dify-500", 502, "app_error"),
        ("!error-first", 502, "app_error"),
        ("!error-event", 502, "app_error"),
        ("!rate-limit", 429, "rate_limit_error"),
    ],
)
@pytest.mark.parametrize("accept", ["*/*", "application/json"])
def test_a_failed_run_is_an_error_and_may_come_again(
    caller: Sender, word: str, status: int, code: str, accept: str
) -> None:
    body = {"comment": {"body": word}}
    delivery_id = f"{word}-{accept}"
    for _ in range(2):
        mark = caller.mark
        answer = caller.deliver("github", body, headers={"Accept": accept}, delivery_id=delivery_id)
        answer.assert_error(status, code)
        assert len(caller.runs_since(mark)) == 1
    # a later attempt that succeeds, as one whose bytes are mended shows
    mended = caller.deliver("github", {"comment": {"body": "fine"}}, delivery_id=delivery_id)
    assert mended.status == 200
    again = caller.deliver("github", {"comment": {"body": "fine"}}, delivery_id=delivery_id)
    assert again.json == {"duplicate": True}


def test_a_failed_workflow_is_a_failed_delivery(caller: Sender) -> None:
    body = {"comment": {"body": "!fail"}}
    path = "workflow?output=outputs"
    caller.deliver("github", body, hook="workflows", path=path).assert_error(502, "app_error")


def test_mapping_within_bounds(caller: Sender) -> None:
    answer = caller.deliver("github", {"issue": {"title": "t"}}, hook="picky")
    assert answer.json == {"skipped": True}
    issue = {"X-GitHub-Event": "issues"}
    mark = caller.mark
    caller.deliver("github", {"issue": {"title": "t"}}, hook="picky", headers=issue)
    assert [run["query"] for run in caller.runs_since(mark)] == ["t"]
    grown = caller.deliver("github", {"grown": [[[1] * 90] * 90] * 10}, hook="picky")
    error = grown.assert_error(413, "payload_too_large")
    assert "`webhook_query` takes more than 20,000 steps" in error["message"]
    error = caller.deliver("github", hook="mistaken").assert_error(500, "invalid_settings")
    assert "`webhook_query`" in error["message"]


def test_the_same_delivery_to_two_apps_or_endpoints_is_two(caller: Sender) -> None:
    mark = caller.mark
    for hook, path in [("github", "chatflow"), ("github", "agent"), ("workflows", "chatflow")] * 2:
        caller.deliver("github", hook=hook, path=path, delivery_id="one-and-the-same")
    runs = caller.runs_since(mark)
    assert [run["app_id"] for run in runs] == [CHATFLOW, APP_IDS["agent"], CHATFLOW]


@pytest.fixture
def own_server() -> Iterator[LocalServer]:
    """For tests that break it."""
    with LocalServer.running(Config(endpoints=ENDPOINTS, pace=0.01)) as running:
        yield running


def _kill_plugin(server: LocalServer) -> None:
    pid = server.plugin_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    for _ in range(600):
        if server.plugin_pid not in (None, pid):
            return
        time.sleep(0.05)
    raise AssertionError("the plugin was not started again")


def test_one_delivery_sent_20_times_at_once_and_after_a_restart_is_one_run(
    own_server: LocalServer,
) -> None:
    with Sender(own_server) as sender:

        def deliver(_: int) -> Answer:
            return sender.deliver("github", path="chatflow?output=full", delivery_id="20-times")

        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(deliver, range(20)))
        assert {answer.status for answer in answers} == {200}
        run = [answer for answer in answers if "answer" in answer.json]
        assert len(run) == 1
        assert [a.json for a in answers if a is not run[0]] == [{"duplicate": True}] * 19
        _kill_plugin(own_server)
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(deliver, range(20)))
        assert [answer.json for answer in answers] == [{"duplicate": True}] * 20
        assert len(sender.runs_since(0)) == 1


def test_what_can_not_be_stored_is_not_run(own_server: LocalServer) -> None:
    with Sender(own_server) as sender:
        own_server._storage._limit = 0
        answer = sender.deliver("github", delivery_id="unlucky")
        answer.assert_error(503, "storage_unavailable")
        assert answer.headers["retry-after"]
        assert sender.runs_since(0) == []
        own_server._storage._limit = 1_000_000
        assert sender.deliver("github", delivery_id="unlucky").status == 200
        assert len(sender.runs_since(0)) == 1


def test_two_secrets_are_valid_while_one_replaces_the_other() -> None:
    endpoint = {**ENDPOINTS["github"], "webhook_secret": f"older, {SECRETS['github']}"}
    with (
        LocalServer.running(Config(endpoints={"github": endpoint}, pace=0)) as running,
        Sender(running) as sender,
    ):
        assert sender.deliver("github").status == 200
        body = PLAYED["github"].example
        signed = PLAYED["github"].headers("older", body)
        assert (
            sender.call("POST", "/e/github/hooks/agent", content=body, headers=signed).status == 200
        )
