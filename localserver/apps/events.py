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

    def __init__(self, conversation_id: str | None, *, with_files: bool = False) -> None:
        """Begin a message.

        Args:
            conversation_id: None for a completion app, which has no conversation.
            with_files: whether files came with the question; a chatbot's answer to one then
                comes in events named `message_file`, as seen in Dify 1.12.1.
        """
        self._text_event = "message_file" if with_files else "message"
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
            "event": self._text_event,
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
