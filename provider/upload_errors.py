"""What goes wrong when a file is uploaded over the session of a request.

The SDK asks the daemon for an address, posts the file there itself, and raises a plain `Exception`
with Dify's status and answer in its text, or whatever its HTTP client raises.
"""

import re

from pydantic import ValidationError
from requests import exceptions as http

from endpoints.http.errors import (
    AppError,
    AppTimeout,
    DifyRefusal,
    PayloadTooLarge,
    ProxyError,
)
from provider.dify_errors import from_answer

_REFUSAL = re.compile(r"upload file failed, status code: (\d{3}), response: (.*)", re.S)

SDK_SECONDS = 10
"""What the SDK gives Dify for an upload; no setting changes it."""


def from_upload_answer(status: int, body: str) -> ProxyError:
    """The error behind an answer to an upload that is none of success.

    Args:
        status: of the answer.
        body: of the answer: Dify's, or that of a proxy before it.
    """
    if status == 413 and not body.lstrip().startswith("{"):
        return PayloadTooLarge("the server before Dify takes no files of this size.")
    error = from_answer(status, body)
    if isinstance(error, DifyRefusal):
        return error
    return AppError(f"Dify did not take the file (HTTP {status}).")


def from_upload(failure: Exception) -> ProxyError | None:
    """The error behind an exception that an upload raised.

    Args:
        failure: what came out of the SDK.

    Returns:
        the error, or None if the failure is neither Dify's nor the daemon's but this plugin's.
    """
    if refusal := _REFUSAL.match(str(failure)):
        return from_upload_answer(int(refusal[1]), refusal[2])
    if isinstance(failure, http.Timeout | TimeoutError):
        return AppTimeout(f"Dify took longer than {SDK_SECONDS} s to take the file.")
    if isinstance(failure, http.JSONDecodeError | ValidationError | TypeError | AttributeError):
        return AppError("Dify answered the upload with something else than a file.")
    if isinstance(failure, http.RequestException):
        return AppError(
            "the address that Dify gave for it can't be reached. The administrator has to look at "
            "FILES_URL and INTERNAL_FILES_URL in Dify's environment."
        )
    if type(failure) is Exception:
        return AppError("Dify or its plugin daemon gave no address for it.")
    return None
