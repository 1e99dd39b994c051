"""The demo app that looks at pictures: a workflow with a list of files."""

from __future__ import annotations

from localserver.apps.base import Call, Event
from localserver.apps.forms import file_field, parameters, text_field
from localserver.apps.inputs import prepared_inputs, told
from localserver.apps.workflow import Received, WorkflowApp

PICTURES_LIMIT = 5


class AlbumApp(WorkflowApp):
    """A workflow that tells which pictures it got and gives them back."""

    def form(self) -> Event:
        """The pictures, and a caption that isn't required."""
        pictures = file_field(
            "file-list", "pictures", ["image"], required=True, max_length=PICTURES_LIMIT
        )
        return parameters([pictures, text_field("text-input", "caption", 256, required=False)])

    def received(self, call: Call) -> Received:
        """A line for each picture, one for the caption."""
        inputs = prepared_inputs(self.form(), call)
        lines = told(self.form(), inputs, call)
        return Received(inputs, inputs["caption"] or "", "\n".join(lines))

    def outputs(self, inputs: Event, text: str) -> Event:
        """The text and the pictures."""
        return {"text": text, "pictures": inputs["pictures"]}
