"""The settings form's values, understood or refused by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endpoints.http.errors import AppNotAllowed, AppNotFound, InvalidSettings
from endpoints.http.settings import KeyLocation, Settings, parse_settings

KEY = "k" * 16
A = "11111111-2222-4333-8444-555555555555"
B = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"


def settings(**changes: object) -> Settings:
    return parse_settings({"api_key": KEY, **changes})


def test_missing_null_and_empty_mean_the_same() -> None:
    bare = settings()
    for nothing in (None, "", "   "):
        assert settings(key_location=nothing, apps=nothing, app=None) == bare
    assert bare.key_location is KeyLocation.HEADER
    assert bare.apps.ids is None


def test_several_keys_are_separated_by_commas_or_spaces() -> None:
    assert len(settings(api_key=f"{'a' * 16}, {'b' * 20}  {'c' * 16}").api_keys) == 3


@pytest.mark.parametrize("key", ["short", f"{KEY}, short", "", None, 5, ["x" * 20]])
def test_a_key_that_is_missing_or_too_short_is_refused(key: object) -> None:
    with pytest.raises(InvalidSettings) as refusal:
        settings(api_key=key)
    assert "`api_key`" in refusal.value.message
    assert "short" not in refusal.value.message


def test_without_authentication_no_key_is_needed() -> None:
    assert parse_settings({"key_location": "none"}).api_keys == ()


def test_a_secret_never_shows() -> None:
    assert KEY not in repr(settings())


@pytest.mark.parametrize(
    ("apps", "app", "ids", "names"),
    [
        ("", None, None, {}),
        ("", {"app_id": A.upper(), "type": "chat"}, {A}, {"default": A}),
        ("", {"app_id": ""}, None, {}),
        ("*", None, None, {}),
        ("*", {"app_id": A}, None, {"default": A}),
        (A, None, {A}, {}),
        (f"{A}, {B}", None, {A, B}, {}),
        (f"{A} {B.upper()}", None, {A, B}, {}),
        (B, {"app_id": A}, {A, B}, {"default": A}),
        (f"[{A}, {B}]", None, {A, B}, {}),
        (f"- {A}\n- {B}", None, {A, B}, {}),
        (f"{{support: {A}, triage: '{B}'}}", None, {A, B}, {"support": A, "triage": B}),
        (f"support: {A}\ntriage: {B}\n", None, {A, B}, {"support": A, "triage": B}),
        (f"2024-01-01: {A}", None, {A}, {"2024-01-01": A}),
    ],
)
def test_which_apps_are_exposed(
    apps: str, app: object, ids: set[str] | None, names: dict[str, str]
) -> None:
    exposed = settings(apps=apps, app=app).apps
    assert exposed.ids == ids
    assert dict(exposed.names) == names


@pytest.mark.parametrize(
    "apps",
    [
        "not-an-id",
        "{default: " + A + "}",
        "{" + A + ": " + B + "}",
        "{'a b': " + A + "}",
        "{a: " + A + ", a: " + B + "}",
        "{a: [" + A + "]}",
        "{a: '*'}",
        "[[" + A + "]]",
        "{a: &x " + A + ", b: *y}",
        "{unclosed",
        "[" * 5000,
        "x" * 70_000,
        "a:b:c",
        "# only a comment",
    ],
)
def test_apps_that_can_not_be_understood_are_refused(apps: str) -> None:
    with pytest.raises(InvalidSettings) as refusal:
        settings(apps=apps)
    assert "`apps`" in refusal.value.message


@pytest.mark.parametrize("app", [{"app_id": "x"}, {"app_id": 5}, 5, "x", ["y"]])
def test_a_picked_app_that_is_none_is_refused(app: object) -> None:
    with pytest.raises(InvalidSettings) as refusal:
        settings(app=app)
    assert "`app`" in refusal.value.message


@given(st.dictionaries(st.sampled_from(["api_key", "key_location", "app", "apps"]), st.text()))
def test_no_text_makes_anything_but_settings_or_a_refusal(raw: dict[str, str]) -> None:
    try:
        parse_settings(raw)
    except InvalidSettings as refusal:
        assert refusal.status == 500


def test_resolving_an_app() -> None:
    apps = settings(apps=f"{{support: {A}}}").apps
    assert apps.resolve("support").app_id == A
    assert apps.resolve(A.upper()).app_id == A
    assert apps.resolve(A).name == "support"
    with pytest.raises(AppNotAllowed):
        apps.resolve(B)
    for unknown in ("default", "Support", "x" * 65, "", A + "0"):
        with pytest.raises(AppNotFound):
            apps.resolve(unknown)
    assert settings().apps.resolve(B).app_id == B
    assert settings(app={"app_id": A}).apps.resolve("default").app_id == A


URL = "https://api.dify.example/v1"


def test_no_app_has_a_service_api_key_by_default() -> None:
    assert settings().service_api is None
    assert settings(service_api_url=URL).service_api is None


def test_service_api_keys_are_given_for_names_or_ids() -> None:
    parsed = settings(
        apps=f"{{support: {A}}}",
        app={"app_id": B},
        service_api_url=URL + "/",
        service_api_keys=f"support: app-one\n{B.upper()}: app-two",
    )
    assert parsed.service_api is not None
    assert parsed.service_api.base_url == URL
    assert dict(parsed.service_api.keys) == {A: "app-one", B: "app-two"}
    assert "app-one" not in repr(parsed)
    by_default = settings(
        app={"app_id": B}, service_api_url=URL, service_api_keys="{default: app-two}"
    )
    assert by_default.service_api is not None
    assert dict(by_default.service_api.keys) == {B: "app-two"}


@pytest.mark.parametrize(
    "url",
    [
        "api.dify.example/v1",
        "ftp://api.dify.example",
        "https://",
        "https://user:s3cret@api.dify.example/v1",
        "https://s3cret@api.dify.example/v1",
        "https://api.dify.example/v1?key=s3cret",
        "https://api.dify.example/v1#s3cret",
        "https://api.dify.example:port/v1",
        "https://api dify.example/v1",
        "https://api.dify.exämple\n/v1",
        "https://[::1/v1",
    ],
)
@pytest.mark.parametrize("setting", ["service_api_url", "public_url"])
def test_a_url_that_is_none_is_refused(setting: str, url: str) -> None:
    with pytest.raises(InvalidSettings) as refusal:
        settings(**{setting: url})
    assert f"`{setting}`" in refusal.value.message
    assert "s3cret" not in refusal.value.message


def test_a_public_url_has_no_slash_at_its_end() -> None:
    assert settings().public_url == ""
    assert settings(public_url=" https://dify.example/e/abc/ ").public_url == (
        "https://dify.example/e/abc"
    )


@pytest.mark.parametrize("url", ["http://api:5001/v1", "https://[::1]:8443/v1", URL])
def test_service_api_urls(url: str) -> None:
    assert settings(service_api_url=url).service_api is None


@pytest.mark.parametrize(
    "keys",
    [
        "app-s3cret",
        "[app-s3cret]",
        "{unknown: app-s3cret}",
        f"{{{A}: }}",
        f"{{{A}: 'app s3cret'}}",
        f"{{{A}: [app-s3cret]}}",
        f"{{{A}: app-s3cret, {A.upper()}: app-other}}",
        f"{{{A}: app-s3cret, {A}: app-other}}",
        "{unclosed: app-s3cret",
    ],
)
def test_service_api_keys_that_can_not_be_understood_are_refused(keys: str) -> None:
    with pytest.raises(InvalidSettings) as refusal:
        settings(service_api_url=URL, service_api_keys=keys)
    assert "`service_api_keys`" in refusal.value.message
    assert "s3cret" not in refusal.value.message


def test_service_api_keys_need_a_url() -> None:
    with pytest.raises(InvalidSettings) as refusal:
        settings(service_api_keys=f"{{{A}: app-s3cret}}")
    assert "`service_api_url`" in refusal.value.message
