"""The demo apps and the ids under which they are always found."""

from __future__ import annotations

from localserver.apps.album import AlbumApp
from localserver.apps.base import App
from localserver.apps.chat import AgentApp, ChatApp, CompletionApp
from localserver.apps.chatflow import ChatflowApp
from localserver.apps.reader import ReaderApp
from localserver.apps.replay import ReplayApp
from localserver.apps.script import ScriptApp
from localserver.apps.workflow import WorkflowApp

APP_IDS = {
    "chatbot": "11111111-1111-4111-8111-111111111111",
    "agent": "22222222-2222-4222-8222-222222222222",
    "chatflow": "33333333-3333-4333-8333-333333333333",
    "workflow": "44444444-4444-4444-8444-444444444444",
    "completion": "55555555-5555-4555-8555-555555555555",
    "reader": "88888888-8888-4888-8888-888888888888",
    "album": "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
    "script": "66666666-6666-4666-8666-666666666666",
    "replay": "77777777-7777-4777-8777-777777777777",
}

MODES = {
    "chatbot": "chat",
    "agent": "agent-chat",
    "chatflow": "advanced-chat",
    "workflow": "workflow",
    "completion": "completion",
    "reader": "advanced-chat",
    "album": "workflow",
}
"""Demo app to its mode in Dify's words; the apps for tests are of every mode."""
SERVICE_API_KEYS = {name: f"app-local-{name}" for name in APP_IDS}
"""Demo app to its key for the stand-in of Dify's Service API."""


def demo_apps(completion: str) -> dict[str, App]:
    """Fresh demo apps by id; `completion` is `mended` or `broken`."""
    apps: dict[str, App] = {
        "chatbot": ChatApp(),
        "agent": AgentApp(),
        "chatflow": ChatflowApp(),
        "workflow": WorkflowApp(),
        "completion": CompletionApp(broken=completion == "broken"),
        "reader": ReaderApp(),
        "album": AlbumApp(),
        "script": ScriptApp(),
        "replay": ReplayApp(),
    }
    return {APP_IDS[name]: app for name, app in apps.items()}
