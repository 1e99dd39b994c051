"""The demo app that is drawn and talks: a chatflow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from localserver.apps.base import Call, Event
from localserver.apps.blocking import fold
from localserver.apps.chat import BLOCKED, PROMPT_TOKENS
from localserver.apps.conversations import Conversations, check_query
from localserver.apps.events import Message, new_id, usage
from localserver.apps.forms import parameters
from localserver.apps.inputs import prepared_inputs
from localserver.apps.llm import LLM_SELECTOR, Written, llm_finished
from localserver.apps.provoke import ErrorEvent, FailedRun, Provocation, Stopped, tokens
from localserver.apps.workflow_run import Node, WorkflowRun


@dataclass(frozen=True, slots=True)
class Received:
    """What a chatflow makes of a call."""

    inputs: Event
    files: list[Event]
    """Those beside the inputs."""
    answer: str
    """What it is going to say."""


class ChatflowApp:
    """Start, LLM, Answer."""

    headers_at_once = True

    def __init__(self) -> None:
        self._conversations = Conversations()
        self._workflow_id = new_id()

    def form(self) -> Event:
        """No inputs."""
        return parameters([])

    def received(self, call: Call) -> Received:
        """What the app makes of a call's inputs and files, and the text of its answer.

        Raises:
            DifyError: it refuses them.
        """
        inputs = prepared_inputs(self.form(), call)
        return Received(inputs, call.files, f"Hello, you said: {call.query}")

    async def run(self, call: Call) -> AsyncIterator[Event]:
        """Answer one message."""
        check_query(call)
        conversation, turn = self._conversations.turn(call)
        received = self.received(call)
        provocation = Provocation(call.query)
        provocation.before()
        events = self._events(call, received, conversation, turn, provocation)
        if call.response_mode == "blocking":
            yield await fold(events, "advanced-chat")
        else:
            async for event in events:
                yield event

    async def _events(
        self,
        call: Call,
        received: Received,
        conversation: str,
        turn: int,
        provocation: Provocation,
    ) -> AsyncIterator[Event]:
        message = Message(conversation)
        run = WorkflowRun(call, self._workflow_id, message, files=received.files)
        inputs = {**received.inputs, **run.system, "sys.query": call.query}
        later = {**inputs, "sys.conversation_id": conversation, "sys.dialogue_count": turn}
        written = Written()
        try:
            provocation.first()
            yield run.started({**inputs, "sys.dialogue_count": turn})
            start = Node(run, "start", "start", "Start")
            yield start.started()
            yield start.finished(later, later)
            llm = Node(run, "llm", "llm", "LLM")
            yield llm.started()
            async for token in tokens(received.answer, call, provocation):
                yield message.text(written.add(token), LLM_SELECTOR)
            yield message.text("", LLM_SELECTOR)
        except ErrorEvent:
            yield message.error("the model refused, as the query asked", "invalid_param")
            return
        except FailedRun as failure:
            used = usage(PROMPT_TOKENS, written.tokens, message.seconds())
            yield llm_finished(llm, written, call.query, used, str(failure))
            outputs = {"answer": written.text, "files": []}
            yield run.finished(outputs, written.tokens, str(failure))
            yield message.error(f"Run failed: {failure}", "invalid_param")
            return
        except Stopped:
            return
        used = usage(PROMPT_TOKENS, written.tokens, message.seconds())
        yield llm_finished(llm, written, call.query, used, None)
        answer = Node(run, "answer", "answer", "Answer")
        yield answer.started()
        outputs = {"answer": written.text, "files": []}
        yield answer.finished({}, outputs)
        yield run.finished(outputs, used["total_tokens"])
        if provocation.word == "moderation":
            yield message.replace(BLOCKED)
        yield message.end(used, [])
