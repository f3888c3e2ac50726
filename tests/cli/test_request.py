"""From options to a request, and the sentences for what is wrong."""

import io
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.request import Options, cluster_spec, file_spec
from model.base import BadInput, shown
from model.spec import ClusterSpec, OnFailure
from settings import load_settings, local_cloud


def options(**changed: Any) -> Options:
    return Options(**{"name": "orders", "cloud": "local-here", **changed})


def refusal(**changed: Any) -> str:
    with pytest.raises(BadInput) as refused:
        cluster_spec(options(**changed))
    return str(refused.value)


def test_everything_arrives() -> None:
    spec = cluster_spec(
        options(
            version="18",
            nodes=3,
            flavor="large",
            volume_size=20,
            allowed_cidrs=["10.1.0.0/16"],
            databases=["app", "log"],
            users=["app:app", "all"],
            configuration=["work_mem=8MB", "search_path=a=b"],
            on_failure=OnFailure.DELETE,
        )
    )
    assert (spec.name, spec.cloud, spec.datastore, spec.version) == ("orders", "local-here", "postgresql", "18")
    assert (spec.nodes, spec.flavor, spec.volume_size, spec.on_failure) == (3, "large", 20, "delete")
    assert spec.allowed_cidrs == ("10.1.0.0/16",)
    assert [database.name for database in spec.databases] == ["app", "log"]
    assert [(user.name, user.databases, user.password) for user in spec.users] == [
        ("app", ("app",), None),
        ("all", (), None),
    ]
    assert spec.configuration == {"work_mem": "8MB", "search_path": "a=b"}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": "Orders"}, "name 'Orders' is not allowed: it must be 1 to 40 lower-case letters"),
        ({"nodes": 0}, "nodes 0 is not allowed: it must be a whole number from 1 to 99"),
        ({"volume_size": -1}, "volume_size -1 is not allowed: it must be a whole number of GiB from 1 to 65536"),
        ({"volume_size": 70000}, "volume_size 70000 is not allowed"),
        ({"datastore": "post gres"}, "datastore 'post gres' is not allowed"),
        ({"allowed_cidrs": ["10.0.0.1/8"]}, "allowed_cidrs.0 '10.0.0.1/8' is not allowed: it must be a network"),
        ({"databases": ["a", "a"]}, "databases 'a' is not allowed: it must be named only once"),
        ({"users": ["a", "a:x"], "databases": ["x"]}, "users 'a' is not allowed: it must be named only once"),
        ({"users": ["a:nowhere"], "databases": ["x"]}, "users.a.databases 'nowhere' is not allowed"),
        ({"users": ["a:"]}, "--user 'a:' is not allowed: it must be NAME, or NAME:DATABASE,DATABASE"),
        ({"configuration": ["work_mem"]}, "--config 'work_mem' is not allowed: it must be KEY=VALUE"),
        ({"configuration": ["=1"]}, "--config '=1' is not allowed: it must be KEY=VALUE"),
        ({"configuration": ["a=1", "a=2"]}, "--config 'a' is not allowed: it must be named only once"),
    ],
)
def test_refusals_name_field_value_and_what_is_allowed(changed: dict[str, Any], sentence: str) -> None:
    assert refusal(**changed).startswith(sentence)


def passwords(folder: Path, content: str) -> str:
    file = folder / "passwords"
    file.write_bytes(content.encode())
    return str(file)


def test_passwords_come_from_a_file(tmp_path: Path) -> None:
    file = passwords(tmp_path, "app:one:two\r\n\nother: three \n")
    spec = cluster_spec(options(users=["app", "other", "derived"], passwords=file))
    revealed = {user.name: user.password and user.password.reveal() for user in spec.users}
    assert revealed == {"app": "one:two", "other": " three ", "derived": None}


def test_a_byte_order_mark_belongs_to_no_name(tmp_path: Path) -> None:
    file = passwords(tmp_path, "\ufeffapp:secret\r\n")
    (user,) = cluster_spec(options(users=["app"], passwords=file)).users
    assert user.password is not None
    assert user.password.reveal() == "secret"
    for written in ('{"name": "orders"}', "name: orders\r\n"):
        assert spec_of(tmp_path, f"\ufeff{written}").name == "orders"


