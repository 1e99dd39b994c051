"""What schemathesis leaves out: requests that the SDK refuses before any code of the plugin runs.

The daemon writes the decoded path into the header `Dify-Hook-Url`, where the SDK refuses control
characters and what is not UTF-8; and it refuses such values in any other header.
"""

from typing import Any
from urllib.parse import unquote

import schemathesis


@schemathesis.hook
def filter_case(context: schemathesis.HookContext, case: "schemathesis.Case[Any]") -> bool:
    """Whether a request reaches the plugin."""
    sent: list[object] = [*(case.path_parameters or {}).values(), *(case.headers or {}).values()]
    return all(_plain(value) for value in sent)


def _plain(value: object) -> bool:
    """Also behind an escape: values of paths come escaped in some phases, in others not yet."""
    return all(32 <= ord(character) < 127 for character in unquote(str(value), "latin-1"))
