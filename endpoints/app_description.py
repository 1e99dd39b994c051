"""GET /apps/<app>: an app's form and whatever else Dify tells of it."""

from collections.abc import Mapping
from typing import Any

from dify_plugin import Endpoint
from werkzeug import Request, Response

from endpoints.http.discovery import describe_app


class AppDescriptionEndpoint(Endpoint):
    def _invoke(
        self, r: Request, values: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> Response:
        return describe_app(self.session, r, settings, values["app"])
