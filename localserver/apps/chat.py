"""The demo apps that talk: a chatbot, an agent, and a text generator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from localserver.apps.base import Call, DifyError, Event
from localserver.apps.blocking import fold
from localserver.apps.conversations import Conversations, check_query
from localserver.apps.events import Message, new_id, usage
from localserver.apps.files import described, system_files
from localserver.apps.forms import file_upload, parameters, text_field
from localserver.apps.inputs import prepared_inputs
from localserver.apps.provoke import ErrorEvent, FailedRun, Provocation, Stopped, tokens

PROMPT_TOKENS = 10
BLOCKED = "OUTPUT BLOCKED"
TOOL = "current_time"
TOOL_LABELS = {
    TOOL: {
        "zh_Hans": "获取当前时间",
        "en_US": "Current Time",
        "pt_BR": "Current Time",
        "ja_JP": "Current Time",
    }
}


async def answered(
    message: Message, text: str, call: Call, provocation: Provocation
) -> AsyncIterator[Event]:
    """The events of a plain answer, up to the end of the message."""
    count = 0
    try:
        provocation.first()
        async for token in tokens(text, call, provocation):
            count += 1
            yield message.text(token)
    except ErrorEvent:
        yield message.error("the model refused, as the query asked")
        return
    except FailedRun as failure:
        yield message.error(str(failure))
        return
    except Stopped:
        return
    yield message.text("")
    if provocation.word == "moderation":
        yield message.replace(BLOCKED)
    yield message.end(usage(PROMPT_TOKENS, count, message.seconds()))


class ChatApp:
    """A chatbot that repeats what it is told and names its pictures; it wants a `persona`."""

    headers_at_once = False

    def __init__(self) -> None:
        self._conversations = Conversations()

    def form(self) -> Event:
        """One required input, and up to three pictures beside it."""
        return parameters([text_field("text-input", "persona", 48)], file_upload(["image"], 3))

    async def run(self, call: Call) -> AsyncIterator[Event]:
        """Answer one message."""
        check_query(call)
        conversation, _ = self._conversations.turn(call)
        files = system_files(self.form(), call, strict=False)
        prepared_inputs(self.form(), call)
        provocation = Provocation(call.query)
        provocation.before()
        lines = [described("files", file, call) for file in files]
        text = "\n".join([f"Hello, you said: {call.query}", *lines])
        message = Message(conversation, with_files=bool(files))
        events = answered(message, text, call, provocation)
        if call.response_mode == "blocking":
            yield await fold(events, "chat")
        else:
            async for event in events:
                yield event


class CompletionApp:
    """A text generator, over a reverse invocation mended or broken as in Dify."""

    headers_at_once = False

    def __init__(self, *, broken: bool) -> None:
        """`broken`: fail over a reverse invocation, as Dify does, which forgets the query there."""
        self._broken = broken

    def form(self) -> Event:
        """One required input, the query."""
        return parameters([text_field("paragraph", "query", 4000)])

    async def run(self, call: Call) -> AsyncIterator[Event]:
        """Generate one text."""
        if self._broken and not call.over_service_api:
            raise DifyError.internal()
        query = prepared_inputs(self.form(), call)["query"]
        provocation = Provocation(query)
        provocation.before()
        events = answered(Message(None), f"Hello, you said: {query}\n", call, provocation)
        if call.response_mode == "blocking":
            yield await fold(events, "completion")
        else:
            async for event in events:
                yield event


class AgentApp:
    """An agent that looks at the clock before it answers."""

    headers_at_once = False

    def __init__(self) -> None:
        self._conversations = Conversations()

    def form(self) -> Event:
        """No inputs."""
        return parameters([])

    async def run(self, call: Call) -> AsyncIterator[Event]:
        """Answer one message, with a tool call first."""
        if call.response_mode == "blocking":
            raise DifyError.invalid("Agent Chat App does not support blocking mode")
        check_query(call)
        conversation, _ = self._conversations.turn(call)
        provocation = Provocation(call.query)
        provocation.before()
        message = Message(conversation)
        try:
            provocation.first()
            async for event in _tool_call(message, call):
                yield event
            async for event in _agent_answer(message, call, provocation):
                yield event
        except ErrorEvent:
            yield message.error("the model refused, as the query asked")
        except FailedRun as failure:
            yield message.error(str(failure))
        except Stopped:
            return


def _thought(message: Message, number: str, position: int, thought: str, tool: str) -> Event:
    return {
        "event": "agent_thought",
        **message.head,
        "id": number,
        "position": position,
        "thought": thought,
        "observation": '{"current_time": "2026"}' if tool else "",
        "tool": tool,
        "tool_labels": TOOL_LABELS if tool else {},
        "tool_input": '{"current_time": {}}' if tool else "",
        "message_files": [],
    }


async def _tool_call(message: Message, call: Call) -> AsyncIterator[Event]:
    thought = _thought(message, new_id(), 1, "Let me check. ", TOOL)
    yield thought
    for text in ("Let me check. ", "", ""):
        if call.clock.pace:
            await asyncio.sleep(call.clock.pace)
        yield message.agent_text(text)
    yield thought
    yield thought


async def _agent_answer(
    message: Message, call: Call, provocation: Provocation
) -> AsyncIterator[Event]:
    number, text, count = new_id(), f"Hello, you said: {call.query}", 0
    yield _thought(message, number, 2, text, "")
    async for token in tokens(text, call, provocation):
        count += 1
        yield message.agent_text(token)
    yield message.agent_text("")
    if provocation.word == "moderation":
        yield message.replace(BLOCKED)
    yield _thought(message, number, 2, text, "")
    yield message.end(usage(2 * PROMPT_TOKENS, count, message.seconds()))
