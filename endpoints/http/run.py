"""The run routes: authenticate, resolve the app, parse the call, run it, render what comes."""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from werkzeug import Request, Response

from endpoints.http.auth import authenticate
from endpoints.http.body import RunBody, read_run_body
from endpoints.http.boundary import answer
from endpoints.http.caller_watch import CallerLeft
from endpoints.http.delivery import deliver
from endpoints.http.encoding import encode_json
from endpoints.http.errors import InvalidParam
from endpoints.http.exchange import Exchange
from endpoints.http.intake import Intake
from endpoints.http.negotiation import Format, choose_format
from endpoints.http.relay import Listener, Relay
from endpoints.http.renderers import Renderer, renderer_of
from endpoints.http.settings import Settings, parse_settings
from endpoints.http.whole_answer import whole_answer
from provider.apps import App
from provider.call import Call, Event, Kind
from provider.dify_errors import from_event
from provider.fold import Fold
from provider.reverse_invocation import ReverseInvocation
from provider.service_api import ServiceApi
from provider.service_api_client import ServiceApiClient
from provider.ways import Via, Way

if TYPE_CHECKING:
    from dify_plugin.core.runtime import Session


def run_app(
    session: "Session", request: Request, raw_settings: Mapping[str, Any], name: str, kind: Kind
) -> Response:
    """Run an app and answer with what it says.

    Args:
        session: the session of the request.
        request: the request.
        raw_settings: the endpoint's settings as the daemon hands them over.
        name: the app in the path, a name or an id.
        kind: what the route takes the app for.
    """

    def handle(exchange: Exchange) -> Response:
        settings = parse_settings(raw_settings)
        authenticate(request, settings)
        app = settings.apps.resolve(name)
        way = way_to(app, session, settings)
        call, format_ = _understood(exchange, way, app, kind)
        run = Run(exchange, way, call)
        if format_ is Format.JSON:
            return run.blocking_answer()
        return run.stream(renderer_of(format_, wanted_events(request)))

    return answer(session, request, raw_settings, handle)


def _understood(exchange: Exchange, way: Way, app: App, kind: Kind) -> tuple[Call, Format]:
    """What a request asks for. The body is let go here: it may be large, and a run long."""
    body = read_run_body(exchange.request)
    call = deliver(exchange, way, make_call(kind, app, body), body)
    return call, choose_format(exchange.request.headers.get("Accept", ""), body.response_mode)


def make_call(kind: Kind, app: App, body: RunBody) -> Call:
    """What a run request asks of an app.

    Raises:
        InvalidParam: the app could not be run with it.
    """
    if kind is Kind.CHAT and not body.query.strip():
        raise InvalidParam("`query` is missing: a chat needs the user's words.")
    if kind is Kind.WORKFLOW and body.query.strip():
        raise InvalidParam("`query` does not reach a workflow: put it into `inputs`.")
    inputs = body.inputs
    if kind is Kind.COMPLETION and body.query and "query" not in inputs:
        inputs = inputs | {"query": body.query}
    return Call(kind, app, body.query, inputs, body.conversation_id, body.user, body.files)


def way_to(app: App, session: "Session", settings: Settings) -> Way:
    """How an app is reached: over the Service API if it has a key there, else over the session."""
    access = settings.service_api
    if access is not None and (key := access.keys.get(app.app_id)) is not None:
        return ServiceApi(ServiceApiClient(access.base_url, key))
    return ReverseInvocation(session)


def wanted_events(request: Request) -> frozenset[str]:
    """The events that `?events=` keeps; none means all."""
    given = ",".join(request.args.getlist("events"))
    return frozenset(name.strip() for name in given.split(",")) - {""}


class Run:
    """A run that answers a request.

    Args:
        exchange: the request.
        way: how the app is reached.
        call: what to run.
    """

    def __init__(self, exchange: Exchange, way: Way, call: Call) -> None:
        self._exchange = exchange
        self._call = call
        self._events = way.run(call)
        self._watch = exchange.watch_caller(events_show_it=way.via is Via.REVERSE_INVOCATION)

    def _listen(self, encode: Callable[[Event], bytes | None]) -> tuple[Intake, Listener]:
        intake = Intake(self._events, encode, self._exchange.clock.now)
        return intake, Listener(intake, self._watch, self._exchange)

    def stream(self, renderer: Renderer) -> Response:
        """Answer with the events as they come; an error that comes first is raised."""
        intake, listener = self._listen(renderer.event)
        relay = Relay(intake, listener, renderer, self._exchange)
        try:
            opening = relay.open()
            if opening is not None and opening["event"] == "error":
                raise from_event(opening)
        except BaseException:
            listener.stop()
            raise
        return Response(relay.chunks(), content_type=renderer.content_type)

    def blocking_answer(self) -> Response:
        """Answer with what Dify's blocking mode would, when the run is over."""
        result = self.result()
        if result is None:
            return caller_left()
        return whole_answer(encode_json(result), self._exchange)

    def result(self) -> dict[str, Any] | None:
        """What Dify's blocking mode would return, when the run is over; None if the caller left.

        Raises:
            ProxyError: the run failed.
        """
        fold = Fold(self._call.kind)
        intake, listener = self._listen(fold.add)
        try:
            listener.await_something(until=math.inf)
            failure = listener.failure()
        except CallerLeft:
            return None
        finally:
            listener.stop()
        if failure is not None and intake.terminal != "error":
            raise failure
        return fold.result()


def caller_left() -> Response:
    """An answer that nobody reads."""
    return Response(status=499)
