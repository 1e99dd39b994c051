"""From a payload to a query and inputs, within bounds."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoints.http.errors import InvalidParam, InvalidSettings, PayloadTooLarge, ProxyError
from endpoints.senders.batches import count_items, split
from endpoints.senders.document import make_document
from endpoints.senders.expressions import NoResult, compile_expression
from endpoints.senders.interpreter import MAX_STEPS, Interpreter
from endpoints.senders.mapping import Mapped, as_text, map_delivery
from endpoints.senders.payload import MAX_DEPTH, MAX_FORM_BYTES, MAX_VALUES, parse_payload
from endpoints.senders.table import SENDERS
from localserver.senders import PLAYED
from provider.apps import App
from tests.deliveries import SECRETS, delivery, received, webhook

APP = App("11111111-1111-4111-8111-111111111111", "bot")

QUERIES = {
    "generic": "Disk usage on db-2 is above 90 %.",
    "github": "Which versions are affected?",
    "gitlab": "Does this need a migration?",
    "bitbucket": "Please add a test.",
    "slack": "<@U0BOT1234> what is on the menu today?",
    "stripe": "invoice.payment_failed",
    "shopify": "orders/create",
    "discord": "How do I reset my password?",
    "telegram": "When do you open tomorrow?",
    "line": "Is the pool open?",
    "meta": "Does it come in another colour?",
    "linear": "Can we ship this on Friday?",
    "notion": "page.content_updated",
    "typeform": "The export is slow.\nEvery day\n4",
    "pagerduty": "A little bump in the road",
    "standard-webhooks": '{"id":"1f81eb52-5198-4599-803e-771906343485","type":"contact",'
    '"name":"Grace Hopper","email":"grace@example.com"}',
}
"""What each sender's example says."""

EVENTS = {
    "generic": "alert.raised",
    "github": "issue_comment",
    "gitlab": "Note Hook",
    "bitbucket": "pullrequest:comment_created",
    "slack": "app_mention",
    "stripe": "invoice.payment_failed",
    "shopify": "orders/create",
    "discord": "ask",
    "telegram": "message",
    "line": "message",
    "meta": "whatsapp_business_account",
    "linear": "Comment",
    "notion": "page.content_updated",
    "typeform": "form_response",
    "pagerduty": "incident.triggered",
    "standard-webhooks": "contact.created",
}


def mapped(document: Mapping[str, Any], query: str, inputs: str = "") -> Mapped | None:
    return map_delivery(
        document,
        compile_expression("webhook_query", query),
        compile_expression("webhook_inputs", inputs) if inputs else None,
    )


def document(body: Any, **more: Any) -> dict[str, Any]:
    known: dict[str, Any] = {"headers": {}, "query": {}, "event": None}
    return {**known, "delivery_id": "1", "app": "bot", "body": body, **more}


@pytest.mark.parametrize("name", QUERIES)
def test_every_senders_own_text(name: str) -> None:
    hook, sent = webhook(name), delivery(name)
    found = make_document(sent, parse_payload(sent), APP, hook)
    assert found["event"] == EVENTS[name]
    assert found["app"] == "bot"
    result = map_delivery(found, hook.query, hook.inputs)
    assert result is not None
    assert result.query == QUERIES[name]
    assert result.inputs["event"] == EVENTS[name]
    assert json.loads(result.inputs["payload"]) == json.loads(sent.body)


@pytest.mark.parametrize("name", QUERIES)
def test_every_senders_own_delivery_id(name: str) -> None:
    hook, played = webhook(name), PLAYED[name]
    first = delivery(name, played.example)
    again = dataclasses.replace(first)
    other = received(
        played.headers(SECRETS[name], played.fresh(first.body, 1.0), 1.0, "delivery-2"),
        played.fresh(first.body, 1.0),
    )
    ids = [
        make_document(sent, parse_payload(sent), APP, hook)["delivery_id"]
        for sent in (first, again, other)
    ]
    assert ids[0] == ids[1] != ids[2]
    assert len(ids[0]) < 64  # not the hash of the body


