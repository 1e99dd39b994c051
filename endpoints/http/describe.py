"""What Dify tells of an app, for this endpoint, from memory where it was told a moment ago."""

from endpoints.http.clock import CLOCK
from endpoints.http.exchange import Exchange
from provider.apps import App
from provider.descriptions import Descriptions
from provider.ways import Description, Way

_DESCRIPTIONS = Descriptions(CLOCK.now)
"""Of this process; what is lost with it is asked for again."""


def describe(exchange: Exchange, way: Way, app: App) -> Description:
    """An app's description, at most a minute old. It is shared: nobody may change it.

    Args:
        exchange: the request; each endpoint has descriptions of its own, since one workspace must
            not be told of another's apps.
        way: how the app is reached.
        app: the app.

    Raises:
        ProxyError: Dify does not know it, or does not answer.
    """
    endpoint = exchange.endpoint_id
    if not endpoint:
        return way.describe(app)
    return _DESCRIPTIONS.get((endpoint, way.via, app.app_id), lambda: way.describe(app))
