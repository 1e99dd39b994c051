"""Running an app by reverse invocation: the plugin asks Dify, through the daemon, over the session
of the request that it is answering. No key is needed."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import gevent
from pydantic_core import PydanticSerializationError, to_json

from endpoints.http.errors import (
    AppError,
    AppNotFound,
    InvalidParam,
    PayloadTooLarge,
    ProxyError,
)
from provider.apps import App
from provider.call import Call, Event, Kind
from provider.dify_errors import from_exception
from provider.files import FileObject, LocalFile
from provider.upload_errors import from_upload
from provider.ways import Description, Via

if TYPE_CHECKING:
    from dify_plugin.core.runtime import Session

MAX_INVOCATION_BYTES = 4_718_592
"""4.5 MiB of one line on the wire. The daemon reads lines of at most 5 MiB and kills the whole
plugin, every other stream with it, for a longer one."""

ASK_SECONDS = 10.0
"""For a short question: what an app is. The SDK itself would wait for minutes."""

UPLOAD_SECONDS = 60.0
"""For one file. The SDK gives each step of it 10 s; this bounds them all."""

_ENVELOPE_BYTES = 1024
"""More than what stands around the call on the wire: event, session and request ids, app id."""


class ReverseInvocation:
    """The way over the session of a request.

    Args:
        session: the session of the request.
    """

    via = Via.REVERSE_INVOCATION
    takes_files = False

    def __init__(self, session: "Session") -> None:
        self._session = session

    def run(self, call: Call) -> Iterator[Event]:
        """Start a run.

        The app is always run in streaming mode: agents know no other, and a blocking run would be
        cut off for its silence. A run can't be stopped: once nobody takes its events, the app runs
        on in Dify all the same.

        Raises:
            PayloadTooLarge: the call would not fit the daemon's line.
            InvalidParam: the call can't be made this way, or can't be written as JSON.
        """
        if call.files:
            raise InvalidParam("`files` can't be delivered over reverse invocation.")
        arguments = _arguments(call)
        _check_size(arguments)
        return self._events(call, arguments)

    def _events(self, call: Call, arguments: Mapping[str, Any]) -> Iterator[Event]:
        try:
            yield from _invocation(self._session, call)(**arguments, response_mode="streaming")
        except Exception as failure:
            error = from_exception(failure)
            if error is None:
                raise
            raise _explained(error, call) from None

    def upload(self, file: LocalFile, _user: str, /) -> FileObject:
        """Upload a file to the address that Dify gives for it; it belongs to no user.

        Raises:
            ProxyError: Dify refuses it, or can't be reached.
        """
        try:
            with gevent.Timeout(UPLOAD_SECONDS, TimeoutError):
                uploaded = self._session.file.upload(file.name, file.content, file.mime_type)
        except Exception as failure:
            error = from_upload(failure)
            if error is None:
                raise
            raise error from None
        return {
            "type": file.type,
            "transfer_method": "tool_file",
            "tool_file_id": uploaded.id,
            "name": uploaded.name,
            "size": uploaded.size,
            "mime_type": uploaded.mime_type,
        }

    def describe(self, app: App) -> Description:
        """Ask for an app's parameters; the mode is not told this way.

        Raises:
            AppNotFound: Dify has no such app in this workspace.
            AppError: Dify does not answer.
        """
        try:
            with gevent.Timeout(ASK_SECONDS, TimeoutError):
                answer = self._session.app.fetch_app(app.app_id)
        except Exception as failure:
            if "data is nil" in str(failure):
                raise AppNotFound("Dify has no such app in this workspace.") from None
            raise AppError("Dify did not tell about the app. Try again later.") from None
        inner = answer.get("data")
        parameters = inner if isinstance(inner, Mapping) else answer
        return Description(dict(parameters), mode=None)


def _explained(error: ProxyError, call: Call) -> ProxyError:
    """Completion apps fail over reverse invocation; whether this is one may not be known."""
    if type(error) is not AppError or call.kind in (Kind.CHAT, Kind.WORKFLOW):
        return error
    return AppError(
        f"{error.message} Completion apps fail over reverse invocation in all versions of Dify "
        "known so far; the administrator can give such an app a Service API key in the setting "
        "`service_api_keys`."
    )


def _invocation(session: "Session", call: Call) -> Any:
    match call.kind:
        case Kind.CHAT:
            return session.app.chat.invoke
        case Kind.COMPLETION:
            return session.app.completion.invoke
        case Kind.WORKFLOW:
            return session.app.workflow.invoke
        case Kind.ANY:  # Dify runs whatever the app is; only this one carries a query
            return session.app.chat.invoke if call.query else session.app.workflow.invoke


def _arguments(call: Call) -> dict[str, Any]:
    arguments: dict[str, Any] = {"app_id": call.app.app_id, "inputs": call.inputs}
    if call.kind is Kind.CHAT or (call.kind is Kind.ANY and call.query):
        arguments |= {"query": call.query, "conversation_id": call.conversation_id}
    return arguments


def _check_size(arguments: Mapping[str, Any]) -> None:
    """Measure the call as the SDK will write it: with pydantic's serialiser, as deeply nested."""
    try:
        size = len(to_json({"data": {"data": {"request": arguments}}})) + _ENVELOPE_BYTES
    except (PydanticSerializationError, ValueError, RecursionError):
        raise InvalidParam(
            "`inputs` can't be passed on to Dify: they are nested too deeply."
        ) from None
    if size > MAX_INVOCATION_BYTES:
        raise PayloadTooLarge("`query` and `inputs` together have to be smaller than 4.5 MiB.")