def test_a_delivery_without_an_id_is_known_by_its_bytes() -> None:
    hook = webhook("slack")

    def delivery_id(body: bytes, path: str = "/hooks/bot") -> Any:
        sent = received({"Content-Type": "application/json"}, body, path=path)
        return make_document(sent, parse_payload(sent), APP, hook)["delivery_id"]

    assert delivery_id(b'{"a":1}') == delivery_id(b'{"a":1}')
    assert len({delivery_id(b'{"a":1}'), delivery_id(b'{"a":1} '), delivery_id(b"{}", "/x")}) == 3


def test_no_credential_is_in_the_document() -> None:
    sent = received(
        {"X-Gitlab-Token": "s", "Authorization": "s", "X-API-Key": "s", "Cookie": "s", "A-B": "t"},
        b"{}",
        query={"api_key": "s", "output": "text"},
    )
    found = make_document(sent, {}, APP, webhook("gitlab", "s"))
    assert found["headers"] == {"a-b": "t"}
    assert found["query"] == {"output": "text"}


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("content_type", "body", "payload"),
    [
        ("application/json", b'{"a": 1}', {"a": 1}),
        ("application/json; charset=utf-8", b'\xef\xbb\xbf {"a": 1}', {"a": 1}),
        ("application/cloudevents+json", b'"a"', "a"),
        ("", b"[1]", [1]),
        ("text/plain", b'{"a": 1}', {"a": 1}),
        ("text/plain", "grüß dich".encode(), "grüß dich"),
        ("text/plain", b"1", "1"),
        (FORM, b"text=good+morning&text=x&empty=", {"text": "good morning", "empty": ""}),
        (FORM, b"payload=" + quote_plus('{"a": "b c"}').encode(), {"a": "b c"}),
        (FORM, b"x=1&payload=%7B%22a%22%3A1%7D", {"x": "1", "payload": {"a": 1}}),
        (FORM, b"payload=plain", {"payload": "plain"}),
        (FORM, b'{"a": 1}', {"a": 1}),
        ("application/json", b"", {}),
        ("image/png", b"", {}),
    ],
)
def test_payloads(content_type: str, body: bytes, payload: Any) -> None:
    assert parse_payload(received({"Content-Type": content_type}, body)) == payload


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{", 400),
        ("application/json", b"nothing", 400),
        ("application/json", b'{"a": "\xff"}', 400),
        ("application/json", b'{"a": "\\ud800"}', 400),
        ("application/json", b"{" + b'"a":{' * MAX_DEPTH + b"}" * MAX_DEPTH + b"}", 413),
        ("application/json", b"[" + b"1," * MAX_VALUES + b"1]", 413),
        ("application/json", b"[" * 5000 + b"]" * 5000, 400),
        ("text/plain", b"\xff", 400),
        (FORM, b"a=%FF", 400),
        (FORM, b"a=1&" * 2000, 400),
        (FORM, b"payload=%7B", 400),
        (FORM, b"a=" + b"b" * MAX_FORM_BYTES, 413),
        ("multipart/form-data", b"--x", 415),
        ("application/xml", b"<a/>", 415),
    ],
)
def test_payloads_that_are_refused(content_type: str, body: bytes, status: int) -> None:
    with pytest.raises(ProxyError) as refusal:
        parse_payload(received({"Content-Type": content_type}, body))
    assert refusal.value.status == status


@given(st.binary(max_size=60), st.sampled_from(["", "application/json", "text/plain", FORM]))
def test_no_body_is_anything_but_parsed_or_refused(body: bytes, content_type: str) -> None:
    try:
        parse_payload(received({"Content-Type": content_type}, body))
    except ProxyError as refusal:
        assert refusal.status in (400, 413, 415)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (None, ""),
        (False, ""),
        ([], ""),
        ({}, ""),
        ([None, "", [False]], ""),
        (0, "0"),
        (True, "true"),
        (["a", "b", ["c"], None, 1], "a\nb\nc\n1"),
        ({"a": [1]}, '{"a":[1]}'),
    ],
)
def test_what_is_selected_as_text(value: Any, text: str) -> None:
    assert as_text(value) == text


