"""Folding a stream gives what Dify's own blocking mode returns."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoints.http.errors import DifyRefusal, ProxyError
from provider.call import Event, Kind
from provider.fold import Fold

CAPTURES = Path(__file__).parent / "captures"
STREAMS = sorted(CAPTURES.glob("*/*-streaming.jsonl"))
PAIRS = [
    (stream, blocking)
    for stream in STREAMS
    if (blocking := Path(str(stream).replace("-streaming", "-blocking"))).exists()
]
OF_THE_RUN = {
    "task_id", "id", "message_id", "conversation_id", "workflow_run_id", "created_at",
    "finished_at", "elapsed_time", "latency", "time_to_first_token", "time_to_generate", "url",
    "related_id", "tenant_id",
}  # fmt: skip


def events_of(path: Path) -> list[Event]:
    return [json.loads(line) for line in path.read_text().splitlines() if line]


def fold(events: Iterable[Event], kind: Kind = Kind.ANY) -> dict[str, Any]:
    folded = Fold(kind)
    for event in events:
        folded.add(event)
    return folded.result()


def without_ids_and_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: type(item).__name__ if key in OF_THE_RUN else without_ids_and_times(item)
            for key, item in value.items()
        }
    return [without_ids_and_times(item) for item in value] if isinstance(value, list) else value


def kind_of(path: Path) -> Kind:
    if "completion" in path.name:
        return Kind.COMPLETION
    return Kind.WORKFLOW if path.name.startswith("wf-") else Kind.CHAT


def test_there_are_pairs_of_every_kind_of_app() -> None:
    assert {path.name.split("-")[0] for path, _ in PAIRS} == {"PATCHED", "cf", "chat", "wf"}


@pytest.mark.parametrize("right_kind", [True, False])
@pytest.mark.parametrize(("stream", "blocking"), PAIRS, ids=lambda path: path.stem)
def test_a_captured_stream_folds_into_the_captured_answer(
    stream: Path, blocking: Path, right_kind: bool
) -> None:
    kind = kind_of(stream) if right_kind else Kind.ANY
    folded = fold(events_of(stream), kind)
    captured = json.loads(blocking.read_text())
    assert without_ids_and_times(folded) == without_ids_and_times(captured)
    assert list(folded) == list(captured)


def test_an_agent_has_no_blocking_answer_of_its_own_so_it_gets_a_chats() -> None:
    for path in CAPTURES.glob("*/agent-chat-streaming.jsonl"):
        folded = fold(events_of(path), Kind.CHAT)
        assert folded["mode"] == "agent-chat"
        assert folded["answer"] == "Let me check. Hello, you said: use the tool please"
        assert folded["metadata"]["usage"]["total_tokens"] == 30


def test_errors_in_a_stream_are_http_errors() -> None:
    with pytest.raises(DifyRefusal) as refusal:
        fold(events_of(CAPTURES / "v1.12.1/chat-LLMFAIL-streaming.jsonl"))
    assert (refusal.value.status, refusal.value.message) == (400, "fake rate limit")
    captured = json.loads((CAPTURES / "v1.12.1/cf-http-fail-blocking.body.json").read_text())
    with pytest.raises(DifyRefusal) as refusal:
        fold(events_of(CAPTURES / "v1.12.1/cf-http-fail-streaming.jsonl"))
    assert refusal.value.body("")["message"] == captured["message"]
    without_error = events_of(CAPTURES / "v1.12.1/cf-http-fail-streaming.jsonl")[:-1]
    with pytest.raises(DifyRefusal) as refusal:
        fold(without_error)
    assert refusal.value.message == captured["message"]


def test_a_pause_is_an_answer_with_the_pauses_data() -> None:
    ids = {"task_id": "t", "workflow_run_id": "w"}
    pause = {"event": "workflow_paused", **ids, "data": {"reasons": [{"type": "human_input"}]}}
    started = {"event": "workflow_started", **ids, "data": {}}
    assert fold([started, pause]) == {**ids, "data": pause["data"]}
    chat = {"conversation_id": "c", "message_id": "m"}
    folded = fold([{**started, **chat}, {**pause, **chat}], Kind.CHAT)
    assert folded["data"] == pause["data"]
    assert folded["conversation_id"] == "c"


def test_a_piece_counts_whichever_message_event_carries_it() -> None:
    ids = {"conversation_id": "c", "message_id": "m", "task_id": "t"}
    pieces: list[Event] = [
        {"event": "message", "answer": "a", **ids},
        {"event": "message_file", "answer": "b", **ids},
        {"event": "message_file", "url": "no answer", **ids},
        {"event": "message", "answer": None, **ids},
        {"event": "agent_message", "answer": "c", **ids},
        {"event": "message_end", "metadata": {}, **ids},
    ]
    assert fold(pieces, Kind.CHAT)["answer"] == "abc"


def dify_blocking_answer(events: Iterable[Event]) -> str:
    """A model of Dify's blocking mode for chats: the pieces in order, a replacement replaces."""
    answer = ""
    for event in events:
        if event["event"] == "message_replace":
            answer = event["answer"]
        elif event["event"] in ("message", "agent_message", "message_file"):
            answer += event.get("answer") or ""
    return answer


message_events = st.fixed_dictionaries(
    {
        "event": st.sampled_from(
            ["message", "agent_message", "message_file", "message_replace", "agent_thought"]
        ),
        "answer": st.text(max_size=4),
    }
)


@given(st.lists(message_events), st.sampled_from(list(Kind)))
def test_any_chat_folds_as_dify_folds_it(events: list[Event], kind: Kind) -> None:
    ids = {"conversation_id": "c", "message_id": "m", "task_id": "t", "created_at": 1}
    stream = [{**event, **ids} for event in events]
    end = {"event": "message_end", "metadata": {"usage": {}}, **ids}
    folded = fold([*stream, end], kind)
    assert folded["answer"] == dify_blocking_answer(events)
    assert folded["metadata"] == {"usage": {}}
    assert folded["conversation_id"] == "c"


odd = st.none() | st.integers() | st.text(max_size=3) | st.dictionaries(st.text(), st.integers())
odd_events = st.fixed_dictionaries(
    {"event": st.sampled_from(["message", "message_end", "workflow_finished", "error", "x"])},
    optional=dict.fromkeys(
        ("answer", "data", "metadata", "message", "status", "code", "task_id"), odd
    ),
)


@given(st.lists(odd_events, max_size=5))
def test_no_event_breaks_the_fold(events: list[Event]) -> None:
    try:
        fold(events)
    except ProxyError as error:
        assert error.message
