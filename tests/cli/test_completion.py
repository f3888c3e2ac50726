"""Completion by the shells' own protocol, and what it says where nothing is to be had: nothing."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from temporalio.client import Client

from cli import completion
from cli.session import Session
from model.cluster import Status
from settings import load_settings, local_cloud
from starter import app
from tests.cli.home import Home
from tests.scripted import Script, create, until

BESIDE_PYTHON = str(Path(sys.executable).parent)

PAYLOAD_KEYS = '{"1": "' + "A" * 43 + '="}'

Asking = Callable[..., int]

BASH = """
source <(durabase completion bash)
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_durabase_completion durabase
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_bash_itself_completes(home: Home) -> None:
    """The script that is printed, in the shell that it is for."""
    ran = subprocess.run(
        ["bash", "--norc", "-c", BASH, "bash", "durabase", "create", "--on-failure", ""],
        env=home.environment(PATH=f"{BESIDE_PYTHON}:/usr/bin:/bin"),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert (ran.stdout.split(), ran.stderr) == (["keep", "delete"], "")


def test_a_temporal_that_does_not_answer_is_not_waited_for(home: Home) -> None:
    """A process of its own: the limit ends it."""
    asked = {"_DURABASE_COMPLETE": "complete_bash", "COMP_WORDS": "durabase\nshow\n", "COMP_CWORD": "2"}
    ran = home.run(**asked, TEMPORAL_ADDRESS="10.255.255.1:7233", DURABASE_PAYLOAD_KEYS=PAYLOAD_KEYS)
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", "")


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Asking]:
    """A shell that asks in this process, the last word being typed; returns the exit code."""
    monkeypatch.setenv("DURABASE_STATE_DIR", str(tmp_path))
    monkeypatch.setattr(completion, "SECONDS", 600.0)
    alarm, stderr = signal.getsignal(signal.SIGALRM), sys.stderr

    def ask(instruction: str, *line: str) -> int:
        monkeypatch.setenv("_DURABASE_COMPLETE", instruction)
        monkeypatch.setenv("COMP_WORDS", "\n".join(line))
        monkeypatch.setenv("COMP_CWORD", str(len(line) - 1))
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", " ".join(line))
        monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
        try:
            return completion.answer(app)
        finally:
            sys.stderr.close()
            sys.stderr = stderr

    yield ask
    signal.signal(signal.SIGALRM, alarm)


@pytest.mark.parametrize(("name", "said"), [("bash", "flavors"), ("zsh", '"flavors":"List'), ("fish", "flavors\tList")])
def test_each_shell_is_answered_in_its_form(
    shell: Asking, name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shell(f"complete_{name}", "durabase", "fl") == 0
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("command", typer.main.get_command(app).commands)  # type: ignore[attr-defined]  # a group
def test_the_options_of_every_command_are_offered(
    shell: Asking, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shell("complete_bash", "durabase", command, "--") == 0
    assert "--help" in capsys.readouterr().out.split()


@pytest.mark.parametrize(
    ("instruction", "variables"),
    [
        ("complete_bash", {}),
        ("complete_bash", {"DURABASE_CLOWD": "x"}),
        ("complete_ksh", {}),
        ("nonsense", {}),
    ],
    ids=["no key", "bad settings", "unknown shell", "unknown request"],
)
def test_what_goes_wrong_is_not_said(
    shell: Asking,
    instruction: str,
    variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert shell(instruction, "durabase", "show", "") == 1
    assert tuple(capfd.readouterr()) == ("", "")


@pytest.mark.parametrize("shell", list(completion.Shell))
def test_a_script_asks_by_the_variable_that_is_answered(
    shell: completion.Shell, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not completion.is_asked()
    assert completion.print_script(shell) == 0
    assert f"_DURABASE_COMPLETE=complete_{shell}" in capsys.readouterr().out
    monkeypatch.setenv("_DURABASE_COMPLETE", f"complete_{shell}")
    assert completion.is_asked()
    assert load_settings().cloud_named(None) == local_cloud()


@pytest.fixture
def connected(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    async def open_session() -> Session:
        return session

    monkeypatch.setattr(completion, "open_session", open_session)


@pytest.mark.usefixtures("connected")
async def test_open_clusters_and_their_members_are_offered(
    client: Client, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, ended = script.spec(1), script.spec(2), script.spec(1)
    for spec in (one, two, ended):
        await until(await create(client, spec), Status.ACTIVE)
    await client.get_workflow_handle(ended.name).terminate()
    # A listing lags behind.
    while not {one.name, two.name} <= set(await completion._cluster_names()) - {ended.name}:
        pass
    assert await completion._member_names(f"{two.name}-") == [f"{two.name}-1", f"{two.name}-2"]
    assert await completion._member_names(f"{two.name}-2") == [f"{two.name}-1", f"{two.name}-2"]
    monkeypatch.setenv("COMP_WORDS", f"durabase\nconnect\n{one.name}\n--member\n")
    assert await completion._member_names("") == [f"{one.name}-1"]


def test_clouds_and_engines_are_offered() -> None:
    assert completion.clouds() == ["local", local_cloud()]
    assert "postgresql" in completion.engines()
