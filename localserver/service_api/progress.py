"""How far a run has come, and how Dify ends one that is stopped."""

from __future__ import annotations

import time

from localserver.apps.base import Event
from localserver.apps.events import now, usage

MESSAGE_PLACE = ("conversation_id", "message_id", "created_at", "task_id")
STOPPED = "Stopped by user."


class Progress:
    """What a run has told of itself in its events."""

    def __init__(self) -> None:
        self.task_id = ""
        self._began = time.monotonic()
        self._message: Event | None = None
        self._workflow: Event | None = None
        self._pieces = 0
        self._steps = 0

    def note(self, event: Event) -> None:
        """Take in an event that was sent."""
        if isinstance(event.get("task_id"), str):
            self.task_id = event["task_id"]
        match event.get("event"):
            case "message_end" | "error":
                self._message = None
                return
            case "workflow_started":
                self._workflow = event
            case "workflow_finished":
                self._workflow = None
            case "node_finished":
                self._steps += 1
            case "message" | "message_file" | "agent_message" | "text_chunk":
                self._pieces += 1
        if "message_id" in event:
            self._message = event

    def stopped(self) -> list[Event]:
        """The events after which a stopped run's stream ends.

        A workflow is finished, a message is at its end, a chatflow is both, in this order (Dify's
        `task_pipeline` and `generate_task_pipeline`, on a `QueueStopEvent`).
        """
        events = []
        if self._workflow is not None:
            events.append(self._workflow_finished(self._workflow))
        if self._message is not None:
            events.append(self._message_end(self._message))
        return events

    def _workflow_finished(self, started: Event) -> Event:
        data = started.get("data") or {}
        head = {name: value for name, value in started.items() if name not in ("event", "data")}
        return {
            "event": "workflow_finished",
            **head,
            "data": {
                "id": data.get("id"),
                "workflow_id": data.get("workflow_id"),
                "status": "stopped",
                "outputs": {},
                "error": STOPPED,
                "elapsed_time": round(time.monotonic() - self._began, 6),
                "total_tokens": self._pieces,
                "total_steps": self._steps,
                "created_by": {},
                "created_at": data.get("created_at"),
                "finished_at": now(),
                "exceptions_count": 0,
                "files": [],
            },
        }

    def _message_end(self, message: Event) -> Event:
        used = usage(0, self._pieces, time.monotonic() - self._began)
        return {
            "event": "message_end",
            **{name: message[name] for name in MESSAGE_PLACE if name in message},
            "id": message["message_id"],
            "metadata": {"annotation_reply": None, "retriever_resources": [], "usage": used},
            "files": [],
        }
