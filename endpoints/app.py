"""POST /apps/<app>: run an app, whatever it is."""

from collections.abc import Mapping
from typing import Any

from dify_plugin import Endpoint
from werkzeug import Request, Response

from endpoints.http.run import run_app
from provider.call import Kind


class AppEndpoint(Endpoint):
    def _invoke(
        self, r: Request, values: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> Response:
        return run_app(self.session, r, settings, values["app"], Kind.ANY)
