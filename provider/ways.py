"""Two ways to an app, of one shape: nothing that runs an app knows which one serves it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from provider.apps import App
from provider.call import Call, Event
from provider.files import FileObject, LocalFile


class Via(StrEnum):
    """How an app is reached, as callers are told."""

    REVERSE_INVOCATION = "reverse_invocation"
    SERVICE_API = "service_api"


@dataclass(frozen=True, slots=True)
class Description:
    """What can be known of an app.

    Attributes:
        parameters: what Dify's `/parameters` tells: its form, file upload, limits.
        mode: the app's mode in Dify's words, or None if this way does not tell it.
    """

    parameters: dict[str, Any]
    mode: str | None


class Way(Protocol):
    """Reaches apps."""

    @property
    def via(self) -> Via:
        """Which one it is."""

    @property
    def takes_files(self) -> bool:
        """Whether files of the whole call reach the app; else they need a variable's place."""

    def run(self, call: Call) -> Iterator[Event]:
        """Start a run; its events come as Dify sends them.

        Closing the iterator frees what the plugin holds of the run, and stops the run if Dify has
        a way to.

        Raises:
            ProxyError: the call can't be made this way; the iterator raises the same.
        """

    def upload(self, file: LocalFile, user: str, /) -> FileObject:
        """Bring a file to Dify, to be used in a run this way.

        Args:
            file: the file.
            user: whose it is, "" if the caller does not say.

        Raises:
            ProxyError: Dify refuses it, or can't be reached.
        """

    def describe(self, app: App, /) -> Description:
        """Ask Dify for what it tells of an app.

        Raises:
            ProxyError: Dify does not know it, or does not answer.
        """
