"""POST /files: upload files, to be used in runs later."""

from collections.abc import Mapping
from typing import Any

from dify_plugin import Endpoint
from werkzeug import Request, Response

from endpoints.http.file_upload import upload_files


class FilesEndpoint(Endpoint):
    def _invoke(
        self, r: Request, _values: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> Response:
        return upload_files(self.session, r, settings)
