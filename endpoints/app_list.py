"""GET /apps: the apps that this endpoint exposes."""

from collections.abc import Mapping
from typing import Any

from dify_plugin import Endpoint
from werkzeug import Request, Response

from endpoints.http.discovery import list_apps


class AppListEndpoint(Endpoint):
    def _invoke(
        self, r: Request, _values: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> Response:
        return list_apps(self.session, r, settings)
