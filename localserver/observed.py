"""What tests may look at in a running server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localserver.invocations import Invocations
from localserver.log import Log
from localserver.runtime import PluginRuntime
from localserver.service_api import Connections, ServiceApi
from localserver.session import Session
from localserver.storage import Storage
from localserver.uploads import Uploads


class Observed:
    """The records of a server's parts, in one place; everything may be read from any thread."""

    log: Log
    _sessions: dict[str, Session]
    _uploads: Uploads
    _storage: Storage
    _invocations: Invocations
    _service_api: ServiceApi
    _runtime: PluginRuntime | None

    @property
    def plugin_pid(self) -> int | None:
        """Process id of the plugin, None while there is none."""
        return self._runtime.pid if self._runtime else None

    @property
    def restarts(self) -> int:
        """How often the plugin was started again."""
        return self._runtime.restarts if self._runtime else 0

    @property
    def plugin_log(self) -> list[str]:
        """Log messages and stderr lines of the plugin."""
        return self.log.plugin_lines

    @property
    def daemon_log(self) -> list[str]:
        """What the daemon itself would log."""
        return self.log.daemon_lines

    @property
    def bad_lines(self) -> int:
        """Lines on the plugin's stdout that were no messages."""
        return self.log.bad_lines

    @property
    def invocations(self) -> list[dict[str, Any]]:
        """Reverse invocations as the plugin sent them: `type`, `request`, `hook`, `time`."""
        return self._invocations.record

    @property
    def dropped_events(self) -> int:
        """Events of apps that were dropped because the plugin read too slowly."""
        return self._invocations.dropped_events

    @property
    def storage(self) -> dict[str, bytes]:
        """The plugin's stored values by key."""
        return self._storage.values

    @property
    def uploads(self) -> Mapping[str, dict[str, Any]]:
        """Uploaded files by id: what Dify answered, and more.

        `sha256` of the content, `transfer_method` (`tool_file` by signed URL, `local_file` over
        the Service API), and of the latter the `app` and the `user`.
        """
        return self._uploads.files

    @property
    def upload_requests(self) -> list[dict[str, Any]]:
        """Files as they were posted, refused ones too: `path`, `name`, `mime_type`, `size`."""
        return self._uploads.requests

    @property
    def upload_contents(self) -> Mapping[str, bytes]:
        """The bytes of uploaded files by id, as many of the newest as are kept."""
        return self._uploads.contents

    @property
    def open_sessions(self) -> int:
        """Number of requests that are being answered."""
        return len(self._sessions)

    @property
    def service_api_calls(self) -> list[dict[str, Any]]:
        """Runs asked of the Service API: `path`, `app` (its name), `body`, `user`, `files`."""
        return self._service_api.calls

    @property
    def service_api_stops(self) -> list[str]:
        """Task ids that the Service API was asked to stop."""
        return self._service_api.stops

    @property
    def service_api_connections(self) -> Connections:
        """TCP connections to the Service API: `open` now, `most` at once so far."""
        return self._service_api.connections

    @property
    def running_apps(self) -> int:
        """Streaming runs over the Service API that have neither ended nor been stopped."""
        return self._service_api.running
