"""The demo apps that are drawn: a chatflow and a workflow."""

from __future__ import annotations

from collections.abc import AsyncIterator

from localserver.apps.base import Call, DifyError, Event
from localserver.apps.blocking import fold
from localserver.apps.chat import BLOCKED, PROMPT_TOKENS, check_inputs
from localserver.apps.conversations import Conversations, check_query
from localserver.apps.events import Message, new_id, now, usage
from localserver.apps.files import file_value
from localserver.apps.forms import field, parameters, text_field
from localserver.apps.provoke import ErrorEvent, FailedRun, Provocation, Stopped, tokens
from localserver.apps.workflow_run import Node, WorkflowRun

FILE_FIELD = {
    "allowed_file_types": ["image", "document"],
    "allowed_file_extensions": [],
    "allowed_file_upload_methods": ["local_file", "remote_url"],
}
LLM_SELECTOR = ["llm", "text"]


class _Written:
    """What the LLM node has written so far."""

    def __init__(self) -> None:
        self.text = ""
        self.tokens = 0

    def add(self, token: str) -> str:
        self.text += token
        self.tokens += 1
        return token


def _llm_finished(
    node: Node, written: _Written, query: str, used: Event, error: str | None
) -> Event:
    prompts = [{"role": "user", "text": query, "files": []}]
    model = {
        "model_mode": "chat",
        "prompts": prompts,
        "usage": used,
        "finish_reason": "stop",
        "model_provider": "demo/echo/echo",
        "model_name": "echo",
    }
    outputs = {
        "text": written.text,
        "reasoning_content": "",
        "usage": used,
        "finish_reason": "stop",
    }
    execution = {name: used[name] for name in ("total_tokens", "total_price", "currency")}
    if error:
        return node.finished({}, {}, error=error, process_data=model)
    return node.finished({}, outputs, process_data=model, execution=execution)


class ChatflowApp:
    """Start, LLM, Answer."""

    headers_at_once = True

    def __init__(self) -> None:
        self._conversations = Conversations()
        self._workflow_id = new_id()

    def form(self) -> Event:
        """No inputs."""
        return parameters([])

    async def run(self, call: Call) -> AsyncIterator[Event]:
        """Answer one message."""
        check_query(call)
        conversation, turn = self._conversations.turn(call)
        provocation = Provocation(call.query)
        provocation.before()
        events = self._events(call, conversation, turn, provocation)
        if call.response_mode == "blocking":
            yield await fold(events, "advanced-chat")
        else:
            async for event in events:
                yield event

    async def _events(
        self, call: Call, conversation: str, turn: int, provocation: Provocation
    ) -> AsyncIterator[Event]:
        message = Message(conversation)
        run = WorkflowRun(call, self._workflow_id, message)
        inputs = {**call.inputs, **run.system, "sys.query": call.query}
        later = {**inputs, "sys.conversation_id": conversation, "sys.dialogue_count": turn}
        written = _Written()
        try:
            provocation.first()
            yield run.started({**inputs, "sys.dialogue_count": turn})
            start = Node(run, "start", "start", "Start")
            yield start.started()
            yield start.finished(later, later)
            llm = Node(run, "llm", "llm", "LLM")
            yield llm.started()
            async for token in tokens(f"Hello, you said: {call.query}", call, provocation):
                yield message.text(written.add(token), LLM_SELECTOR)
            yield message.text("", LLM_SELECTOR)
        except ErrorEvent:
            yield message.error("the model refused, as the query asked", "invalid_param")
            return
        except FailedRun as failure:
            used = usage(PROMPT_TOKENS, written.tokens, message.seconds())
            yield _llm_finished(llm, written, call.query, used, str(failure))
            outputs = {"answer": written.text, "files": []}
            yield run.finished(outputs, written.tokens, str(failure))
            yield message.error(f"Run failed: {failure}", "invalid_param")
            return
        except Stopped:
            return
        used = usage(PROMPT_TOKENS, written.tokens, message.seconds())
        yield _llm_finished(llm, written, call.query, used, None)
        answer = Node(run, "answer", "answer", "Answer")
        yield answer.started()
        outputs = {"answer": written.text, "files": []}
        yield answer.finished({}, outputs)
        yield run.finished(outputs, used["total_tokens"])
        if provocation.word == "moderation":
            yield message.replace(BLOCKED)
        yield message.end(used, [])


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
                field("file", "document", required=False, **FILE_FIELD),
            ]
        )

    async def run(self, call: Call) -> AsyncIterator[Event]:
        """Run once."""
        check_inputs(self.form(), call)
        if isinstance(call.inputs.get("count"), list | dict):
            raise DifyError.internal()
        inputs = dict(call.inputs)
        if inputs.get("document") is not None:
            inputs["document"] = file_value("document", inputs["document"], call)
        provocation = Provocation(str(inputs["text"]))
        provocation.before()
        events = self._events(call, inputs, provocation)
        if call.response_mode == "blocking":
            yield await fold(events, "workflow")
        else:
            async for event in events:
                yield event

    async def _events(
        self, call: Call, inputs: Event, provocation: Provocation
    ) -> AsyncIterator[Event]:
        run = WorkflowRun(call, self._workflow_id)
        text = str(inputs["text"])
        given = {**inputs, **run.system}
        written = _Written()
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
            async for token in tokens(f"Hello, you said: {text}", call, provocation):
                yield run.text(written.add(token), LLM_SELECTOR)
            yield run.text("", LLM_SELECTOR)
        except ErrorEvent:
            yield _workflow_error(run)
            return
        except FailedRun as failure:
            used = usage(PROMPT_TOKENS, written.tokens, 0)
            yield _llm_finished(llm, written, text, used, str(failure))
            yield run.finished({}, written.tokens, str(failure))
            return
        except Stopped:
            return
        used = usage(PROMPT_TOKENS, written.tokens, 0)
        yield _llm_finished(llm, written, text, used, None)
        outputs: Event = {"result": written.text, "words": len(text.split())}
        if "document" in inputs:
            outputs["document"] = inputs["document"]
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
