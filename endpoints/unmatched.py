"""Every path and method that no route serves: a JSON 404, 405 or the methods of the path."""

from collections.abc import Mapping
from typing import Any

from dify_plugin import Endpoint
from werkzeug import Request, Response

from endpoints.http.boundary import answer
from endpoints.http.routes import refuse


class UnmatchedEndpoint(Endpoint):
    def _invoke(
        self, r: Request, _values: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> Response:
        return answer(self.session, r, settings, refuse)