def test_expressions_see_the_whole_document() -> None:
    sent = document(
        {"a": {"b": "c"}}, headers={"x-kind": "k"}, query={"q": "v"}, event="e", delivery_id="d"
    )
    found = mapped(
        sent,
        "join('-', [body.a.b, headers.\"x-kind\", query.q, event, delivery_id, app])",
        "{all: body, event: event}",
    )
    assert found == Mapped("c-k-v-e-d-bot", {"all": {"a": {"b": "c"}}, "event": "e"})


@pytest.mark.parametrize(
    ("query", "inputs"),
    [
        ("body.none", ""),
        ("event == 'push' && body.a", ""),
        ("' '", ""),
        ("join('', body.number)", ""),
        ("ceil(`1e999`)", ""),
        ('`"\\ud800"`', ""),
        ("body.a", "body.none"),
        ("body.a", "event == 'push' && {a: body.a}"),
    ],
)
def test_nothing_selected_is_nothing_to_run(query: str, inputs: str) -> None:
    assert mapped(document({"a": "b", "number": 1}), query, inputs) is None


def test_inputs_have_to_be_an_object() -> None:
    assert mapped(document({"a": "b"}), "body.a", "`{}`") == Mapped("b", {})
    for inputs in ("body.a", "[body.a]", "`1`", "`true`"):
        with pytest.raises(InvalidSettings) as refusal:
            mapped(document({"a": "b"}), "body.a", inputs)
        assert refusal.value.setting == "webhook_inputs"


def event(text: str, number: int) -> dict[str, Any]:
    return {"type": "message", "message": {"text": text}, "webhookEventId": str(number)}


def test_the_items_of_a_batch_keep_the_shape_of_a_delivery() -> None:
    events = [event("a", 1), event("b", 2)]
    body = {"destination": "U", "events": events}
    items = list(split(body, SENDERS["line"].batch))
    assert items == [{"destination": "U", "events": [one]} for one in events]
    assert list(split({"destination": "U", "events": []}, SENDERS["line"].batch)) == []
    assert list(split({"a": 1}, SENDERS["line"].batch)) == [{"a": 1}]
    assert list(split(body, None)) == [body]


