"""The demo app that is drawn and doesn't talk: a workflow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from localserver.apps.base import Call, Event
from localserver.apps.blocking import fold
from localserver.apps.chat import PROMPT_TOKENS
from localserver.apps.events import new_id, now, usage
from localserver.apps.forms import file_field, parameters, text_field
from localserver.apps.inputs import prepared_inputs
from localserver.apps.llm import LLM_SELECTOR, Written, llm_finished
from localserver.apps.provoke import ErrorEvent, FailedRun, Provocation, Stopped, tokens
from localserver.apps.workflow_run import Node, WorkflowRun


@dataclass(frozen=True, slots=True)
class Received:
    """What a workflow makes of a call."""

    inputs: Event
    request: str
    """What its LLM is given."""
    answer: str
    """What its LLM is going to write."""


class WorkflowApp:
    """Start, Template, LLM, End: it counts the words of `text` and repeats it."""

    headers_at_once = True

    def __init__(self) -> None:
        self._workflow_id = new_id()

    def form(self) -> Event:
        """A required text, an optional number, an optional document."""
        return parameters(
            [
                text_field("paragraph", "text", 4000),
                text_field("number", "count", 256, required=False),
                file_field("file", "document", ["image", "document"], required=False),
            ]
        )

    def received(self, call: Call) -> Received:
        """What the app makes of a call.

        Raises:
            DifyError: it refuses the inputs.
        """
        inputs = prepared_inputs(self.form(), call)
        return Received(inputs, inputs["text"], f"Hello, you said: {inputs['text']}")

    def outputs(self, inputs: Event, text: str) -> Event:
        """What the workflow gives when its LLM has written `text`."""
        outputs: Event = {"result": text, "words": len(inputs["text"].split())}
        if inputs["document"] is not None:
            outputs["document"] = inputs["document"]
        return outputs

    async def run(self, call: Call) -> AsyncIterator[Event]:
        """Run once."""
        received = self.received(call)
        provocation = Provocation(received.request)
        provocation.before()
        events = self._events(call, received, provocation)
        if call.response_mode == "blocking":
            yield await fold(events, "workflow")
        else:
            async for event in events:
                yield event

    async def _events(
        self, call: Call, received: Received, provocation: Provocation
    ) -> AsyncIterator[Event]:
        run = WorkflowRun(call, self._workflow_id)
        text = received.request
        given = {**received.inputs, **run.system}
        written = Written()
        try:
            if provocation.word == "error-event":
                # A workflow has no message: its error events have a task alone.
                yield _workflow_error(run)
                return
            yield run.started(given)
            start = Node(run, "start", "start", "Start")
            yield start.started()
            stamped = {**given, "sys.timestamp": now()}
            yield start.finished(stamped, stamped)
            template = Node(run, "template", "template-transform", "Count words")
            yield template.started()
            yield template.finished({"text": text}, {"output": str(len(text.split()))})
            llm = Node(run, "llm", "llm", "LLM")
            yield llm.started()
            async for token in tokens(received.answer, call, provocation):
                yield run.text(written.add(token), LLM_SELECTOR)
            yield run.text("", LLM_SELECTOR)
        except ErrorEvent:
            yield _workflow_error(run)
            return
        except FailedRun as failure:
            used = usage(PROMPT_TOKENS, written.tokens, 0)
            yield llm_finished(llm, written, text, used, str(failure))
            yield run.finished({}, written.tokens, str(failure))
            return
        except Stopped:
            return
        used = usage(PROMPT_TOKENS, written.tokens, 0)
        yield llm_finished(llm, written, text, used, None)
        outputs = self.outputs(received.inputs, written.text)
        end = Node(run, "end", "end", "End")
        yield end.started()
        yield end.finished(outputs, outputs)
        yield run.finished(outputs, used["total_tokens"])


def _workflow_error(run: WorkflowRun) -> Event:
    return {
        "event": "error",
        "task_id": run.task_id,
        "code": "invalid_param",
        "status": 400,
        "message": "the model refused, as the query asked",
    }
