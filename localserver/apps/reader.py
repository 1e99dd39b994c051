"""The demo app that reads a document: a chatflow with a form."""

from __future__ import annotations

from localserver.apps.base import Call, Event
from localserver.apps.chatflow import ChatflowApp, Received
from localserver.apps.files import described, system_files
from localserver.apps.forms import field, file_field, file_upload, parameters
from localserver.apps.inputs import prepared_inputs, told

TYPES = ["image", "document"]
FILES_LIMIT = 3
"""Files beside the inputs."""


class ReaderApp(ChatflowApp):
    """A chatflow that tells which files and inputs it got."""

    def form(self) -> Event:
        """A document, a number, a checkbox and a choice; none is required."""
        return parameters(
            [
                file_field("file", "document", TYPES, required=False),
                field("number", "pages", required=False),
                field("checkbox", "brief", required=False),
                field("select", "tone", required=False, options=["plain", "formal"]),
            ],
            file_upload(TYPES, FILES_LIMIT),
        )

    def received(self, call: Call) -> Received:
        """A line for each file, one for the other inputs, one for the query."""
        files = system_files(self.form(), call, strict=True)
        inputs = prepared_inputs(self.form(), call)
        lines = [described("files", file, call) for file in files]
        text = "\n".join([*lines, *told(self.form(), inputs, call), f"You said: {call.query}"])
        return Received(inputs, files, text)
