"""Events in the shapes that Dify 1.12.1 streams them."""

from __future__ import annotations

import time
import uuid
from typing import Any

Event = dict[str, Any]

PRICED = {
    "prompt_unit_price": "0.001",
    "prompt_price_unit": "0.001",
    "completion_unit_price": "0.002",
    "completion_price_unit": "0.001",
}
FREE = dict.fromkeys(PRICED, "0.0")
TOKEN_PRICE = 0.000001


def new_id() -> str:
    """A fresh UUID."""
    return str(uuid.uuid4())


def now() -> int:
    """The time in whole seconds, as Dify gives it."""
    return int(time.time())


def usage(prompt: int, completion: int, seconds: float) -> Event:
    """What a run has used; nothing is free of charge, but no tokens cost nothing."""
    prices = PRICED if completion else FREE

    def cost(tokens: int) -> str:
        return f"{tokens * TOKEN_PRICE:.6f}" if completion else "0.0"

    return {
        "prompt_tokens": prompt,
        "prompt_unit_price": prices["prompt_unit_price"],
        "prompt_price_unit": prices["prompt_price_unit"],
        "prompt_price": cost(prompt),
        "completion_tokens": completion,
        "completion_unit_price": prices["completion_unit_price"],
        "completion_price_unit": prices["completion_price_unit"],
        "completion_price": cost(2 * completion),
        "total_tokens": prompt + completion,
        "total_price": cost(prompt + 2 * completion),
        "currency": "USD",
        "latency": round(seconds, 3),
        "time_to_first_token": 0.1,
        "time_to_generate": round(seconds, 3),
    }


class Message:
    """One message of a chat, an agent, a chatflow or a completion app."""

    def __init__(self, conversation_id: str | None) -> None:
        """Begin a message; a completion app has no conversation."""
        self.id = new_id()
        self.task_id = new_id()
        self.conversation_id = conversation_id
        self.created_at = now()
        self.began = time.monotonic()
        conversation = {} if conversation_id is None else {"conversation_id": conversation_id}
        self.place: Event = {
            **conversation,
            "message_id": self.id,
            "created_at": self.created_at,
        }
        self.head: Event = {**self.place, "task_id": self.task_id}

    def text(self, answer: str, selector: list[str] | None = None) -> Event:
        """A piece of the answer."""
        return {
            "event": "message",
            **self.head,
            "id": self.id,
            "answer": answer,
            "from_variable_selector": selector,
        }

    def agent_text(self, answer: str) -> Event:
        """A piece of an agent's answer."""
        return {"event": "agent_message", **self.head, "id": self.id, "answer": answer}

    def replace(self, answer: str) -> Event:
        """The whole answer anew, after moderation."""
        return {
            "event": "message_replace",
            **self.head,
            "answer": answer,
            "reason": "output_moderation",
        }

    def error(self, message: str, code: str = "completion_request_error") -> Event:
        """An error inside the run."""
        return {"event": "error", **self.place, "code": code, "status": 400, "message": message}

    def end(self, used: Event, files: list[Event] | None = None) -> Event:
        """The end of the message."""
        metadata: Event = {"annotation_reply": None, "retriever_resources": [], "usage": used}
        return {
            "event": "message_end",
            **self.head,
            "id": self.id,
            "metadata": metadata,
            "files": files,
        }

    def seconds(self) -> float:
        """How long the message has taken so far."""
        return time.monotonic() - self.began


class Node:
    """A node of a workflow run."""

    def __init__(self, run: WorkflowRun, node_id: str, kind: str, title: str) -> None:
        self._run = run
        self._began = time.monotonic()
        self._created_at = now()
        self._place = {
            "id": new_id(),
            "node_id": node_id,
            "node_type": kind,
            "title": title,
            "index": 1,
            "predecessor_node_id": None,
        }

    def started(self) -> Event:
        """The event at its start."""
        return self._run.event(
            "node_started",
            {
                **self._place,
                "inputs": None,
                "inputs_truncated": False,
                "created_at": self._created_at,
                "extras": {},
                "iteration_id": None,
                "loop_id": None,
                "agent_strategy": None,
            },
        )

    def finished(
        self,
        inputs: Event,
        outputs: Event,
        *,
        error: str | None = None,
        process_data: Event | None = None,
        execution: Event | None = None,
    ) -> Event:
        """The event at its end."""
        self._run.steps += 1
        return self._run.event(
            "node_finished",
            {
                **self._place,
                "inputs": inputs,
                "inputs_truncated": False,
                "process_data": process_data or {},
                "process_data_truncated": False,
                "outputs": outputs,
                "outputs_truncated": False,
                "status": "failed" if error else "succeeded",
                "error": error,
                "elapsed_time": round(time.monotonic() - self._began, 6),
                "execution_metadata": execution,
                "created_at": self._created_at,
                "finished_at": now(),
                "files": [],
                "iteration_id": None,
                "loop_id": None,
            },
        )


class WorkflowRun:
    """One run of a workflow, alone or inside a chatflow."""

    def __init__(self, app_id: str, workflow_id: str, message: Message | None = None) -> None:
        self.id = new_id()
        self.workflow_id = workflow_id
        self.created_at = now()
        self.steps = 0
        self._began = time.monotonic()
        self.task_id = message.task_id if message else new_id()
        if message:
            self.head = {**message.head, "workflow_run_id": self.id}
        else:
            self.head = {"workflow_run_id": self.id, "task_id": self.task_id}
        self.system: Event = {
            "sys.files": [],
            "sys.user_id": "DEFAULT-USER",
            "sys.app_id": app_id,
            "sys.workflow_id": workflow_id,
            "sys.workflow_run_id": self.id,
        }

    def event(self, name: str, data: Event) -> Event:
        """An event of this run."""
        return {"event": name, **self.head, "data": data}

    def text(self, text: str, selector: list[str]) -> Event:
        """A piece of text that an End node streams."""
        return self.event("text_chunk", {"text": text, "from_variable_selector": selector})

    def started(self, inputs: Event) -> Event:
        """The first event."""
        return self.event(
            "workflow_started",
            {
                "id": self.id,
                "workflow_id": self.workflow_id,
                "inputs": inputs,
                "created_at": self.created_at,
            },
        )

    def finished(self, outputs: Event, tokens: int, error: str | None = None) -> Event:
        """The last event of the workflow."""
        return self.event(
            "workflow_finished",
            {
                "id": self.id,
                "workflow_id": self.workflow_id,
                "status": "failed" if error else "succeeded",
                "outputs": outputs,
                "error": error,
                "elapsed_time": round(time.monotonic() - self._began, 6),
                "total_tokens": tokens,
                "total_steps": self.steps,
                "created_by": {"id": self.task_id, "user": "DEFAULT-USER"},
                "created_at": self.created_at,
                "finished_at": now(),
                "exceptions_count": 1 if error else 0,
                "files": [],
            },
        )
