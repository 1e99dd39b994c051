"""The least that an endpoint can do with a run: take its events and send one line at the end."""

import json
from collections.abc import Mapping
from typing import Any

from dify_plugin import Endpoint
from werkzeug import Request, Response


class FloorEndpoint(Endpoint):
    def _invoke(
        self, r: Request, values: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> Response:
        del settings
        body = r.get_json()
        last: dict[str, Any] = {}
        for event in self.session.app.chat.invoke(
            app_id=values["app"],
            query=body["query"],
            inputs={},
            response_mode="streaming",
        ):
            last = event
        return Response(json.dumps(last) + "\n", content_type="application/json")