def test_passwords_come_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"app:secret\n")))
    (user,) = cluster_spec(options(users=["app"], passwords="-")).users
    assert user.password is not None
    assert user.password.reveal() == "secret"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("app:hidden\nhidden\n", "--passwords line 2 is not allowed: it must be USER:PASSWORD"),
        (":hidden\n", "--passwords line 1 is not allowed: it must be USER:PASSWORD"),
        ("app:\n", "--passwords password of 'app' is not allowed: it must be 1 to 128"),
        (f"app:{'hidden' * 30}\n", "--passwords password of 'app' is not allowed"),
        ("app:hidden\napp:hidden\n", "--passwords user 'app' is not allowed: it must be named only once"),
        (
            "who:hidden\n",
            "--passwords user 'who' is not allowed: it must be one of the users that the request asks for: app",
        ),
    ],
)
def test_a_wrong_line_is_refused_and_not_shown(content: str, sentence: str, tmp_path: Path) -> None:
    said = refusal(users=["app"], passwords=passwords(tmp_path, content))
    assert said.startswith(sentence)
    assert "hidden" not in said


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    assert refusal(passwords=str(tmp_path / "none")).endswith("cannot be read: No such file or directory")
    (tmp_path / "binary").write_bytes(b"app:\xff\n")
    assert "a file in UTF-8" in refusal(passwords=str(tmp_path / "binary"))


@given(st.lists(st.text(max_size=12), max_size=3), st.lists(st.text(max_size=12), max_size=3), st.text(max_size=45))
def test_whatever_is_typed_is_a_request_or_a_sentence(users: list[str], configuration: list[str], name: str) -> None:
    typed = options(name=name, users=users, configuration=configuration)
    with suppress(BadInput):
        spec = cluster_spec(typed)
        assert (spec.name, len(spec.users), len(spec.configuration)) == (name, len(users), len(configuration))
        return
    assert "it must be" in refusal(name=name, users=users, configuration=configuration)


# From a file.

SECRET = "Tr0ub4dor-must-not-be-read"
ORDERS = f"""\
name: orders
version: 7.10
nodes: 3
databases: [{{name: shop}}]
users:
- {{name: app, password: {SECRET}, databases: [shop]}}
- name: reader
configuration: {{fsync: on, work_mem: 64MB, max_connections: 200, jit: false}}
"""


def spec_of(folder: Path, content: str | bytes, passwords: str | None = None) -> ClusterSpec:
    file = folder / "spec.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file_spec(str(file), passwords, load_settings())


def refusal_of(folder: Path, content: str | bytes, passwords: str | None = None) -> str:
    with pytest.raises(BadInput) as refused:
        spec_of(folder, content, passwords)
    return str(refused.value)


def test_a_file_is_the_whole_request(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, ORDERS)
    assert (spec.name, spec.datastore, spec.version, spec.nodes) == ("orders", "postgresql", "7.10", 3)
    assert (spec.cloud, spec.flavor, spec.volume_size, spec.on_failure) == (local_cloud(), "small", 1, "keep")
    assert spec.configuration == {"fsync": "on", "work_mem": "64MB", "max_connections": "200", "jit": False}
    app, reader = spec.users
    assert (app.password and app.password.reveal(), app.databases, reader.password) == (SECRET, ("shop",), None)
    assert SECRET not in f"{spec!r} {spec.model_dump_json()}"


def test_a_file_says_what_the_options_say(tmp_path: Path) -> None:
    typed = options(cloud=local_cloud(), nodes=2, databases=["shop"], users=["app:shop"], configuration=["jit=off"])
    written = "{name: orders, nodes: 2, databases: [{name: shop}], users: [{name: app, databases: [shop]}]"
    assert spec_of(tmp_path, written + ", configuration: {jit: off}, cloud: local}") == cluster_spec(typed)
    assert spec_of(tmp_path, "{name: orders, cloud: elsewhere}").cloud == "elsewhere"


def test_a_file_may_be_json(tmp_path: Path) -> None:
    request = {
        "name": "orders",
        "nodes": 2,
        "version": 18,
        "databases": [{"name": "shop \N{GRINNING FACE}"}],
        "users": [{"name": "app", "password": SECRET}],
        "configuration": {"jit": False, "work_mem": "8MB", "max_connections": 200},
    }
    spec = spec_of(tmp_path, json.dumps(request, indent="\t"))
    assert (spec.nodes, spec.version, spec.databases[0].name) == (2, "18", "shop \N{GRINNING FACE}")
    assert spec.configuration == {"jit": False, "work_mem": "8MB", "max_connections": "200"}
    assert SECRET not in refusal_of(tmp_path, json.dumps(request | {"node": 1}))


