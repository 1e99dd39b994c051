"""POST /chat/<app>: run a chatbot, agent or chatflow."""

from collections.abc import Mapping
from typing import Any

from dify_plugin import Endpoint
from werkzeug import Request, Response

from endpoints.http.run import run_app
from provider.call import Kind


class ChatEndpoint(Endpoint):
    def _invoke(
        self, r: Request, values: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> Response:
        return run_app(self.session, r, settings, values["app"], Kind.CHAT)
