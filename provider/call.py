"""What a caller wants of an app, whichever way it is reached."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from provider.apps import App

type Event = dict[str, Any]
"""One event of a running app: the JSON object that Dify streamed, with a string `event`."""


class Kind(StrEnum):
    """What the caller takes the app for; Dify runs it by its own mode all the same."""

    CHAT = "chat"
    WORKFLOW = "workflow"
    COMPLETION = "completion"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Call:
    """One run of one app.

    Attributes:
        kind: what the caller takes the app for.
        app: the app to run.
        query: the user's words; "" for none.
        inputs: the app's input variables by name.
        conversation_id: the conversation to continue; "" for a new one.
        user: who calls, as the caller says; "" if not said. Only the Service API honours it.
        files: Dify file objects for the whole call.
    """

    kind: Kind
    app: App
    query: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    conversation_id: str = ""
    user: str = ""
    files: tuple[dict[str, Any], ...] = ()
