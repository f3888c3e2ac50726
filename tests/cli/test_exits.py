"""From what a command raises to a sentence and an exit code."""

import pytest
import typer
from temporalio.service import RPCError, RPCStatusCode

from cli.exits import run
from cli.voice import Failed
from datastores.client import ClientNotFound
from keys import MissingKey
from model.base import BadInput
from model.errors import ProviderError
from temporal.client import NoTemporal

app = typer.Typer(add_completion=False)
raised: list[BaseException] = []


@app.command()
def fail(number: int = 0) -> int:
    if raised:
        raise raised[0]
    return number


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadInput("nodes 0 is not allowed"), 2),
        (MissingKey("there is no payload key"), 2),
        (Failed("it failed"), 1),
        (NoTemporal("Temporal does not answer"), 1),
        (ClientNotFound("psql is not found"), 1),
        (ProviderError("503"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_error_has_its_code_and_is_one_sentence(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    raised[:] = [error]
    assert run(app, [], "durabase") == code
    captured = capsys.readouterr()
    assert captured.err.strip() == str(error)
    assert captured.out == ""


def test_an_error_of_temporal_is_told_in_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    raised[:] = [RPCError("namespace is not found", RPCStatusCode.NOT_FOUND, b"")]
    assert run(app, [], "durabase") == 1
    assert capsys.readouterr().err == "Temporal failed: namespace is not found\n"


def test_a_file_that_the_system_refuses_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    raised[:] = [PermissionError(13, "Permission denied", "/var/lib/durabase")]
    assert run(app, [], "durabase") == 1
    assert capsys.readouterr().err == "/var/lib/durabase cannot be used: Permission denied\n"


@pytest.mark.parametrize("error", [ZeroDivisionError(), ConnectionResetError(104, "reset")])
def test_a_bug_shows_where_it_is(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    raised[:] = [error]
    assert run(app, [], "durabase") == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--number", "three"], ["--nothing"], ["too", "many"]])
def test_a_wrong_command_line_is_bad_input(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    raised.clear()
    assert run(app, arguments, "durabase") == 2
    captured = capsys.readouterr()
    assert len(captured.err.splitlines()) == 1
    assert captured.out == ""


def test_a_command_may_return_its_code() -> None:
    raised.clear()
    assert run(app, ["--number", "1"], "durabase") == 1
    assert run(app, [], "durabase") == 0
