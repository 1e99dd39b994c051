"""What this endpoint exposes, told to callers with a key: its apps, and what Dify says of one."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from werkzeug import Request, Response

from endpoints.http.auth import authenticate
from endpoints.http.boundary import answer
from endpoints.http.describe import describe
from endpoints.http.encoding import encode_json
from endpoints.http.errors import AppError, AppNotFound, ProxyError
from endpoints.http.exchange import Exchange
from endpoints.http.json_answer import json_answer
from endpoints.http.run import way_to
from endpoints.http.settings import parse_settings
from provider.apps import App, ExposedApps
from provider.ways import Description, Way

if TYPE_CHECKING:
    from dify_plugin.core.runtime import Session


def list_apps(session: "Session", request: Request, raw_settings: Mapping[str, Any]) -> Response:
    """Answer with the names and ids of the apps.

    Args:
        session: the session of the request.
        request: the request.
        raw_settings: the endpoint's settings as the daemon hands them over.
    """

    def handle(exchange: Exchange) -> Response:
        settings = parse_settings(raw_settings)
        authenticate(request, settings)
        return json_answer(encode_json(app_list(settings.apps)), exchange)

    return answer(session, request, raw_settings, handle)


def app_list(apps: ExposedApps) -> dict[str, Any]:
    """The exposed apps: those with a name as the administrator ordered them, then the others."""
    named = [{"name": name, "app_id": app_id} for name, app_id in apps.names.items()]
    if apps.ids is None:
        return {"data": named, "any": True}
    nameless = sorted(apps.ids - set(apps.names.values()))
    return {"data": [*named, *({"name": None, "app_id": app_id} for app_id in nameless)]}


def describe_app(
    session: "Session", request: Request, raw_settings: Mapping[str, Any], name: str
) -> Response:
    """Answer with an app's parameters, and how it is reached.

    Args:
        session: the session of the request.
        request: the request.
        raw_settings: the endpoint's settings as the daemon hands them over.
        name: the app in the path, a name or an id.
    """

    def handle(exchange: Exchange) -> Response:
        settings = parse_settings(raw_settings)
        authenticate(request, settings)
        app = settings.apps.resolve(name)
        way = way_to(app, session, settings)
        told = _told(exchange, way, app)
        described = {**told.parameters, "app_id": app.app_id, "name": app.name, "via": way.via}
        if told.mode is not None:
            described["mode"] = told.mode
        return json_answer(encode_json(described), exchange)

    return answer(session, request, raw_settings, handle)


def _told(exchange: Exchange, way: Way, app: App) -> Description:
    """What Dify tells; whatever keeps it from telling is no fault of the caller's."""
    try:
        return describe(exchange, way, app)
    except (AppNotFound, AppError):
        raise
    except ProxyError:
        raise AppError("Dify did not tell about the app. Try again later.") from None
