"""The LLM node of the drawn demo apps."""

from __future__ import annotations

from localserver.apps.base import Event
from localserver.apps.workflow_run import Node

LLM_SELECTOR = ["llm", "text"]


class Written:
    """What the LLM node has written so far."""

    def __init__(self) -> None:
        self.text = ""
        self.tokens = 0

    def add(self, token: str) -> str:
        """Note a token, and give it back."""
        self.text += token
        self.tokens += 1
        return token


def llm_finished(node: Node, written: Written, query: str, used: Event, error: str | None) -> Event:
    """The event at the node's end.

    Args:
        node: the node.
        written: what it has written.
        query: what it was asked.
        used: its usage, as `usage` gives it.
        error: why it failed, or None.
    """
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
