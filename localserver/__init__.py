"""Runs the plugin on this machine, behind the plugin daemon's part played strictly.

```python
from localserver import Config, LocalServer

with LocalServer.running(Config(endpoints={"local": {"api_key": "..."}})) as server:
    httpx.get(server.url("local") + "/apps")
```

`python -m localserver --help` tells about the command.
"""

from localserver.apps import App, Call, DifyError, RunError, SentError
from localserver.apps.demo import APP_IDS, SERVICE_API_KEYS
from localserver.config import Config, ConfigError, Limits
from localserver.runtime import PluginError
from localserver.server import LocalServer, PortInUse
from localserver.session import Response

__all__ = [
    "APP_IDS",
    "SERVICE_API_KEYS",
    "App",
    "Call",
    "Config",
    "ConfigError",
    "DifyError",
    "Limits",
    "LocalServer",
    "PluginError",
    "PortInUse",
    "Response",
    "RunError",
    "SentError",
]
