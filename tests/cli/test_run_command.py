"""`run`, of real workflows with scripted activities."""

import json

import pytest

from cli import run_command as module
from cli.run_command import run_command
from cli.session import Session
from cli.voice import Failed, Voice
from guests.base import OUTPUT_LIMIT
from model.base import BadInput
from model.command import CommandRequest, CommandResult
from model.errors import GuestUnreachable
from tests.cli.test_clusters import active
from tests.scripted import Script

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _this_session(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    async def opened() -> Session:
        return session

    monkeypatch.setattr(module, "open_session", opened)


async def run(session: Session, script: Script, result: object, as_json: bool = False) -> int:
    spec = script.spec(1)
    script.on(f"run_command/{spec.name}-1/1", result)
    await active(session, spec)
    request = CommandRequest(member=f"{spec.name}-1", command=("uptime",), timeout=20)
    return await module._run(request, Voice(as_json))


async def test_output_comes_as_it_is(session: Session, script: Script, capsys: Capture) -> None:
    assert await run(session, script, CommandResult(0, "[a]\tb", "warned\n")) == 0
    assert capsys.readouterr() == ("[a]\tb", "warned\n")


@pytest.mark.parametrize(
    ("code", "note"),
    [
        (3, "exit code 3\n"),
        (-1, "it was ended by a signal\n"),
        (124, "exit code 124: so ends what takes longer than its --timeout, 20 s\n"),
    ],
)
async def test_a_command_that_fails_says_how(
    session: Session, script: Script, capsys: Capture, code: int, note: str
) -> None:
    assert await run(session, script, CommandResult(code, "out\n", "err\n")) == 1
    assert capsys.readouterr() == ("out\n", f"err\n{note}")


async def test_output_that_was_cut_says_so(session: Session, script: Script, capsys: Capture) -> None:
    assert await run(session, script, CommandResult(0, "x" * OUTPUT_LIMIT, "")) == 0
    assert capsys.readouterr().err == "only the last 32 KiB of its standard output were kept\n"


async def test_a_program_reads_a_document(session: Session, script: Script, capsys: Capture) -> None:
    assert await run(session, script, CommandResult(3, "out\n", "err\n"), as_json=True) == 1
    said = capsys.readouterr()
    assert json.loads(said.out) == {"code": 3, "stdout": "out\n", "stderr": "err\n"}
    assert said.err == "exit code 3\n"


async def test_what_keeps_it_from_running_is_one_sentence(session: Session, script: Script) -> None:
    with pytest.raises(Failed, match=r"^SSH does not answer$"):
        await run(session, script, GuestUnreachable("SSH does not answer"))
    spec = script.spec(1)
    await active(session, spec)
    with pytest.raises(BadInput, match=f"^member '{spec.name}-2' is not allowed: it must be one of {spec.name}-1$"):
        await module._run(CommandRequest(member=f"{spec.name}-2", command=("uptime",)), Voice())
    with pytest.raises(BadInput, match=r"^there is no cluster 'nowhere'"):
        await module._run(CommandRequest(member="nowhere-1", command=("uptime",)), Voice())


@pytest.mark.parametrize(
    ("member", "timeout", "sentence"),
    [
        ("orders", 60, "member 'orders' is not allowed: it must be a member's name, such as orders-1"),
        ("orders-1", 0, "timeout 0 is not allowed: it must be a whole number of seconds from 1 to 600"),
    ],
)
def test_bad_input_is_refused_before_anything_is_asked(member: str, timeout: int, sentence: str) -> None:
    with pytest.raises(BadInput) as refused:
        run_command(member, ["uptime"], timeout)
    assert str(refused.value) == sentence
