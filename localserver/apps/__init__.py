"""The apps of the tiny Dify behind the local server."""

from localserver.apps.base import App, Call, Clock, DifyError, RunError, SentError

__all__ = ["App", "Call", "Clock", "DifyError", "RunError", "SentError"]
