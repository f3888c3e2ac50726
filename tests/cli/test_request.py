"""From options to a request, and the sentences for what is wrong."""

import io
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.request import Options, cluster_spec
from model.base import BadInput
from model.spec import OnFailure


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
            databases=["app", "log"],
            users=["app:app", "all"],
            configuration=["work_mem=8MB", "search_path=a=b"],
            on_failure=OnFailure.DELETE,
        )
    )
    assert (spec.name, spec.cloud, spec.datastore, spec.version) == ("orders", "local-here", "postgresql", "18")
    assert (spec.nodes, spec.flavor, spec.volume_size, spec.on_failure) == (3, "large", 20, "delete")
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
        ("who:hidden\n", "--passwords user 'who' is not allowed: it must be one of the users asked for with --user"),
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
