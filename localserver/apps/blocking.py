"""Dify's blocking mode: the events of a run folded into the one object that it answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from localserver.apps.base import DifyError, Event

WORKFLOW_DATA = (
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


async def fold(events: AsyncIterator[Event], mode: str) -> Event:
    """Fold the events of an app of this mode (`chat`, `workflow`, ...).

    Raises:
        DifyError: the run failed; Dify's blocking mode has an HTTP 400 for that.
    """
    answer = ""
    finished: Event = {}
    end: Event = {}
    async for event in events:
        match event["event"]:
            case "message" | "message_file":
                answer += event["answer"]
            case "message_replace":
                answer = event["answer"]
            case "workflow_finished":
                finished = event
            case "message_end":
                end = event
            case "error":
                raise DifyError.invalid(str(event["message"]))
    if mode == "workflow":
        data: dict[str, Any] = finished.get("data", {})
        return {
            "task_id": finished.get("task_id"),
            "workflow_run_id": finished.get("workflow_run_id"),
            "data": {name: data.get(name) for name in WORKFLOW_DATA},
        }
    names = ("task_id", "id", "message_id", "conversation_id")
    return {
        "event": "message",
        **{name: end[name] for name in names if name in end},
        "mode": mode,
        "answer": answer,
        "metadata": end.get("metadata", {}),
        "created_at": end.get("created_at"),
    }
