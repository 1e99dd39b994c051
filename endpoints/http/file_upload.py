"""The route that uploads files without running an app."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from werkzeug import Request, Response

from endpoints.http.auth import authenticate
from endpoints.http.body import PIECE_BYTES, read_body, read_form
from endpoints.http.boundary import answer
from endpoints.http.encoding import encode_json
from endpoints.http.errors import InvalidParam, UnsupportedMediaType
from endpoints.http.exchange import Exchange
from endpoints.http.form_data import MULTIPART
from endpoints.http.settings import parse_settings
from provider.app_form import AppForm
from provider.files import MAX_FILES, GivenFile, local_file
from provider.reverse_invocation import ReverseInvocation
from provider.uploads import upload_all

if TYPE_CHECKING:
    from dify_plugin.core.runtime import Session


def upload_files(session: "Session", request: Request, raw_settings: Mapping[str, Any]) -> Response:
    """Upload every file of a form and answer with file objects, in the same order.

    Args:
        session: the session of the request.
        request: the request.
        raw_settings: the endpoint's settings as the daemon hands them over.
    """

    def handle(exchange: Exchange) -> Response:
        authenticate(request, parse_settings(raw_settings))
        files = _files(request)
        way = ReverseInvocation(session)
        objects = upload_all({"": files}, AppForm(), way, "", exchange.check_goes_on)[""]
        return Response(encode_json({"data": objects}), content_type="application/json")

    return answer(session, request, raw_settings, handle)


def _files(request: Request) -> list[GivenFile]:
    pieces = read_body(request, PIECE_BYTES)
    if request.mimetype != MULTIPART:
        raise UnsupportedMediaType(
            "Send files as multipart/form-data, with curl: `-F file=@path`, as often as needed."
        )
    files: list[GivenFile] = [
        local_file(part.name, part.filename or "", part.mime_type, part.content)
        for part in read_form(request, pieces)
        if part.filename or (part.content and part.is_file)
    ]
    if len(files) > MAX_FILES:
        raise InvalidParam(f"A form may have {MAX_FILES} files at most.")
    if not files:
        raise InvalidParam("There is no file in the form; with curl: `-F file=@path`.")
    return files
