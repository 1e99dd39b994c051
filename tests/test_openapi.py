"""The OpenAPI document: valid, complete, true to real runs, and silent without a key."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from endpoints.http.errors import ProxyError
from endpoints.http.routes import ROUTES
from endpoints.http.settings import KeyLocation, parse_settings
from endpoints.openapi_document.document import VERSION, View, full_document, generic_document
from endpoints.openapi_document.examples import examples
from endpoints.openapi_document.inputs import read_inputs
from endpoints.openapi_document.named_apps import NamedApp, identifiers
from localserver import APP_IDS, Config, LocalServer
from provider.ways import Description, Via
from tests.conftest import ENDPOINTS, KEY, REPOSITORY, Client, Json

CAPTURES = Path(__file__).parent / "captures"
NO_KEY = {"Authorization": ""}
TO_COME: dict[str, set[str]] = {"/files": {"post"}} if "/files" not in ROUTES else {}
METHODS = {"get", "post", "put", "delete"}


def document(client: Client, headers: dict[str, str] | None = None) -> Json:
    answer = client.call("GET", "/openapi.json", headers=headers or {})
    assert answer.status == 200
    found = answer.json
    OpenAPIV31SpecValidator(found).validate()
    return found


def generic(location: KeyLocation = KeyLocation.HEADER, public_url: str = "") -> Json:
    found: Json = json.loads(generic_document(View(location, public_url)))
    return found


def validator(name: str) -> Any:
    root = generic()
    return OAS31Validator(
        {"$ref": f"#/components/schemas/{name}", "components": root["components"]}
    )


def operations(found: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in found["paths"].items():
        for method in METHODS & item.keys():
            yield path, method, item[method]


def test_every_route_is_in_it() -> None:
    served = {
        path.replace("<", "{").replace(">", "}"): {method.lower() for method in methods}
        for path, methods in ROUTES.items()
    }
    shown: dict[str, set[str]] = {}
    for path, method, _ in operations(generic()):
        shown.setdefault(path, set()).add(method)
    assert shown == served | TO_COME


def _codes(error: type[ProxyError] = ProxyError) -> Iterator[tuple[str, str]]:
    if "code" in vars(error):
        yield str(error.status), error.code
    for special in error.__subclasses__():
        yield from _codes(special)


def test_every_error_is_in_it_with_its_status_and_code() -> None:
    found = generic()
    responses = found["components"]["responses"]
    for status, code in _codes():
        shown = responses[f"Error{status}"]["content"]["application/json"]["examples"][code]
        assert str(shown["value"]["status"]) == status
    used = {status for _, _, operation in operations(found) for status in operation["responses"]}
    assert {f"Error{status}" for status in used - {"200", "204"}} == set(responses) - {"Error405"}
    error = validator("Error")
    for response in responses.values():
        for example in response["content"]["application/json"]["examples"].values():
            error.validate(example["value"])


def test_a_run_has_four_formats_and_three_kinds_of_bodies() -> None:
    for path, method, operation in operations(generic()):
        if method == "post" and path not in ("/files", "/hooks/{app}"):
            assert set(operation["responses"]["200"]["content"]) == {
                "application/x-ndjson", "text/event-stream", "text/plain", "application/json",
            }  # fmt: skip
            assert set(operation["requestBody"]["content"]) == {
                "application/json", "multipart/form-data", "application/x-www-form-urlencoded",
            }  # fmt: skip


def test_the_version_is_the_manifest_s() -> None:
    manifest = yaml.safe_load((REPOSITORY / "manifest.yaml").read_text())
    assert manifest["version"] == VERSION


@pytest.mark.parametrize(
    ("location", "schemes"),
    [
        (KeyLocation.HEADER, {"bearer", "header"}),
        (KeyLocation.HEADER_OR_QUERY, {"bearer", "header", "query"}),
        (KeyLocation.NONE, set()),
    ],
)
def test_security_is_what_the_endpoint_asks_for(location: KeyLocation, schemes: set[str]) -> None:
    found = generic(location)
    OpenAPIV31SpecValidator(found).validate()
    assert set(found["components"].get("securitySchemes", {})) == schemes
    assert found["security"] == [
        {name: []} for name in ("bearer", "header", "query")[: len(schemes)]
    ]
    for path, _, operation in operations(found):
        open_route = path in ("/", "/openapi.json", "/hooks/{app}")
        assert ({} in operation.get("security", [])) == (open_route and bool(schemes))
        can_refuse = not open_route or path == "/hooks/{app}"  # which refuses a wrong signature
        assert ("401" in operation["responses"]) == (bool(schemes) and can_refuse)


def test_where_the_server_is() -> None:
    assert generic()["servers"][0]["url"] == "."
    public = generic(public_url="https://dify.example/e/abc")
    assert public["servers"][0]["url"] == "https://dify.example/e/abc"


# examples and schemas against what Dify really sent

STREAMED = [
    json.loads(line)
    for path in sorted(CAPTURES.glob("*/*-streaming.jsonl"))
    for line in path.read_bytes().splitlines()
]
BLOCKING = [
    json.loads(line)
    for path in sorted(CAPTURES.glob("*/*-blocking.jsonl"))
    for line in path.read_bytes().splitlines()
]


def test_the_examples_are_from_real_runs() -> None:
    for name, shown in examples().items():
        recorded = BLOCKING if name.endswith("answer") else STREAMED
        assert all(event in recorded for event in shown), name


def test_every_recorded_event_is_valid() -> None:
    event = validator("Event")
    for recorded in STREAMED:
        event.validate(recorded)
    names = {recorded["event"] for recorded in STREAMED}
    mapping = generic()["components"]["schemas"]["Event"]["discriminator"]["mapping"]
    assert names <= set(mapping)


def test_events_that_nobody_knows_yet_are_valid_and_broken_ones_are_not() -> None:
    event = validator("Event")
    event.validate({"event": "iteration_started", "data": {"new": [1]}})
    event.validate({"event": "message", "answer": "x", "new": 1})
    assert not event.is_valid({"event": "message", "answer": 5})
    assert not event.is_valid({"event": "message"})
    assert not event.is_valid({"event": 1})
    assert not event.is_valid({})
    assert not event.is_valid([])


def test_every_recorded_blocking_answer_is_valid() -> None:
    answer = validator("Answer")
    for recorded in BLOCKING:
        answer.validate(recorded)


@pytest.mark.parametrize("app", ["chatbot", "agent", "chatflow", "workflow", "completion"])
def test_the_answers_of_this_plugin_are_valid(reverse: Client, app: str) -> None:
    inputs = {"persona": "x", "text": "hello", "query": "hello"}
    body = {"query": "hello", "inputs": inputs}
    event = validator("Event")
    for line in reverse.run(f"/apps/{app}", body).events:
        event.validate(line)
    validator("Answer").validate(
        reverse.run(f"/apps/{app}", body | {"response_mode": "blocking"}).json
    )
    validator("AppDescription").validate(reverse.call("GET", f"/apps/{app}").json)
    validator("AppList").validate(reverse.call("GET", "/apps").json)


# who is told what


def test_without_a_valid_key_nothing_is_said_of_apps(client: Client) -> None:
    for headers in (NO_KEY, {"Authorization": "Bearer wrong-wrong-wrong"}):
        found = document(client, headers)
        assert found == generic()
        words = json.dumps(found)
        for name, app_id in APP_IDS.items():
            assert app_id not in words
            assert f'"{name}"' not in words or name in ("workflow", "completion")


def test_with_a_key_the_apps_are_named_and_typed(client: Client) -> None:
    found = document(client)
    assert found["components"]["parameters"]["App"]["schema"]["enum"] == list(APP_IDS)
    assert {f"/apps/{name}" for name in APP_IDS} <= set(found["paths"])
    run = found["paths"]["/apps/workflow"]["post"]
    request = run["requestBody"]["content"]["application/json"]["schema"]
    assert request == {"$ref": "#/components/schemas/WorkflowAppRequest"}
    inputs = found["components"]["schemas"]["WorkflowAppInputs"]
    assert inputs["required"] == ["text"]
    assert inputs["properties"]["text"]["type"] == "string"
    multipart = run["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
    assert multipart["document"]["format"] == "binary"


def test_the_mode_makes_it_more_precise(service: Client) -> None:
    found = document(service)
    schemas = found["components"]["schemas"]
    assert schemas["ChatbotAppRequest"]["required"] == ["query", "inputs"]
    assert "query" not in schemas["WorkflowAppRequest"]["properties"]
    answer = found["paths"]["/apps/workflow"]["post"]["responses"]["200"]["content"]
    assert answer["application/json"]["schema"] == {"$ref": "#/components/schemas/WorkflowAnswer"}


def test_where_every_app_is_exposed_the_names_are_examples(server: LocalServer) -> None:
    with Client(server.url("every")) as every, Client(server.url("open")) as anyone:
        app = document(every)["components"]["parameters"]["App"]
        assert "enum" not in app["schema"]
        assert set(app["examples"]) == {"default"}
        found = document(anyone, NO_KEY)
        assert "enum" not in found["components"]["parameters"]["App"]["schema"]


def test_settings_that_can_not_be_understood(server: LocalServer) -> None:
    with Client(server.url("broken")) as broken:
        broken.call("GET", "/openapi.json").assert_error(500, "invalid_settings")


NOWHERE = "http://127.0.0.1:9/v1"


@pytest.fixture(scope="module")
def others() -> Iterator[LocalServer]:
    silent = socket.create_server(("127.0.0.1", 0))  # takes connections and never answers
    many = {f"app-{n}": APP_IDS["chatbot"] for n in range(900)}
    endpoints = {
        "one": {"api_key": KEY, "apps": f"{{mine: {APP_IDS['chatbot']}}}"},
        "two": {"api_key": KEY, "apps": f"{{mine: {APP_IDS['workflow']}}}"},
        "unreachable": ENDPOINTS["service"] | {"service_api_url": NOWHERE},
        "silent": ENDPOINTS["service"]
        | {"service_api_url": f"http://127.0.0.1:{silent.getsockname()[1]}/v1"},
        "many": {"api_key": KEY, "apps": json.dumps(many)},
        "id": {"api_key": KEY, "apps": APP_IDS["chatbot"]},
    }
    with silent, LocalServer.running(Config(endpoints=endpoints)) as running:
        yield running


def test_an_endpoint_never_names_another_s_apps(others: LocalServer) -> None:
    with Client(others.url("one")) as one, Client(others.url("two")) as two:
        for _ in range(2):
            for client, variable, foreign in ((one, "persona", "text"), (two, "text", "persona")):
                inputs = document(client)["components"]["schemas"]["MineAppInputs"]["properties"]
                assert variable in inputs
                assert foreign not in inputs


@pytest.mark.parametrize("hook", ["unreachable", "silent"])
def test_apps_whose_form_does_not_come_are_left_open(others: LocalServer, hook: str) -> None:
    with Client(others.url(hook)) as client:
        found = document(client)
    assert found["components"]["parameters"]["App"]["schema"]["enum"] == list(APP_IDS)
    assert "/apps/chatbot" not in found["paths"]


def test_a_thousand_apps_fit(others: LocalServer) -> None:
    with Client(others.url("many")) as client:
        answer = client.call("GET", "/openapi.json")
        found = answer.json
    assert len(answer.body) < 2 * 1024 * 1024
    assert len(found["components"]["parameters"]["App"]["schema"]["enum"]) == 900
    named = [path for path in found["paths"] if path.startswith("/apps/app-")]
    assert len(named) == 50
    asked = [call for call in others.invocations if call["hook"] == "many"]
    assert len(asked) <= 50


def test_an_app_without_a_name_is_listed_by_its_id(others: LocalServer) -> None:
    with Client(others.url("id")) as client:
        found = document(client)
    assert found["components"]["parameters"]["App"]["schema"]["enum"] == [APP_IDS["chatbot"]]


# forms and names


def form(*fields: Json) -> Json:
    return {"user_input_form": list(fields)}


def test_each_kind_of_field_has_its_type() -> None:
    inputs = read_inputs(
        form(
            {"text-input": {"variable": "a", "label": "A", "required": True, "max_length": 8}},
            {"select": {"variable": "b", "required": False, "options": ["x", "y", "x"]}},
            {"number": {"variable": "c", "required": True}},
            {"checkbox": {"variable": "d", "required": False}},
            {"file": {"variable": "e", "required": True}},
            {"file-list": {"variable": "f", "required": False, "max_length": 3}},
            {"json_object": {"variable": "g", "required": True}},
        )
    )
    assert inputs is not None
    file = {"$ref": "#/components/schemas/FileObject"}
    assert inputs.variables == {
        "a": {"type": "string", "maxLength": 8, "minLength": 1, "title": "A"},
        "b": {"type": ["string", "null"], "enum": ["x", "y", None]},
        "c": {"type": "number"},
        "d": {"type": ["boolean", "null"]},
        "e": file,
        "f": {"type": ["array", "null"], "items": file, "maxItems": 3},
        "g": {"type": "object"},
    }
    assert inputs.required == ("a", "c", "e", "g")
    assert inputs.form_fields["e"] == {"type": "string", "format": "binary"}


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"user_input_form": None},
        {"user_input_form": [5, {"select": 5}, {"select": {"variable": 5}}, {"x": {}}]},
        form({"select": {"variable": "a", "options": [1, None], "required": "yes", "label": 5}}),
        form({"text-input": {"variable": "a", "max_length": -1, "label": "\ud800"}}),
        form({"file-list": {"variable": "a", "max_length": 2**80}}),
    ],
)
def test_a_form_of_any_shape_makes_a_valid_document(parameters: Json) -> None:
    settings = parse_settings({"api_key": KEY, "apps": f"{{x: {APP_IDS['chatbot']}}}"})
    app = NamedApp("x", Via.SERVICE_API, Description(parameters, "chat"))
    found = json.loads(full_document(settings, [app]))
    assert "/apps/x" in found["paths"]
    OpenAPIV31SpecValidator(found).validate()


def test_large_forms_are_left_open() -> None:
    settings = parse_settings({"api_key": KEY, "apps": f"{{x: {APP_IDS['chatbot']}}}"})
    fields = [{"text-input": {"variable": f"v{n}", "label": "x" * 600}} for n in range(1000)]
    for count in (150, 1000):
        app = NamedApp("x", Via.SERVICE_API, Description(form(*fields[:count]), "chat"))
        assert "/apps/x" not in json.loads(full_document(settings, [app]))["paths"]


def test_names_become_identifiers_that_never_meet() -> None:
    names = ["order-desk", "order_desk", "Order.Desk", "a", "A", "2024-01-01", "_", "..", "aV2"]
    found = identifiers(names)
    assert found["order-desk"] == "OrderDesk"
    assert len({called.lower() for called in found.values()}) == len(names)
    assert all(called.isalnum() and called.isascii() for called in found.values())
    settings = parse_settings(
        {"api_key": KEY, "apps": json.dumps(dict.fromkeys(names, APP_IDS["agent"]))}
    )
    apps = [NamedApp(name, Via.SERVICE_API, Description(form(), None)) for name in names]
    document_ = json.loads(full_document(settings, apps))
    OpenAPIV31SpecValidator(document_).validate()
    assert "/apps/.." not in document_["paths"]
