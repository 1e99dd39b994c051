"""Answers with the console page.

The page's shell is open and the same for everyone: nothing of the request or the settings is in it.
Whatever it shows of apps it asks for itself, with the key that its user types in.
"""

from werkzeug import Response

from endpoints.console_page.document import DOCUMENT
from endpoints.http.exchange import Exchange


def console_page(_exchange: Exchange) -> Response:
    """The page, with what keeps a browser from doing anything else with it."""
    return Response(
        DOCUMENT.html,
        content_type="text/html; charset=utf-8",
        headers={
            "Content-Security-Policy": DOCUMENT.policy,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Opener-Policy": "same-origin",
        },
    )
