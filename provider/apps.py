"""Which apps an endpoint exposes, and under which names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from endpoints.http.errors import AppNotAllowed, AppNotFound

DEFAULT_NAME = "default"
"""The name of the app picked in the setting `app`."""

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID as Dify writes app and conversation ids (RFC 9562, 8-4-4-4-12)."""
    return _UUID.fullmatch(text) is not None


def is_app_name(text: str) -> bool:
    """Whether an administrator may give an app this name."""
    return _NAME.fullmatch(text) is not None and not is_uuid(text) and text != DEFAULT_NAME


@dataclass(frozen=True, slots=True)
class App:
    """An app that a caller may run.

    Attributes:
        app_id: its UUID in Dify, in lower case.
        name: its name on this endpoint, or None for one that is called by its id alone.
    """

    app_id: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class ExposedApps:
    """The apps of one endpoint.

    Attributes:
        names: name -> app id, `default` among them if an app was picked.
        ids: the ids that may be called; None means every app of the workspace.
    """

    names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    ids: frozenset[str] | None = None

    def resolve(self, name_or_id: str) -> App:
        """The app that a caller named in the path.

        Raises:
            AppNotFound: it is neither a name of this endpoint nor an app id.
            AppNotAllowed: this endpoint does not expose the app with that id.
        """
        app_id = self.names.get(name_or_id)
        if app_id is not None:
            return App(app_id, name_or_id)
        if not is_uuid(name_or_id):
            raise AppNotFound(
                "This endpoint has no app of that name. Use one of its names or an app id (a UUID)."
            )
        app_id = name_or_id.lower()
        if self.ids is not None and app_id not in self.ids:
            raise AppNotAllowed("This endpoint does not expose that app.")
        name = next((name for name, known in self.names.items() if known == app_id), None)
        return App(app_id, name)
