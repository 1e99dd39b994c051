"""The SDK's loader takes every route, more than once, and the route table tells the truth."""

import json
import subprocess
import sys
from pathlib import Path

import yaml

from endpoints.http.routes import ROUTES

REPOSITORY = Path(__file__).parent.parent
GROUP = yaml.safe_load((REPOSITORY / "group/app_proxy.yaml").read_text())
YAMLS = [yaml.safe_load((REPOSITORY / path).read_text()) for path in GROUP["endpoints"]]

LOAD_TWICE = """
import json
import dify_plugin
from dify_plugin.config.config import DifyPluginEnv
from dify_plugin.core.plugin_registration import PluginRegistration
for _ in range(2):
    registration = PluginRegistration(DifyPluginEnv())
rules = [(rule.rule, sorted(rule.methods)) for rule in registration.endpoints.iter_rules()]
print(json.dumps(rules))
"""


def test_every_route_loads_twice() -> None:
    output = subprocess.run(
        [sys.executable, "-c", LOAD_TWICE], cwd=REPOSITORY, capture_output=True, check=True
    ).stdout
    rules = json.loads(output.splitlines()[-1])
    assert sorted(rule for rule, _ in rules) == sorted(route["path"] for route in YAMLS)


def test_every_yaml_file_is_listed_and_every_module_used() -> None:
    files = {f"endpoints/{path.name}" for path in (REPOSITORY / "endpoints").glob("*.yaml")}
    assert set(GROUP["endpoints"]) == files
    sources = {route["extra"]["python"]["source"] for route in YAMLS}
    modules = {f"endpoints/{path.name}" for path in (REPOSITORY / "endpoints").glob("*.py")}
    assert sources == modules - {"endpoints/__init__.py"}


def test_the_route_table_says_what_the_yaml_files_say() -> None:
    served: dict[str, list[str]] = {}
    for route in YAMLS:
        if not route.get("hidden"):
            served.setdefault(route["path"], []).append(route["method"])
    assert {path: tuple(methods) for path, methods in served.items()} == ROUTES


def test_catch_alls_cover_every_method() -> None:
    caught = {(route["path"], route["method"]) for route in YAMLS if route.get("hidden")}
    methods = ("GET", "POST", "PUT", "DELETE", "OPTIONS")
    every = {(path, method) for path in ("/", "/<path:rest>") for method in methods}
    assert caught == every - {("/", "GET")}  # which is the console page's


def test_no_setting_is_of_a_kind_that_breaks_saving() -> None:
    for setting in GROUP["settings"]:
        assert setting["type"] in ("secret-input", "text-input", "select", "app-selector")
        assert setting["type"] != "select" or setting["default"]
        for words in (setting["label"], setting["placeholder"]):
            assert set(words) == {"en_US", "zh_Hans", "ja_JP", "pt_BR"}
