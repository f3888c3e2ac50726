"""`create`: either options or a file, and nothing is merged in silence."""

from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from cli import commands
from cli.exits import run
from cli.voice import DONE, Voice
from model.spec import ClusterSpec, OnFailure
from settings import local_cloud
from starter import app

asked: list[tuple[ClusterSpec, bool, bool]] = []


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What reaches Temporal is only looked at."""
    monkeypatch.setenv("DURABASE_CONFIG", str(tmp_path / "durabase.toml"))
    monkeypatch.setattr(commands, "create", _asked)
    (tmp_path / "spec.yaml").write_text("{name: orders, nodes: 3, users: [{name: app}]}")
    (tmp_path / "passwords").write_text("app:s3cret")
    monkeypatch.chdir(tmp_path)
    asked.clear()


def _asked(spec: ClusterSpec, wait: bool, voice: Voice) -> Coroutine[Any, Any, int]:
    async def done() -> int:
        asked.append((spec, wait, voice.json))
        return DONE

    return done()


def create(*arguments: str) -> tuple[ClusterSpec, bool, bool]:
    assert run(app, ["create", *arguments], "durabase") == DONE
    (request,) = asked
    return request


def test_options_make_a_request() -> None:
    spec, wait, json = create("orders", "--nodes", "2", "--config", "jit=off", "--on-failure", "delete", "--protected")
    assert (spec.name, spec.nodes, spec.datastore, spec.flavor, spec.cloud) == (
        *("orders", 2, "postgresql", "small"),
        local_cloud(),
    )
    assert (spec.configuration, spec.on_failure, wait, json) == ({"jit": "off"}, OnFailure.DELETE, True, False)
    assert spec.protected


@pytest.mark.parametrize("option", ["-f", "--file"])
def test_a_file_makes_a_request(option: str) -> None:
    spec, wait, json = create(option, "spec.yaml", "--passwords", "passwords", "--no-wait", "--json")
    assert (spec.name, spec.nodes, wait, json) == ("orders", 3, False, True)
    assert spec.users[0].password is not None
    assert spec.users[0].password.reveal() == "s3cret"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["orders"], "NAME 'orders' is not allowed: it must be left out beside --file"),
        (["--nodes", "1"], "--nodes 1 is not allowed: it must be left out beside --file"),
        (["--database", "a", "--database", "b"], "--database ['a', 'b'] is not allowed: it must be left out"),
        (["--cloud", "local"], "--cloud 'local' is not allowed: it must be left out"),
        (["--protected"], "--protected True is not allowed: it must be left out"),
        (["--on-failure", "keep"], "--on-failure 'keep' is not allowed: it must be left out"),
    ],
)
def test_what_the_file_says_stands_nowhere_else(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(app, ["create", "-f", "spec.yaml", *arguments], "durabase") == 2
    assert capsys.readouterr().err.startswith(sentence)
    assert asked == []


def test_without_a_name_and_a_file_there_is_no_request(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["create", "--nodes", "3"], "durabase") == 2
    sentence = "NAME is missing: it must be the new cluster's name, or --file the whole request\n"
    assert capsys.readouterr().err == sentence
