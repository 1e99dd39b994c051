"""The answer's text alone, as it is generated."""

from typing import Any

from endpoints.http.encoding import encode_json
from endpoints.http.errors import ProxyError
from provider.call import Event
from provider.dify_errors import from_event
from provider.fold import carries_answer


class TextRenderer:
    """Pieces of an answer, or what a workflow that streamed none has for outputs."""

    content_type = "text/plain; charset=utf-8"

    def __init__(self) -> None:
        self._is_chat = False
        self._last = ""
        self._finished: dict[str, Any] = {}

    def event(self, event: Event) -> bytes:
        name = event["event"]
        self._is_chat |= "conversation_id" in event
        if carries_answer(event):
            return self._text(event["answer"])
        if name == "text_chunk":
            return self._text(_data(event).get("text"))
        if name == "message_replace":
            # what was sent can't be taken back: what stands for it goes on a line of its own
            return self._on_a_new_line(event.get("answer"))
        if name == "error":
            return self._error(from_event(event))
        if name == "workflow_finished":
            self._finished = _data(event)
        return b""

    def ping(self) -> bytes:
        return b""

    def failure(self, error: ProxyError, _request_id: str, /) -> bytes:
        return self._error(error)

    def end(self) -> bytes:
        if self._is_chat or not self._finished:
            return b""
        if self._finished.get("status") == "failed":
            reason = self._finished.get("error")
            return self._line(f"error: {reason or 'The workflow failed.'}")
        if self._last:
            return b""
        outputs = self._finished.get("outputs")
        if isinstance(outputs, dict) and len(outputs) == 1:
            (only,) = outputs.values()
            if isinstance(only, str):
                return self._text(only)
        return encode_json(outputs)

    def _error(self, error: ProxyError) -> bytes:
        return self._line(f"error: {error.message}")

    def _line(self, words: str) -> bytes:
        return self._on_a_new_line(" ".join(words.split()) + "\n")

    def _on_a_new_line(self, text: object) -> bytes:
        new_line = b"\n" if self._last not in ("", "\n") else b""
        return new_line + self._text(text)

    def _text(self, text: object) -> bytes:
        if not isinstance(text, str) or not text:
            return b""
        self._last = text[-1]
        return text.encode("utf-8", "replace")


def _data(event: Event) -> dict[str, Any]:
    data = event.get("data")
    return data if isinstance(data, dict) else {}
