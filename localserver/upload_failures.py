"""Words in a file's name that make its upload go wrong, as words in a query do for a run."""

from __future__ import annotations

import asyncio
import re

from localserver.apps import DifyError

UPLOAD_WORDS: dict[str, str] = {
    "refuse": "Dify refuses the upload: an HTTP 403",
    "too-large": "Dify takes the file for too large: an HTTP 413",
    "upload-500": "Dify fails: an HTTP 500",
    "slow": "the file is taken, but the answer comes after 12 s; the SDK waits for 10",
}
FILE_TOO_LARGE = {
    # The braces are Dify's own: nothing ever fills them in.
    "code": "file_too_large",
    "message": "File size exceeded. {message}",
    "status": 413,
}

_WORD = re.compile(r"!(" + "|".join(UPLOAD_WORDS) + r")(?![\w-])")


async def provoke(name: str, delay: float, forbidden: str) -> None:
    """Do what a word in a file's name asks for.

    Args:
        name: of the file.
        delay: seconds that a slow answer takes.
        forbidden: Dify's words for a 403 where the file is uploaded.

    Raises:
        DifyError: the word is one that Dify answers with an HTTP error.
    """
    found = _WORD.search(name)
    match found and found[1]:
        case "refuse":
            raise DifyError(403, {"code": "forbidden", "message": forbidden, "status": 403})
        case "too-large":
            raise DifyError(413, FILE_TOO_LARGE)
        case "upload-500":
            raise DifyError.internal()
        case "slow":
            await asyncio.sleep(delay)
