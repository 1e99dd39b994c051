"""What the daemon reads from the plugin's manifest: its permissions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

OPEN_TO_ALL = frozenset({"upload_file"})
PERMISSION_OF = {"app": "app", "fetch_app": "app", "storage": "storage"}
"""Invocation type to the permission that it needs (the daemon's `permissionMapping`)."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """What the plugin may ask of Dify."""

    granted: frozenset[str]
    storage_size: int
    """Bytes of storage that the manifest asks for."""

    def denial(self, kind: str) -> str | None:
        """The daemon's error text for an invocation that isn't permitted, None if it is."""
        if kind in OPEN_TO_ALL:
            return None
        permission = PERMISSION_OF.get(kind)
        if permission is None:
            return f"unsupported invoke type: {kind}"
        if permission in self.granted:
            return None
        return f"permission denied, you need to enable {permission} access in plugin manifest"


def read_permissions(plugin: Path) -> Permissions:
    """Read `manifest.yaml` in the plugin's directory.

    Raises:
        OSError: there is none.
    """
    manifest: Any = yaml.safe_load((plugin / "manifest.yaml").read_text("utf-8")) or {}
    permission: dict[str, Any] = (manifest.get("resource") or {}).get("permission") or {}
    granted = {name for name, value in permission.items() if (value or {}).get("enabled")}
    size = (permission.get("storage") or {}).get("size", 0)
    return Permissions(frozenset(granted), int(size))
