"""Bad input, all of it: every field of the settings, from the environment and from durabase.toml."""

import json
import os
import types
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any, Union, get_args, get_origin

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as example_settings
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from environment import CONFIG, PREFIX
from model.base import BadInput
from settings import Settings, load_settings

FIELDS = Settings.model_fields
SECRET = "Tr0ub4dor-must-not-be-read"
LONGEST = 1000
TABLES = (dict, tuple)
"""What is JSON in a variable."""

fixtures = example_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture(autouse=True)
def toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's own durabase.toml, and a home of its own."""
    path = tmp_path / "durabase.toml"
    monkeypatch.setenv(CONFIG, str(path))
    monkeypatch.setenv("HOME", str(tmp_path))
    return path


def wrong(annotation: Any, field: FieldInfo | None = None) -> list[Any]:
    """Return values that are wrong for a type. A new kind of setting must be added here."""
    if get_origin(annotation) in (Union, types.UnionType):
        (annotation,) = (each for each in get_args(annotation) if each is not type(None))
    constrained = bool(field and field.metadata) or hasattr(annotation, "__metadata__")
    if hasattr(annotation, "__metadata__"):
        annotation = annotation.__origin__
    if get_origin(annotation) is dict:
        return [5, "x", [], [SECRET], {"": {"": SECRET}}, *([{"x": each} for each in wrong(get_args(annotation)[1])])]
    if get_origin(annotation) is tuple:
        return [5, "x", {"x": SECRET}, *([[each] for each in wrong(get_args(annotation)[0])])]
    if annotation is int:
        limits = [limit for each in (field.metadata if field else []) for limit in _beyond(each)]
        return ["", "many", "1.5", "1e3", True, 1.5, [], {}, *limits]
    if annotation is bool:
        return ["", "maybe", 5, [], {}]
    if annotation is Path:
        return ["", "a\0b", 5, True, [], __file__, f"{__file__}/below", "~nobody-of-this-name", "x" * 5000]
    if isinstance(annotation, type) and issubclass(annotation, Enum | BaseModel):
        return ["maybe", 5, [], {"no": SECRET}]
    assert annotation in (str, bytes), f"no wrong value is known for {annotation}"
    return [5, True, [], {"x": SECRET}, *(["", "a\nb", "ä" * 5000] if constrained else [])]


def _beyond(limit: Any) -> list[int]:
    return [limit.ge - 1] if hasattr(limit, "ge") else [limit.le + 1] if hasattr(limit, "le") else []


def in_toml(value: Any) -> str:
    """Return a value as TOML spells it: as JSON does, but for tables and DEL."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{in_toml(key)} = {in_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(in_toml(each) for each in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def refusal() -> str:
    with pytest.raises(BadInput) as refused:
        load_settings()
    return str(refused.value)


def assert_refused(field: str, said: str) -> None:
    """Every line is a sentence about that field, or about nothing but its variable."""
    for line in said.split("\n"):
        assert line.startswith((field, f"{PREFIX}{field.upper()}"))
        assert " it must be " in line or " is missing: " in line or " is not a field: " in line
        assert len(line) < LONGEST
    assert SECRET not in said


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_says_what_is_allowed(field: str) -> None:
    described = FIELDS[field].description
    assert described
    assert described[0].islower() or described[0].isdigit()
    assert not described.endswith(".")


@pytest.mark.parametrize("field", FIELDS)
def test_a_wrong_value_in_the_file_is_refused(toml: Path, field: str) -> None:
    for value in wrong(FIELDS[field].annotation, FIELDS[field]):
        toml.write_text(f"{field} = {in_toml(value)}\n")
        assert_refused(field, refusal())


@pytest.mark.parametrize("field", FIELDS)
def test_a_wrong_value_of_a_variable_is_refused(monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    is_table = get_origin(FIELDS[field].annotation) in TABLES
    for value in wrong(FIELDS[field].annotation, FIELDS[field]):
        text = value if isinstance(value, str) else json.dumps(value)
        if "\0" not in text and (is_table or isinstance(value, str)):
            monkeypatch.setenv(f"{PREFIX}{field.upper()}", text)
            assert_refused(field, refusal())


@pytest.mark.parametrize("field", [name for name, field in FIELDS.items() if get_origin(field.annotation) in TABLES])
@pytest.mark.parametrize("text", ["{", "[" * 100_000, f'{{"x": {"9" * 5000}}}', "\udcff", SECRET])
def test_what_is_no_json_is_refused(monkeypatch: pytest.MonkeyPatch, field: str, text: str) -> None:
    monkeypatch.setenv(f"{PREFIX}{field.upper()}", text)
    said = refusal()
    assert len(said.splitlines()) == 1
    assert len(said) < LONGEST
    assert SECRET not in said


scalars = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=20) | st.just(SECRET)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@fixtures
@given(st.sampled_from(sorted(FIELDS)), trees)
def test_any_value_in_the_file_is_taken_or_refused_by_name(toml: Path, field: str, value: Any) -> None:
    secret = not FIELDS[field].repr
    if SECRET in str(value) and not secret:
        return
    toml.write_text(f"{field} = {in_toml(value)}\n")
    with suppress(BadInput):
        load_settings()
        return
    assert_refused(field, refusal())


@fixtures
@given(st.sampled_from(sorted(FIELDS)), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_any_variable_is_taken_or_refused_by_name(field: str, text: str) -> None:
    name = f"{PREFIX}{field.upper()}"
    os.environ[name] = text
    try:
        with suppress(BadInput):
            load_settings()
            return
        assert_refused(field, refusal())
    finally:
        del os.environ[name]


@pytest.mark.parametrize(
    "content", ["\0", "a = ", "a = " + "[" * 20_000, f"builds = {'9' * 5000}", "[clouds]\n[clouds]", "\ud800"]
)
def test_a_file_that_is_no_toml_is_one_sentence(toml: Path, content: str) -> None:
    toml.write_bytes(content.encode(errors="surrogatepass"))
    said = refusal()
    assert said.startswith(str(toml))
    assert len(said.splitlines()) == 1
    assert len(said) < LONGEST


@pytest.mark.parametrize("cloud", ["", "mars", "Local", "local\n"])
def test_a_default_cloud_that_is_not_configured_is_refused(toml: Path, cloud: str) -> None:
    toml.write_text(f"cloud = {in_toml(cloud)}\n[clouds.lab]\nprovider = 'local'\n")
    assert refusal().startswith(f"cloud {cloud!r} is not allowed: it must be one of local, lab, local-")
    toml.write_text("cloud = 'lab'\n[clouds.lab]\nprovider = 'local'\n")
    assert load_settings().cloud == "lab"
