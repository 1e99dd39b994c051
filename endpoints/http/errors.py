"""Everything that a caller can be told has gone wrong.

ProxyError                  an error of the contract: it owns its status and code
 |- InvalidParam            400  the request is malformed; the message names the field
 |- Unauthorized            401  no valid key
 |   \\- InvalidSignature    401  a delivery is not its sender's (403 where senders want it)
 |- AppNotAllowed           403  this endpoint does not expose the app
 |- AppNotFound             404  neither a name nor an app that Dify knows
 |- ConversationNotFound    404  Dify refused the conversation
 |- NotFound                404  no such path
 |- MethodNotAllowed        405  the path has no such method
 |- PayloadTooLarge         413  the body, or what would go to Dify
 |- UnsupportedMediaType    415  a body that this route does not read
 |- DifyRefusal             4xx  Dify's own refusal, with its code and message
 |- InvalidSettings         500  the administrator has to mend the endpoint's settings
 |- InternalError           500  a fault of this plugin
 |- AppError                502  Dify failed
 |   \\- IncompleteStream    502  Dify's stream stopped without a terminal event
 |- Overloaded              503  too many requests at once
 |- StorageUnavailable      503  a delivery can't be noted, so it is not run
 \\- AppTimeout              504  a time limit of the installation

Messages are written for the caller and say what to do. They never carry a traceback, a path, an
inner URL, a secret or a settings value: no message is made from `str(exception)`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from werkzeug import Response

from endpoints.http.encoding import encode_json

RETRY_AFTER_SECONDS = 5
"""What `Retry-After` says when the plugin is overloaded: streams last seconds to minutes."""


class ProxyError(Exception):
    """An error as the contract's callers see it.

    Args:
        message: what is wrong and what to do, never empty.
    """

    status: int = 500
    code: str = "internal_error"
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def body(self, request_id: str) -> dict[str, object]:
        """The envelope of Dify's Service API, with the request id."""
        return {
            "code": self.code,
            "message": self.message,
            "status": self.status,
            "request_id": request_id,
        }

    def event(self, request_id: str) -> dict[str, object]:
        """The same as the last event of a stream that has already begun."""
        return {
            "event": "error",
            "status": self.status,
            "code": self.code,
            "message": self.message,
            "request_id": request_id,
        }

    def response(self, request_id: str) -> Response:
        """The same as an HTTP response."""
        return Response(
            encode_json(self.body(request_id)),
            status=self.status,
            headers=dict(self.headers),
            content_type="application/json",
        )


class InvalidParam(ProxyError):
    status, code = 400, "invalid_param"


class Unauthorized(ProxyError):
    status, code = 401, "unauthorized"
    headers = MappingProxyType({"WWW-Authenticate": "Bearer"})


class InvalidSignature(Unauthorized):
    """A delivery whose signature is wrong, missing, malformed or stale."""

    def with_status(self, status: int) -> "InvalidSignature":
        """The same with the status that this sender understands, 401 or 403."""
        self.status = status
        return self


class AppNotAllowed(ProxyError):
    status, code = 403, "app_not_allowed"


class AppNotFound(ProxyError):
    status, code = 404, "app_not_found"


class ConversationNotFound(ProxyError):
    status, code = 404, "conversation_not_found"


class NotFound(ProxyError):
    status, code = 404, "not_found"


class MethodNotAllowed(ProxyError):
    status, code = 405, "method_not_allowed"

    def __init__(self, message: str, allow: str) -> None:
        super().__init__(message)
        self.allow = allow

    def response(self, request_id: str) -> Response:
        response = super().response(request_id)
        response.headers["Allow"] = self.allow
        return response


class PayloadTooLarge(ProxyError):
    status, code = 413, "payload_too_large"


class UnsupportedMediaType(ProxyError):
    status, code = 415, "unsupported_media_type"


class DifyRefusal(ProxyError):
    """Dify's own refusal of the request (a 4xx), passed on as it is."""

    def __init__(self, message: str, status: int, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class InvalidSettings(ProxyError):
    """A setting can't be understood.

    Args:
        setting: the setting's name, as in `group/app_proxy.yaml`.
        problem: what is wrong with it, without its value.
    """

    status, code = 500, "invalid_settings"

    def __init__(self, setting: str, problem: str) -> None:
        self.setting = setting
        self.problem = problem
        super().__init__(
            f"The setting `{setting}` of this endpoint {problem}. Its administrator has to mend it."
        )


class InternalError(ProxyError):
    status, code = 500, "internal_error"

    def __init__(self) -> None:
        super().__init__(
            "The App Proxy plugin failed on this request. Try again; if it happens again, tell the "
            "administrator the request id."
        )


class AppError(ProxyError):
    status, code = 502, "app_error"


class IncompleteStream(AppError):
    code = "incomplete_stream"


class Overloaded(ProxyError):
    status, code = 503, "overloaded"
    headers = MappingProxyType({"Retry-After": str(RETRY_AFTER_SECONDS)})


class StorageUnavailable(ProxyError):
    status, code = 503, "storage_unavailable"
    headers = MappingProxyType({"Retry-After": str(RETRY_AFTER_SECONDS)})


class AppTimeout(ProxyError):
    status, code = 504, "app_timeout"
