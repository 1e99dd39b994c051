"""The generator of Dify's documentation: `json.dumps`, a chunk for each event."""

import json
from collections.abc import Generator, Mapping
from typing import Any

from dify_plugin import Endpoint
from werkzeug import Request, Response


class PlainEndpoint(Endpoint):
    def _invoke(
        self, r: Request, values: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> Response:
        del settings
        body = r.get_json()

        def generator() -> Generator[str, None, None]:
            for event in self.session.app.chat.invoke(
                app_id=values["app"],
                query=body["query"],
                inputs={},
                response_mode="streaming",
            ):
                yield json.dumps(event) + "\n"

        return Response(generator(), content_type="application/x-ndjson")