def test_the_messages_of_meta_come_one_by_one() -> None:
    def change(*texts: str) -> dict[str, Any]:
        messages = [{"id": text, "text": {"body": text}} for text in texts]
        return {"field": "messages", "value": {"contacts": [], "messages": messages}}

    statuses = {"field": "messages", "value": {"statuses": [{"id": "s"}]}}
    body = {
        "object": "whatsapp_business_account",
        "entry": [
            {"id": 1, "changes": [change("a", "b"), statuses]},
            {"id": 2, "messaging": [{"message": {"mid": "m", "text": "c"}}]},
            {"id": 3, "changes": [change("d")]},
        ],
    }
    hook = webhook("meta")
    items = list(split(body, hook.sender.batch))
    assert count_items(body, hook.sender.batch) == len(items) == 5
    found = [map_delivery(document(item), hook.query, None) for item in items]
    assert [one and one.query for one in found] == ["a", "b", None, "c", "d"]
    assert [item["entry"][0]["id"] for item in items] == [1, 1, 1, 2, 3]
    assert len(body["entry"]) == 3


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["entry", "changes", "value", "messages", "messaging", "events", "a"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(json_values, st.sampled_from(["line", "meta", "github"]))
def test_any_payload_can_be_split(payload: Any, name: str) -> None:
    lists = SENDERS[name].batch
    assert len(list(split(payload, lists))) == count_items(payload, lists)


DOUBLED = "|".join(["[@,@]"] * 30)
BIG = {
    "list": list(range(50_000)),
    "texts": ["x" * 1000] * 2000,
    "objects": {str(number): {"a": [number]} for number in range(20_000)},
    "deep": [[[1] * 40] * 40] * 40,
}


@pytest.mark.parametrize(
    "expression",
    [
        DOUBLED + "[]" * 30,
        DOUBLED + "|to_string(@)",
        f"[{DOUBLED}] == [{DOUBLED}]",
        f"contains([{DOUBLED}], {DOUBLED})",
        "|".join(["join('',[to_string(@),to_string(@)])"] * 40),
        "'x'|" + "|".join(["join('',[@,@,@,@])"] * 40),
        "list[*].[@,@][][][]",
        "[list,list,list,list][].[@,@,@]|[][]",
        "[" + ",".join(["list"] * 800) + "][*][:5]",
        "[" + ",".join(["list"] * 800) + "][][]",
        "[" + ",".join(["list"] * 800) + "][*].sort(@)",
        "[" + ",".join(["list"] * 800) + "][*].max(@)",
        "[" + ",".join(["objects"] * 500) + "][*].keys(@)",
        "[" + ",".join(["texts"] * 600) + "][*].join('',@)",
        "join('" + "x" * 3000 + "', texts)|[@,@,@]|[*].join('" + "y" * 500 + "',[@,@])|join('',@)",
        "objects.*.a[].[@,@]",
        "map(&map(&map(&@, @), @), deep)|[][][]",
        "sort_by(list, &@)",
        "list[?@ > `1`]",
    ],
)
def test_no_expression_takes_more_than_its_steps(expression: str) -> None:
    compiled = compile_expression("webhook_query", expression)
    interpreter = Interpreter("webhook_query")
    with pytest.raises(PayloadTooLarge) as refusal:
        interpreter.visit(dict(compiled.tree), BIG)
    assert f"{MAX_STEPS:,} steps" in refusal.value.message
    # what stopped it was asked for before it was done
    assert interpreter.visits <= MAX_STEPS


def test_what_grows_without_steps_is_refused_as_a_result() -> None:
    with pytest.raises(PayloadTooLarge) as refusal:
        mapped(document({"a": "b"}), DOUBLED)
    assert "100,000 values" in refusal.value.message


@pytest.mark.parametrize(
    ("expression", "steps"),
    [
        ("body.a", 4),
        ("body.commits[*].message | join(' ', @)", 10_000),
        ("to_string(body)", 2_000),
        ("body.commits[?contains(message, '99')].message", 15_000),
    ],
)
def test_ordinary_expressions_take_a_fraction(expression: str, steps: int) -> None:
    commits = [{"id": "0" * 40, "message": f"commit {number}"} for number in range(1000)]
    interpreter = Interpreter("webhook_query")
    tree = dict(compile_expression("webhook_query", expression).tree)
    interpreter.visit(tree, document({"a": "b", "commits": commits}))
    assert interpreter.steps <= steps


pieces = st.sampled_from(
    ["body", "a", "@", "*", "[]", "[*]", "[0]", ".", "|", "||", "&&", "!", "==", "<", "[@,@]",
     "{a: @}", "[?@]", "[::-1]", "to_string(@)", "keys(@)", "join('',@)", "sort_by(@,&@)", "&a",
     "map(&@,@)", "length(@)", "`1`", "'x'", "(", ")", "sum(@)", "merge(@,@)", "not_null(a,@)",
     "to_number(@)", "contains(@,@)", "max_by(@,&a)", "ceil(@)", "`1e999`", "type(@)", "[", "]"]
)  # fmt: skip


@given(st.lists(pieces, max_size=14).map("".join), json_values)
def test_no_expression_raises_anything_else(expression: str, body: Any) -> None:
    try:
        compiled = compile_expression("webhook_query", expression)
    except InvalidSettings:
        return
    try:
        compiled.search(document(body))
        mapped(document(body), expression)
    except (NoResult, PayloadTooLarge, InvalidParam):
        return