def test_databases_in_a_file_have_character_sets(tmp_path: Path) -> None:
    written = "{name: orders, datastore: mysql, databases: [{name: shop, character_set: binary}, {name: log}]}"
    shop, log = spec_of(tmp_path, written).databases
    assert (shop.character_set, shop.collate, log.character_set) == ("binary", None, None)
    typo = "databases.0.colate is not a field: allowed are name, character_set, collate"
    assert refusal_of(tmp_path, "{name: orders, databases: [{name: shop, colate: x}]}") == typo


def test_a_file_comes_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(ORDERS.encode())))
    assert file_spec("-", None, load_settings()).nodes == 3


def test_passwords_may_stand_beside_a_file(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, ORDERS, passwords(tmp_path, "reader:another"))
    assert [user.password and user.password.reveal() for user in spec.users] == [SECRET, "another"]
    sentence = "--passwords user 'app' is not allowed: it must be one without a password in the request"
    assert refusal_of(tmp_path, ORDERS, passwords(tmp_path, "app:another")) == sentence
    with pytest.raises(BadInput, match=r"^--passwords '-' is not allowed: it must be a file, because --file reads"):
        file_spec("-", "-", load_settings())


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is not allowed: it must be YAML with a table of the request's fields"),
        ("[name]", "is not allowed: it must be YAML with a table of the request's fields"),
        ("orders", "is not allowed: it must be YAML with a table of the request's fields"),
        (b"\xff\xfe", "is not allowed: it must be a file in UTF-8"),
        ("a" * 200_000, "is not allowed: it must be a file of at most 128 KiB"),
        ("[" * 1000, "is not allowed: it must be YAML nested in at most 16 levels (line 1)"),
    ],
)
def test_what_is_no_request_at_all_is_refused(tmp_path: Path, content: str | bytes, sentence: str) -> None:
    assert refusal_of(tmp_path, content) == f"--file {shown(str(tmp_path / 'spec.yaml'))} {sentence}"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("nodes: many", "nodes 'many' is not allowed: it must be a whole number from 1 to 99"),
        ("nodes: 0", "nodes 0 is not allowed: it must be a whole number from 1 to 99"),
        ("nodes:", "nodes None is not allowed: it must be a whole number from 1 to 99"),
        ("cloud: [local]", "cloud is not allowed: it must be 1 to 63 letters, digits"),
        ("node: 3", "node is not a field: allowed are name, datastore, version"),
        ("users: [{nam: app}]", "users.0.name is missing: it must be 1 to 128 characters"),
        (f"users: {SECRET}", "users is not allowed: it must be a list of tables, each with a name"),
        (f"users: [{SECRET}]", "users.0 is not allowed: it must be a list of tables, each with a name"),
        (f"users: [{{name: app, password: [{SECRET}]}}]", "users.0.password is not allowed: it must be 1 to 128"),
        (
            "configuration: {work_mem: }",
            "configuration.work_mem None is not allowed: it must be true, false, a finite number or a text",
        ),
        ('configuration: {"": 1}', "configuration key '' is not allowed: it must be 1 to 128 characters"),
    ],
)
def test_a_wrong_field_of_a_file_is_one_sentence(tmp_path: Path, line: str, sentence: str) -> None:
    said = refusal_of(tmp_path, f"name: orders\n{line}\n")
    assert said.splitlines()[0].startswith(sentence)
    assert SECRET not in said


@given(st.binary(max_size=200) | st.text(max_size=200) | st.text("-:{}[]&*!|>'\"%@`#,? \t\nab1", max_size=50))
def test_any_file_is_a_request_or_a_sentence(tmp_path_factory: pytest.TempPathFactory, content: str | bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    with suppress(BadInput):
        assert spec_of(folder, content).name
        return
    assert_refused(refusal_of(folder, content))


@given(
    st.integers(0, len(ORDERS)), st.integers(0, 30), st.text(max_size=9) | st.sampled_from(["\0", "\t", "&a ", "*a"])
)
def test_a_torn_file_is_a_request_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, at: int, cut: int, put: str
) -> None:
    folder, torn = tmp_path_factory.getbasetemp(), ORDERS[:at] + put + ORDERS[at + cut :]
    with suppress(BadInput):
        assert spec_of(folder, torn).name
        return
    assert_refused(refusal_of(folder, torn))


def assert_refused(said: str) -> None:
    for line in said.split("\n"):
        assert any(word in line for word in (" it must be ", " is not a field: "))
