"""The manifest, the endpoint groups and their routes, checked where the plugin daemon is stricter
than the SDK.

The SDK's own models are applied when the package is loaded. The rules here are those of the
daemon (pkg/entities/plugin_entities, pkg/entities/manifest_entities and pkg/plugin_packager of
langgenius/dify-plugin-daemon), which refuses the package when somebody installs it; and that all
that is named is there, and said in all four languages.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import yaml

from packager import PackageError
from packager.settings_form import setting_problems
from packager.translations import translation_problems

_NAME = re.compile(r"[a-z0-9_-]{1,128}")
_AUTHOR = re.compile(r"[a-z0-9_-]{1,64}")
_RESERVED_AUTHORS = ("dify", "langgenius")
_VERSION = re.compile(r"\d{1,4}(\.\d{1,4}){2}(-\w{1,16})?", re.ASCII)
_TAGS = frozenset({
    "agent", "business", "design", "education", "entertainment", "finance", "image", "medical",
    "news", "other", "productivity", "rag", "search", "social", "travel", "trigger", "utilities",
    "videos", "weather",
})  # fmt: skip
_METHODS = frozenset({"HEAD", "GET", "POST", "PUT", "DELETE", "OPTIONS"})
_PERMISSIONS = ("endpoint", "app", "storage")
_MAX_STORAGE = 100 * 1024 * 1024
"""Bytes: what a daemon grants a plugin by default (PERSISTENCE_STORAGE_MAX_SIZE)."""


@dataclass(frozen=True)
class Identity:
    """What the package is called."""

    name: str
    version: str


def check_declaration(files: Mapping[str, bytes]) -> Identity:
    """Check `manifest.yaml` and all it names among `files`, content by name.

    Raises PackageError with every problem found.
    """
    manifest = _document(files, "manifest.yaml")
    problems = [f"manifest.yaml: {problem}" for problem in _manifest_problems(manifest, files)]
    routes: set[tuple[str, str]] = set()
    for group in _listed(_section(manifest, "plugins"), "endpoints"):
        problems += _group_problems(group, files, routes)
    if problems:
        raise PackageError(*problems)
    return Identity(manifest["name"], manifest["version"])


def _manifest_problems(manifest: dict[str, Any], files: Mapping[str, bytes]) -> Iterator[str]:
    author = str(manifest.get("author"))
    if not _NAME.fullmatch(str(manifest.get("name"))):
        yield "name must be of a-z, 0-9, _ and -"
    if not _AUTHOR.fullmatch(author) or any(word in author for word in _RESERVED_AUTHORS):
        yield "author must be of a-z, 0-9, _ and -, and not name Dify or its makers"
    if not _VERSION.fullmatch(str(manifest.get("version"))):
        yield "version must look like 1.2.3"
    for field in ("label", "description"):
        yield from translation_problems(field, manifest.get(field))
    for field in ("icon", "icon_dark"):
        if f"_assets/{manifest.get(field)}" not in files:
            yield f"{field} names no file in _assets/"
    if unknown := set(_listed(manifest, "tags")) - _TAGS:
        yield f"tags that the daemon does not know: {', '.join(sorted(unknown))}"
    if "privacy" in manifest and manifest["privacy"] not in files:
        yield "privacy names no file of the package"
    if not _listed(_section(manifest, "plugins"), "endpoints"):
        yield "plugins.endpoints names no endpoint group"
    yield from _runtime_problems(manifest, files)


def _runtime_problems(manifest: dict[str, Any], files: Mapping[str, bytes]) -> Iterator[str]:
    permissions = _section(manifest, "resource", "permission")
    for permission in _PERMISSIONS:
        if _section(permissions, permission).get("enabled") is not True:
            yield f"resource.permission.{permission} must be enabled"
    if _section(permissions, "storage").get("size", 0) > _MAX_STORAGE:
        yield f"resource.permission.storage.size is above {_MAX_STORAGE} bytes"
    runner = _section(manifest, "meta", "runner")
    if not isinstance(runner.get("version"), str):
        yield "meta.runner.version must be a string, in quotes"
    if f"{runner.get('entrypoint')}.py" not in files:
        yield "meta.runner.entrypoint names no module of the package"


def _group_problems(
    name: str, files: Mapping[str, bytes], routes: set[tuple[str, str]]
) -> Iterator[str]:
    if name not in files:
        yield f"{name} is named in manifest.yaml, but missing"
        return
    group = _document(files, name)
    for problem in setting_problems(_listed(group, "settings")):
        yield f"{name}: {problem}"
    listed = _listed(group, "endpoints")
    for route in listed:
        if route not in files:
            yield f"{route} is named in {name}, but missing"
            continue
        for problem in _route_problems(_document(files, route), files, routes):
            yield f"{route}: {problem}"
    folder_of_routes = {str(PurePosixPath(route).parent) for route in listed}
    for stray in files:
        path = PurePosixPath(stray)
        if path.suffix == ".yaml" and str(path.parent) in folder_of_routes and stray not in listed:
            yield f"{stray} is named in no endpoint group"


def _route_problems(
    route: dict[str, Any], files: Mapping[str, bytes], routes: set[tuple[str, str]]
) -> Iterator[str]:
    path, method = str(route.get("path")), str(route.get("method"))
    if not path.startswith("/"):
        yield "path must begin with /"
    if method not in _METHODS:
        yield f"method must be one of {', '.join(sorted(_METHODS))}"
    if (path, method) in routes:
        yield f"{method} {path} is there twice"
    routes.add((path, method))
    source = _section(route, "extra", "python").get("source")
    if source not in files:
        yield f"extra.python.source names {source}, which is missing"


def _document(files: Mapping[str, bytes], name: str) -> dict[str, Any]:
    try:
        document = yaml.safe_load(files[name])
    except yaml.YAMLError as error:
        raise PackageError(f"{name} is not YAML: {error}") from error
    if not isinstance(document, dict):
        raise PackageError(f"{name} is not a mapping")
    return document


def _section(document: dict[str, Any], *keys: str) -> dict[str, Any]:
    # What has another shape counts as empty here: the SDK's models say what is wrong with it.
    for key in keys:
        inner = document.get(key)
        document = inner if isinstance(inner, dict) else {}
    return document


def _listed(document: dict[str, Any], key: str) -> list[Any]:
    value = document.get(key)
    return value if isinstance(value, list) else []
