"""GET /openapi.json: this endpoint as an OpenAPI document."""

from collections.abc import Mapping
from typing import Any

from dify_plugin import Endpoint
from werkzeug import Request, Response

from endpoints.http.openapi import answer_openapi


class OpenApiEndpoint(Endpoint):
    def _invoke(
        self, r: Request, _values: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> Response:
        return answer_openapi(self.session, r, settings)
