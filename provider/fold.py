"""Folds the events of a run into what Dify's own blocking mode returns for it."""

from typing import Any

from endpoints.http.errors import AppError, ProxyError
from provider.call import Event, Kind
from provider.dify_errors import from_event

MAX_ANSWER_CHARACTERS = 32 * 1024 * 1024
"""Of an answer that is held until its end; a stream has no such limit."""

_NO_PIECES = frozenset({"message_replace", "message_end"})

_RUN_RESULT = (
    "id",
    "workflow_id",
    "status",
    "outputs",
    "error",
    "elapsed_time",
    "total_tokens",
    "total_steps",
    "created_at",
    "finished_at",
)
"""What Dify's blocking mode keeps of `workflow_finished.data`."""


class Fold:
    """The answer so far.

    Args:
        kind: what the caller takes the app for; decides only where the events don't tell.
    """

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._answer: list[str] = []
        self._length = 0
        self._opening: Event = {}
        self._ids: Event = {}
        self._end: Event = {}
        self._finished: Event = {}
        self._paused: Event = {}
        self._error: ProxyError | None = None
        self._is_agent = False
        self._is_workflow = False

    def add(self, event: Event) -> None:
        """Take the next event."""
        name = event["event"]
        if carries_answer(event):
            self._add_piece(event["answer"])
        elif name == "message_replace":
            self._answer = [_string(event, "answer")]
        elif name == "message_end":
            self._end = event
        elif name == "workflow_finished":
            self._finished = event
        elif name == "workflow_paused":
            self._paused = event
        elif name == "error":
            self._error = self._error or from_event(event)
        self._is_agent |= name in ("agent_message", "agent_thought")
        self._is_workflow |= name == "workflow_started" or "workflow_run_id" in event
        if "task_id" in event:
            self._ids = event
            self._opening = self._opening or event

    def _add_piece(self, piece: str) -> None:
        self._length += len(piece)
        if self._length > MAX_ANSWER_CHARACTERS:
            raise AppError("The answer is too long to be held until its end. Take it as a stream.")
        self._answer.append(piece)

    def result(self) -> dict[str, Any]:
        """The blocking answer.

        Raises:
            ProxyError: the run failed in a way for which Dify's blocking mode answers an error.
        """
        if self._error is not None:
            raise self._error
        if self._is_workflow and not self._is_conversation():
            return self._workflow_result()
        if self._finished and _data(self._finished).get("status") == "failed" and not self._end:
            # of a chatflow; of a plain workflow it is an answer like any other
            reason = _data(self._finished).get("error") or "the app's log in Dify says why"
            message = f"Run failed: {reason}"
            raise from_event({"status": 400, "code": "invalid_param", "message": message})
        return self._message()

    def _is_conversation(self) -> bool:
        return bool(self._answer or self._end or self._ids.get("conversation_id"))

    def _workflow_result(self) -> dict[str, Any]:
        if self._finished:
            finished = _data(self._finished)
            data = {name: finished.get(name) for name in _RUN_RESULT}
        else:
            data = _data(self._paused)
        last = self._finished or self._paused
        return {
            "task_id": last.get("task_id"),
            "workflow_run_id": last.get("workflow_run_id"),
            "data": data,
        }

    def _message(self) -> dict[str, Any]:
        ids = self._ids
        message: dict[str, Any] = {
            "event": "message",
            "task_id": ids.get("task_id"),
            "id": ids.get("message_id"),
            "message_id": ids.get("message_id"),
            "conversation_id": ids.get("conversation_id"),
            "mode": self._mode(),
            "answer": "".join(self._answer),
            "metadata": self._end.get("metadata") or {},
            "created_at": self._opening.get("created_at"),
        }
        if message["mode"] == "completion":
            del message["conversation_id"]
        if self._paused and not self._end:
            message["event"] = "workflow_paused"
            message["workflow_run_id"] = self._paused.get("workflow_run_id")
            message["data"] = _data(self._paused)
        return message

    def _mode(self) -> str:
        if self._is_workflow:
            return "advanced-chat"
        if self._is_agent:
            return "agent-chat"
        if self._kind is Kind.CHAT or self._ids.get("conversation_id"):
            return "chat"
        return "completion"


def carries_answer(event: Event) -> bool:
    """Whether an event's `answer` is the next piece of the answer.

    Not by one name alone: agents send `agent_message`, and a chat about files sends its pieces as
    `message_file` (seen in Dify 1.12.1).
    """
    name = event["event"]
    return (
        name.startswith(("message", "agent_message"))
        and name not in _NO_PIECES
        and isinstance(event.get("answer"), str)
    )


def _data(event: Event) -> dict[str, Any]:
    data = event.get("data")
    return data if isinstance(data, dict) else {}


def _string(event: Event, name: str) -> str:
    value = event.get(name)
    return value if isinstance(value, str) else ""
