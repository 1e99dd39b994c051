"""The paths of this endpoint, for answering what no route serves.

Without the catch-all routes the SDK would answer a plain-text 404 for a wrong path and for a wrong
method alike.
"""

from werkzeug import Response
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed as NoSuchMethod
from werkzeug.routing import Map, Rule

from endpoints.http.errors import MethodNotAllowed, NotFound
from endpoints.http.exchange import Exchange

ROUTES = {
    "/": ("GET",),
    "/chat/<app>": ("POST",),
    "/workflow/<app>": ("POST",),
    "/completion/<app>": ("POST",),
    "/apps/<app>": ("POST", "GET"),
    "/apps": ("GET",),
    "/files": ("POST",),
    "/hooks/<app>": ("GET", "POST"),
    "/openapi.json": ("GET",),
}
"""Path -> methods, as in the routes' YAML files (a test holds the two together)."""

_MAP = Map(
    [Rule(path, methods=methods, endpoint=path) for path, methods in ROUTES.items()],
    strict_slashes=False,
    merge_slashes=False,
)


def refuse(exchange: Exchange) -> Response:
    """Answer a request that no route serves.

    Raises:
        NotFound: there is no such path.
        MethodNotAllowed: the path has other methods.
    """
    request = exchange.request
    try:
        _MAP.bind("").match(request.path, method=request.method)
    except NoSuchMethod as refusal:
        allow = ", ".join(sorted({*(refusal.valid_methods or ()), "OPTIONS"}))
        if request.method == "OPTIONS":
            return Response(status=204, headers={"Allow": allow})
        raise MethodNotAllowed(
            f"This path does not take {request.method}. It takes {allow}.", allow
        ) from None
    except HTTPException:
        pass
    raise NotFound("There is no such path on this endpoint.")
