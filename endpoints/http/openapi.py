"""The OpenAPI document's route: generic for anyone, with the apps for callers with a key."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import gevent
from gevent.pool import Pool
from werkzeug import Request, Response

from endpoints.http.auth import authenticate
from endpoints.http.boundary import answer
from endpoints.http.describe import describe
from endpoints.http.errors import ProxyError, Unauthorized
from endpoints.http.exchange import Exchange
from endpoints.http.logs import log_fault
from endpoints.http.run import way_to
from endpoints.http.settings import Settings, parse_settings
from endpoints.http.whole_answer import whole_answer
from endpoints.openapi_document.document import full_document, generic_document, view_of
from endpoints.openapi_document.named_apps import NamedApp
from provider.apps import App

if TYPE_CHECKING:
    from dify_plugin.core.runtime import Session

MAX_DESCRIBED_APPS = 50
"""Named apps whose forms are asked for, the first of the settings: each is a call to Dify unless it
was described within the last minute. The inputs of the others are left open."""

AT_ONCE = 10
"""Forms that are asked for at the same time, so that one document is no burden to Dify."""

FORMS_SECONDS = 2.0
"""For all forms together; what has not come by then is left open."""


def answer_openapi(
    session: "Session", request: Request, raw_settings: Mapping[str, Any]
) -> Response:
    """Answer with the document.

    Args:
        session: the session of the request.
        request: the request.
        raw_settings: the endpoint's settings as the daemon hands them over.
    """

    def handle(exchange: Exchange) -> Response:
        settings = parse_settings(raw_settings)
        try:
            authenticate(request, settings)
        except Unauthorized:
            return whole_answer(generic_document(view_of(settings)), exchange)
        apps = _described(exchange, settings)
        return whole_answer(full_document(settings, apps), exchange)

    return answer(session, request, raw_settings, handle)


def _described(exchange: Exchange, settings: Settings) -> list[NamedApp]:
    """The named apps whose forms come in time, in the order of the settings."""
    names = list(settings.apps.names.items())[:MAX_DESCRIBED_APPS]
    found: dict[str, NamedApp] = {}

    def ask(name: str, app: App) -> None:
        try:
            way = way_to(app, exchange.session, settings)
            found[name] = NamedApp(name, way.via, describe(exchange, way, app))
        except ProxyError:
            pass  # left open
        except Exception as fault:
            log_fault(fault, exchange.request_id)

    pool = Pool(AT_ONCE)
    with gevent.Timeout(FORMS_SECONDS, False):
        for name, app_id in names:
            pool.spawn(ask, name, App(app_id, name))  # waits for room in the pool
        pool.join()
    pool.kill(block=False)
    return [found[name] for name, _ in names if name in found]
