"""Bad input, all of it: every option of every command, refused in one sentence before anything is asked or made."""

import contextlib
import io
import logging
from collections.abc import Iterator
from enum import Enum
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given
from hypothesis import settings as example_settings
from hypothesis import strategies as st
from typer.core import TyperArgument, TyperOption

from cli.exits import run
from cli.voice import Failed
from key_file import make_local_keys
from model.base import shown
from starter import app

Param = TyperArgument | TyperOption

REACHED = "Temporal was reached"

LONGEST = 1200
"""Characters of a sentence, which may list what is allowed, but not repeat what is wrong at length."""

FREE = {("connect", "arguments"), ("run", "command")}
"""What another program reads: its own to judge."""

GOOD = {"name": "orders", "member": "orders-1", "engine": "postgresql", "shell": "bash", "command": "true"}
"""A value for each argument that must be there, so that another one is what is wrong."""

COMMANDS = dict(typer.main.get_command(app).commands)  # type: ignore[attr-defined]  # it is a group
PARAMS: list[tuple[str, Param]] = [
    (name, param) for name, command in COMMANDS.items() for param in command.params if param.name != "help"
]
STRANGE = [
    "",
    " ",
    "\0",
    "a\nb",
    "\x1b[31m",
    "\udcff",
    "\N{CYRILLIC SMALL LETTER HA}",
    "-1",
    "1e9",
    "٣",
    "9" * 5000,
    "x" * 2**20,
    "../..",
    "{}",
]


numbers = count()
"""For files that a command makes: a second one of the same name would be refused."""


class Ended(BaseException):
    """What os._exit is here."""


@pytest.fixture(autouse=True)
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A home with keys, in which whoever tries to reach Temporal has accepted its input."""
    monkeypatch.setenv("DURABASE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("DURABASE_CONFIG", str(tmp_path / "durabase.toml"))
    monkeypatch.chdir(tmp_path)
    make_local_keys(tmp_path / "state")
    for name in ("cli.session.connect", "worker.connect"):
        monkeypatch.setattr(name, _reached)
    monkeypatch.setattr("os._exit", _ended)
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


async def _reached(*_: object, **__: object) -> None:
    raise Failed(REACHED)


def _ended(code: int) -> None:
    raise Ended(code)


def outcome(*arguments: str) -> tuple[int, str]:
    """Run a command in this process; return its exit code, and what it said on standard error."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            code = run(app, arguments, "durabase")
        except Ended as ended:
            code = ended.args[0]
    return code, said.getvalue()


def with_value(command: str, param: Param, value: str) -> list[str]:
    """Return a command line that is right but for this value."""
    others = [each for each in COMMANDS[command].params if each is not param and each.required]
    arguments = [
        value if each is param else GOOD[each.name] for each in COMMANDS[command].params if _stands(each, param)
    ]
    options = [f"{each.opts[0]}=out-{next(numbers)}" for each in others if isinstance(each, TyperOption)]
    if isinstance(param, TyperOption):
        options.append(f"{param.opts[0]}={value}")
    if command == "create" and param.name != "file" and "orders" not in arguments and param.name != "name":
        arguments.append(GOOD["name"])
    return [command, *options, "--", *arguments]


def _stands(each: Any, param: Param) -> bool:
    return isinstance(each, TyperArgument) and (each is param or each.required)


def assert_refused(param: Param, code: int, said: str) -> None:
    assert code == 2, said
    assert said.endswith("\n")
    assert len(said.splitlines()) == 1
    assert len(said) < LONGEST
    assert any(name.replace("_", "-") in said.replace("_", "-").lower() for name in (param.name, *param.opts))


def wrong(param: Param) -> list[str]:
    """Return values that are wrong whatever the option means. A new kind of option must be added here."""
    kind = param.type_descriptor
    if kind.annotation is bool:
        return ["", "maybe"]
    if kind.annotation is int:
        return ["", "many", "1.5", "1e9", "\0", "-1"]
    if isinstance(kind.annotation, type) and issubclass(kind.annotation, Enum):
        return ["", "maybe", "a\nb"]
    if kind.annotation is Path:
        return ["\0"]
    assert kind.annotation in (str, list[str]), f"no wrong value is known for {kind.annotation}"
    return ["", "\0", "\udcff", "x" * 2**20]


@pytest.mark.parametrize(("command", "param"), PARAMS, ids=[f"{name} {param.opts[0]}" for name, param in PARAMS])
def test_a_wrong_value_is_refused_in_one_sentence(command: str, param: Param) -> None:
    for value in wrong(param) if (command, param.name) not in FREE else []:
        code, said = outcome(*with_value(command, param, value))
        assert_refused(param, code, said)
        if param.type_descriptor.annotation is not bool:
            assert shown(value).strip("'") in said
            assert " is not allowed: it must be " in said or " cannot be read: " in said


@example_settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PARAMS), st.sampled_from(STRANGE) | st.text(max_size=50) | st.integers().map(str))
def test_whatever_is_typed_is_taken_or_refused(typed: tuple[str, Param], value: str) -> None:
    command, param = typed
    code, said = outcome(*with_value(command, param, value))
    if code == 2:
        assert_refused(param, code, said)
    else:
        assert code == 0 or (code, said) == (1, f"{REACHED}\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_option_is_refused(command: str) -> None:
    for option in ("--no-such", "--no-such=1", "--no\nsuch", "--" + "x" * 2**20, "-0"):
        code, said = outcome(command, option)
        assert (code, len(said.splitlines())) == (2, 1)
        assert len(said) < LONGEST


@pytest.mark.parametrize("command", ["", "creat", "cre\nate", "\0", "\udcff", "x" * 2**20])
def test_an_unknown_command_is_refused(command: str) -> None:
    code, said = outcome(command)
    assert (code, len(said.splitlines())) == (2, 1)
    assert len(said) < LONGEST
