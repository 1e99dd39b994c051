"""The document, put together from the groups of routes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from endpoints.http.encoding import encode_json
from endpoints.http.settings import KeyLocation, Settings
from endpoints.openapi_document import (
    app_routes,
    document_route,
    file_routes,
    hook_routes,
    run_routes,
)
from endpoints.openapi_document.components import (
    HEADERS,
    PARAMETERS,
    app_parameter,
    security_schemes,
)
from endpoints.openapi_document.document_route import OPEN_PATHS
from endpoints.openapi_document.error_responses import SCHEMAS as ERROR_SCHEMAS
from endpoints.openapi_document.error_responses import error_responses
from endpoints.openapi_document.named_apps import TAG as NAMED_APPS
from endpoints.openapi_document.named_apps import NamedApp, named_paths
from endpoints.openapi_document.parts import Group, Node

GROUPS = (
    run_routes.group,
    app_routes.group,
    file_routes.group,
    hook_routes.group,
    document_route.group,
)
"""A new group of routes is added here."""

VERSION = "0.1.0"
"""The plugin's, as in the manifest (a test holds the two together)."""

CACHED_DOCUMENTS = 64
"""Generic documents kept as bytes, of different settings; each takes about 50 KB."""

_ABOUT = (
    "Run the apps of a Dify workspace over plain HTTP. Answers of a run come as NDJSON, SSE, plain "
    "text or one JSON object, as `response_mode` and `Accept` ask for. A `conversation_id` is a "
    "capability: whoever knows it and has a key may continue that conversation."
)
_GENERIC = " This is the generic document: fetched with a key, it also names the apps."


@dataclass(frozen=True, slots=True)
class View:
    """What of the settings stands in every document.

    Attributes:
        key_location: where a key is accepted.
        public_url: the endpoint's URL, "" if it is not known.
    """

    key_location: KeyLocation
    public_url: str


def view_of(settings: Settings) -> View:
    """What may be told of an endpoint's settings to anyone."""
    return View(settings.key_location, settings.public_url)


@lru_cache(maxsize=CACHED_DOCUMENTS)
def generic_document(view: View) -> bytes:
    """The document for callers without a key, which says nothing of apps."""
    return encode_json(_document(view, app_parameter([], only_these=False), {}, {}, _GENERIC))


def full_document(settings: Settings, apps: Iterable[NamedApp]) -> bytes:
    """The document for callers with a key.

    Args:
        settings: the endpoint's.
        apps: the named ones whose form is known; the others' inputs are left open.
    """
    exposed = settings.apps
    names = list(exposed.names)
    nameless = sorted((exposed.ids or frozenset()) - set(exposed.names.values()))
    parameter = app_parameter([*names, *nameless], only_these=exposed.ids is not None)
    paths, schemas = named_paths(apps, names)
    return encode_json(_document(view_of(settings), parameter, paths, schemas, ""))


def _document(view: View, app: Node, named: Node, schemas: Node, about: str) -> Node:
    groups = [make() for make in GROUPS]
    schemes = security_schemes(view.key_location)
    paths = _paths([*(group.paths for group in groups), named], schemes)
    tags = [{"name": group.name, "description": group.description} for group in groups]
    if named:
        tags.append({"name": NAMED_APPS, "description": "Apps of this endpoint, each typed."})
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "App Proxy",
            "version": VERSION,
            "description": _ABOUT + about,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": view.public_url or ".", "description": "This endpoint"}],
        "security": [{name: []} for name in schemes],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": _schemas(groups) | schemas,
            "responses": error_responses(),
            "parameters": {"App": app} | PARAMETERS,
            "headers": HEADERS,
            **({"securitySchemes": schemes} if schemes else {}),
        },
    }


def _paths(all_paths: Sequence[Mapping[str, Node]], schemes: Node) -> Node:
    """The path items of all groups; those of one path are joined."""
    joined: Node = {}
    for paths in all_paths:
        for path, item in paths.items():
            joined[path] = joined.get(path, {}) | item
    if not schemes:
        return _every_operation(joined, _without_401)
    anyone: list[Node] = [{}, *({name: []} for name in schemes)]
    opened = {path: item for path, item in joined.items() if path in OPEN_PATHS}
    return joined | _every_operation(opened, lambda operation: operation | {"security": anyone})


def _every_operation(paths: Node, change: Callable[[Node], Node]) -> Node:
    return {
        path: {
            name: change(part) if isinstance(part, dict) else part for name, part in item.items()
        }
        for path, item in paths.items()
    }


def _without_401(operation: Node) -> Node:
    responses = operation["responses"]
    return operation | {"responses": {code: responses[code] for code in responses if code != "401"}}


def _schemas(groups: Sequence[Group]) -> Node:
    schemas: Node = dict(ERROR_SCHEMAS)
    for group in groups:
        schemas |= group.schemas
    return schemas
