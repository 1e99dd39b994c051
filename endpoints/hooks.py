"""POST and GET /hooks/<app>: run an app on what an external system sends."""

from collections.abc import Mapping
from typing import Any

from dify_plugin import Endpoint
from werkzeug import Request, Response

from endpoints.senders.receive import receive


class HookEndpoint(Endpoint):
    def _invoke(
        self, r: Request, values: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> Response:
        return receive(self.session, r, settings, values["app"])
