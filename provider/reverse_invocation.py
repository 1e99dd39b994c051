"""Running an app by reverse invocation: the plugin asks Dify, through the daemon, over the session
of the request that it is answering. No key is needed."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticSerializationError, to_json

from endpoints.http.errors import InvalidParam, PayloadTooLarge
from provider.call import Call, Event, Kind
from provider.dify_errors import from_exception

if TYPE_CHECKING:
    from dify_plugin.core.runtime import Session

MAX_INVOCATION_BYTES = 4_718_592
"""4.5 MiB of one line on the wire. The daemon reads lines of at most 5 MiB and kills the whole
plugin, every other stream with it, for a longer one."""

_ENVELOPE_BYTES = 1024
"""More than what stands around the call on the wire: event, session and request ids, app id."""


def run_by_reverse_invocation(session: "Session", call: Call) -> Iterator[Event]:
    """Start a run; its events come as Dify sends them.

    The app is always run in streaming mode: agents know no other, and a blocking run would be cut
    off for its silence. Closing the iterator frees what the plugin holds of the run; the app itself
    runs on in Dify, which has no way to stop it.

    Args:
        session: the session of the request.
        call: what to run.

    Returns:
        an iterator of events, which raises the errors of the contract.

    Raises:
        PayloadTooLarge: the call would not fit the daemon's line.
        InvalidParam: the call can't be written as JSON.
    """
    arguments = _arguments(call)
    _check_size(arguments)
    return _events(session, call, arguments)


def _events(session: "Session", call: Call, arguments: Mapping[str, Any]) -> Iterator[Event]:
    try:
        yield from _invocation(session, call)(**arguments, response_mode="streaming")
    except Exception as failure:
        raise from_exception(failure) from None


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
