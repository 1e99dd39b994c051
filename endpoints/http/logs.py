"""The plugin's log: one line of JSON each on stdout, which is the wire to the daemon.

No secret, body, settings value, path or traceback is ever logged: a fault is named by its class and
the place in the code where it arose.
"""

import logging
from types import TracebackType

MAX_MESSAGE_CHARACTERS = 8 * 1024 // 6
"""The daemon kills the process for a line above 5 MiB; ours stay under 8 KiB. In JSON one character
may take six bytes."""


def _cut(record: logging.LogRecord) -> bool:
    message = record.getMessage()
    if len(message) > MAX_MESSAGE_CHARACTERS:
        record.msg, record.args = message[: MAX_MESSAGE_CHARACTERS - 1] + "…", None
    return True


logger = logging.getLogger("app_proxy")
logger.setLevel(logging.INFO)
logger.propagate = False
logger.addFilter(_cut)
"""`main` gives it the SDK's handler, which writes what the daemon reads."""


def log_fault(fault: BaseException, request_id: str) -> None:
    """Say that the plugin failed on a request, so that the log leads to the line of code.

    Args:
        fault: the exception; its text is not logged, since it may hold what a caller sent.
        request_id: what the caller was told.
    """
    logger.error("%s at %s, request %s", type(fault).__name__, _place(fault), request_id)


def _place(fault: BaseException) -> str:
    place = "an unknown place"
    step: TracebackType | None = fault.__traceback__
    while step is not None:
        module = step.tb_frame.f_globals.get("__name__", "?")
        place = f"{module}:{step.tb_lineno}"
        step = step.tb_next
    return place
