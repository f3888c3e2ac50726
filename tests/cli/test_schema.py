"""The schema of the file: an editor that goes by it and `create` judge alike."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from cli.request import file_spec
from cli.schema import file_schema, print_schema
from cli.yaml_text import YamlText
from model.base import BadInput
from model.spec import ClusterSpec
from settings import load_settings, local_cloud
from tests.model.test_spec import junk

EXAMPLES = sorted((Path(__file__).parent.parent.parent / "examples").glob("*.yaml"))
SCHEMA = file_schema()
VALIDATOR = Draft202012Validator(SCHEMA)

GOOD: dict[str, Any] = {
    "name": "orders",
    "datastore": "postgresql",
    "version": 18,
    "cloud": "local",
    "nodes": 3,
    "flavor": "small",
    "volume_size": 10,
    "allowed_cidrs": ["10.1.0.0/16", "2001:db8::/48"],
    "databases": [{"name": "shop"}, {"name": 2024, "character_set": "latin1", "collate": "latin1_bin"}],
    "users": [{"name": "app", "password": 12345678, "databases": ["shop"]}, {"name": "reader", "password": None}],
    "configuration": {"work_mem": "8MB", "jit": False, "random_page_cost": 1.1, "max_connections": 50},
    "on_failure": "delete",
    "protected": True,
}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("schema") / "spec.yaml"


def taken(file: Path, value: Any) -> ClusterSpec | None:
    """Return the request that a file with this value makes, None if it is refused. JSON is YAML."""
    file.write_text(json.dumps(value, ensure_ascii=False))
    try:
        return file_spec(str(file), None, load_settings())
    except BadInput:
        return None


def test_it_is_a_schema_and_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert print_schema() == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == SCHEMA
    assert (printed["$schema"], printed["$id"]) == (VALIDATOR.META_SCHEMA["$id"], "urn:durabase:cluster")
    assert printed["title"] == "A durabase cluster"
    assert printed["required"] == ["name"]
    assert all(field.get("description") for field in printed["properties"].values())
    assert list(printed["properties"]) == list(ClusterSpec.model_fields)


def test_it_describes_every_field_of_a_database() -> None:
    described = SCHEMA["$defs"]["DatabaseSpec"]["properties"]
    assert list(described) == ["name", "character_set", "collate"]
    assert all(field.get("description") for field in described.values())


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.name for example in EXAMPLES])
def test_the_examples_are_taken_by_both(example: Path) -> None:
    written = YamlText(example.read_text(), "--file", str(example), whole=[("nodes",), ("volume_size",)]).value()
    VALIDATOR.validate(written)
    spec = file_spec(str(example), None, load_settings())
    assert spec.name == example.stem
    assert all(user.password is None for user in spec.users)


def test_a_good_request_is_taken_by_both_and_numbers_are_texts(file: Path) -> None:
    VALIDATOR.validate(GOOD)
    spec = taken(file, GOOD)
    assert spec is not None
    assert (spec.version, spec.databases[1].name, spec.nodes) == ("18", "2024", 3)
    assert (spec.databases[1].character_set, spec.databases[1].collate) == ("latin1", "latin1_bin")
    assert spec.users[0].password is not None
    assert spec.users[0].password.reveal() == "12345678"
    assert spec.configuration == {
        "work_mem": "8MB",
        "jit": False,
        "random_page_cost": "1.1",
        "max_connections": "50",
    }


def test_only_the_name_must_be_there(file: Path) -> None:
    VALIDATOR.validate({"name": "orders"})
    assert taken(file, {"name": "orders"}) == ClusterSpec(
        name="orders", datastore="postgresql", cloud=local_cloud(), flavor="small"
    )


WRONG: dict[str, list[Any]] = {
    "name": [None, 18, "", "Orders", "a" * 41, ["a"], True],
    "datastore": [None, "", "a b", True, {}],
    "version": ["", "-1", True, []],
    "cloud": [None, "", "a/b", False],
    "nodes": [None, 0, 100, 1.5, "3", True],
    "flavor": [None, "", "a b", []],
    "volume_size": [None, 0, 65537, "10", 0.5],
    "allowed_cidrs": ["10.1.0.0/16", [None], [10], [""], ["example.org"], {}, True],
    "databases": [
        *(None, {}, ["shop"], [{}], [{"name": ""}], [{"name": None}], [{"name": "shop", "size": 1}]),
        *([{"name": "shop", "character_set": ""}], [{"name": "shop", "character_set": "a b"}]),
        *([{"name": "shop", "collate": "_bin"}], [{"name": "shop", "collate": True}]),
    ],
    "users": [None, ["app"], [{"name": "app", "pasword": "x"}], [{"name": "app", "password": ""}], [{"name": True}]],
    "configuration": [None, [], {"work_mem": None}, {"work_mem": [1]}, {"": 1}, {"a\nb": 1}],
    "on_failure": [None, "stay", 1, True],
    "protected": [None, "true", 1, 0, []],
}


@pytest.mark.parametrize("field", ClusterSpec.model_fields)
def test_what_is_wrong_is_refused_by_both(file: Path, field: str) -> None:
    for value in WRONG[field]:
        changed = {**GOOD, "databases": [{"name": "shop"}], field: value}
        assert not VALIDATOR.is_valid(changed), value
        assert taken(file, changed) is None, value


@pytest.mark.parametrize("field", [*ClusterSpec.model_fields, "typo"])
def test_what_is_left_out_or_too_much_is_judged_alike(file: Path, field: str) -> None:
    changed = {key: value for key, value in GOOD.items() if key != field and key != "users"}
    if field == "typo":
        changed[field] = 1
    assert VALIDATOR.is_valid(changed) == (taken(file, changed) is not None) == (field not in ("name", "typo"))


fields = st.sampled_from(list(ClusterSpec.model_fields))
values = junk.filter(lambda value: "b'" not in repr(value)) | st.sampled_from(list(GOOD.values()))


@given(st.dictionaries(fields, values, max_size=4))
def test_what_is_taken_fits_the_schema(file: Path, changes: dict[str, Any]) -> None:
    changed = {**GOOD, **changes}
    if taken(file, changed) is not None:
        assert [error.message for error in VALIDATOR.iter_errors(changed)] == []


@given(fields, st.text(max_size=20) | st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_a_scalar_that_is_taken_fits_the_schema(file: Path, field: str, value: Any) -> None:
    if taken(file, {**GOOD, field: value}) is not None:
        assert [error.message for error in VALIDATOR.iter_errors({**GOOD, field: value})] == []
