"""What Dify, the daemon and the SDK say when a run fails, as errors of the contract.

The SDK raises a plain `Exception` whose text the daemon wrote; in it stand Dify's own status, code
and message (see the daemon's `http_requests` and `backwards_invocation`). Nothing of such a text
reaches a caller but the message of a refusal (a 4xx), which Dify wrote for callers.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from endpoints.http.errors import (
    AppError,
    AppNotFound,
    AppTimeout,
    ConversationNotFound,
    DifyRefusal,
    IncompleteStream,
    ProxyError,
)

MAX_MESSAGE_CHARACTERS = 2000
"""Of a message passed on from Dify; an app's author may have put a whole page into it."""

_HTTP_FAILURE = re.compile(r"request failed with status code: (\d{3}) and respond with: (.*)", re.S)
_INSTALLATION_STATUSES = (401, 403)
_NO_CONVERSATION = (
    "Dify does not know that conversation. Leave `conversation_id` out to begin a new one."
)
_CUT_OFF = ("use of closed network connection", "read on closed response body")
"""What reading says in the daemon once its own time limit has closed the answer (both seen)."""
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_RETRY_AFTER = re.compile(r"\d{1,9}")
_NO_MESSAGE = "The app failed in Dify, which did not say why. Look at the app's log in Dify."


def from_exception(failure: Exception) -> ProxyError | None:
    """The error behind an exception that a reverse invocation raised.

    Args:
        failure: what came out of the SDK's generator.

    Returns:
        the error, or None if the failure is neither Dify's nor the daemon's but this plugin's.
    """
    if isinstance(failure, ProxyError):
        return failure
    text = str(failure)
    if http_failure := _HTTP_FAILURE.search(text):
        return from_answer(int(http_failure[1]), http_failure[2])
    if "invocation exited without response" in text:
        return AppTimeout(
            "The app sent nothing for too long. The administrator can raise MAX_INVOCATION_TIMEOUT "
            "(seconds) in the plugin daemon's environment."
        )
    if any(words in text for words in _CUT_OFF):
        return AppTimeout(
            "The app ran for too long. The administrator can raise "
            "DIFY_BACKWARDS_INVOCATION_READ_TIMEOUT (milliseconds) in the plugin daemon's "
            "environment."
        )
    if "request failed:" in text:
        return AppError("The app failed in Dify while it ran. Its log in Dify says why.")
    if "unexpected EOF" in text or "connection reset" in text:
        return IncompleteStream("Dify broke off before the app had finished.")
    if type(failure) is Exception or type(failure).__module__.startswith("httpx"):
        return AppError("The app could not be run in Dify. Dify's and the daemon's logs say why.")
    return None


def from_event(event: Mapping[str, Any]) -> ProxyError:
    """The error behind an `error` event of a run."""
    status, code, message = event.get("status"), event.get("code"), event.get("message")
    return _from_dify(
        status if isinstance(status, int) else 500,
        code if isinstance(code, str) else "",
        message if isinstance(message, str) else "",
    )


def from_service_api(
    status: int, body: bytes, retry_after: str | None, *, in_conversation: bool
) -> ProxyError:
    """The error behind an answer of the Service API that is none of success.

    Args:
        status: of the answer.
        body: of the answer.
        retry_after: its `Retry-After` header.
        in_conversation: a conversation was to be continued.
    """
    if status == 401:
        return AppError(
            "The Service API key of this app is not accepted. The administrator has to mend the "
            "setting `service_api_keys`."
        )
    error = from_answer(status, body.decode("utf-8", "replace"))
    if status == 404 and in_conversation and body.lstrip().startswith(b"{"):
        return ConversationNotFound(_NO_CONVERSATION)
    if isinstance(error, DifyRefusal) and retry_after and _RETRY_AFTER.fullmatch(retry_after):
        error.headers = {"Retry-After": retry_after}
    return error


def from_answer(status: int, body: str) -> ProxyError:
    """The error behind an HTTP answer of Dify's that is none of success.

    Args:
        status: of the answer.
        body: of the answer.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) and status == 429:  # a proxy before Dify says so
        return DifyRefusal("Too many requests. Try again later.", 429, "too_many_requests")
    if not isinstance(answer, dict):
        return AppError(f"Dify refused to run the app (HTTP {status}).")
    code, message = answer.get("code"), answer.get("message")
    if status == 400 and message == "app not found":
        return AppNotFound("Dify has no such app in this workspace.")
    if status == 400 and message == "":
        # so Dify answers an unknown conversation, or one of another app
        return ConversationNotFound(_NO_CONVERSATION)
    return _from_dify(
        status,
        code if isinstance(code, str) else "",
        message if isinstance(message, str) else "",
    )


def _from_dify(status: int, code: str, message: str) -> ProxyError:
    if status in _INSTALLATION_STATUSES or (status, code) == (404, "not_found"):
        return AppError(
            "Dify did not let the plugin run the app. The administrator has to look at the "
            "installation of Dify and its plugin daemon."
        )
    if 400 <= status < 500:
        words = message.encode("utf-8", "replace").decode().strip() or _NO_MESSAGE
        if not _CODE.fullmatch(code):
            code = "too_many_requests" if status == 429 else "invalid_param"
        return DifyRefusal(words[:MAX_MESSAGE_CHARACTERS], status, code)
    return AppError(
        "The app failed inside Dify. Try again; the app's log and Dify's own log say why."
    )
