"""Run in an unpacked package: load it with the SDK and print its routes as JSON.

A script, not a module of the packager: it must see no code but the package's.
"""

import json
import sys
from pathlib import Path

# Patches the standard library with gevent, so it comes before everything that uses the network.
from dify_plugin import DifyPluginEnv
from dify_plugin.core.plugin_registration import PluginRegistration


def main() -> None:
    """Print the routes, "METHOD /path" each. Raises what the SDK raises."""
    sys.path.insert(0, str(Path.cwd()))
    registration = PluginRegistration(DifyPluginEnv())
    print(
        json.dumps(
            [
                f"{route.method} {route.path}"
                for group in registration.endpoints_configuration
                for route in group.endpoints
            ]
        )
    )


main()
