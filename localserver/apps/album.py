"""The demo app that looks at pictures: a workflow with a list of files."""

from __future__ import annotations

from localserver.apps.base import Call, Event
from localserver.apps.forms import file_field, parameters, text_field
from localserver.apps.inputs import told
from localserver.apps.workflow import WorkflowApp

PICTURES_LIMIT = 5


class AlbumApp(WorkflowApp):
    """A workflow that tells which pictures it got and gives them back."""

    def form(self) -> Event:
        """The pictures, and a caption that isn't required."""
        pictures = file_field(
            "file-list", "pictures", ["image"], required=True, max_length=PICTURES_LIMIT
        )
        return parameters([pictures, text_field("text-input", "caption", 256, required=False)])

    def request(self, inputs: Event) -> str:
        """The caption."""
        return inputs["caption"] or ""

    def written(self, inputs: Event, call: Call) -> str:
        """A line for each picture, one for the caption."""
        return "\n".join(told(self.form(), inputs, call))

    def outputs(self, inputs: Event, text: str) -> Event:
        """The text and the pictures."""
        return {"text": text, "pictures": inputs["pictures"]}
