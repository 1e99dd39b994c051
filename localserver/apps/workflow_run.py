"""The events of a workflow run and of its nodes, in the shapes of Dify 1.12.1."""

from __future__ import annotations

import time

from localserver.apps.base import Call, Event
from localserver.apps.events import Message, new_id, now


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

    def __init__(
        self,
        call: Call,
        workflow_id: str,
        message: Message | None = None,
        *,
        files: list[Event] | None = None,
    ) -> None:
        """Begin a run.

        Args:
            call: what the app is called with.
            workflow_id: of the workflow.
            message: the chatflow's message that the run is for.
            files: what the app made of the call's files; without, they stay as they came.
        """
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
            "sys.files": call.files if files is None else files,
            "sys.user_id": call.end_user,
            "sys.app_id": call.app_id,
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
                "created_by": {"id": self.task_id, "user": self.system["sys.user_id"]},
                "created_at": self.created_at,
                "finished_at": now(),
                "exceptions_count": 1 if error else 0,
                "files": [],
            },
        )
