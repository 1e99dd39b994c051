"""GET /: the console page."""

from collections.abc import Mapping
from typing import Any

from dify_plugin import Endpoint
from werkzeug import Request, Response

from endpoints.console_page.response import console_page
from endpoints.http.boundary import answer


class ConsoleEndpoint(Endpoint):
    def _invoke(
        self, r: Request, _values: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> Response:
        return answer(self.session, r, settings, console_page)
