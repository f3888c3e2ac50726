"""Commands whose output cannot be written, as real processes with such descriptors."""

import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.output import Output, lost
from tests.cli.home import ROOT

STARTER = str(ROOT / "starter.py")

CLOSED, FULL = ">&-", ">/dev/full"

WRONG_NAME = ("show", "Orders")


def run(home: Path, redirections: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command by a shell, with what it makes of the standard streams."""
    command = ["sh", "-c", f'exec "$0" "$@" {redirections}', sys.executable, STARTER, *arguments]
    own = {"DURABASE_STATE_DIR": str(home), "DURABASE_CONFIG": str(home / "durabase.toml")}
    ran = subprocess.run(
        command, env={**os.environ, **own}, capture_output=True, text=True, errors="replace", timeout=60, check=False
    )
    assert "Traceback" not in ran.stdout + ran.stderr
    return ran


@pytest.mark.parametrize(("how", "reason"), [(CLOSED, errno.EBADF), (FULL, errno.ENOSPC)])
@pytest.mark.parametrize("arguments", [["schema"], ["flavors"], ["--version"]])
def test_a_command_that_only_tells_has_failed_where_nothing_is_told(
    tmp_path: Path, how: str, reason: int, arguments: list[str]
) -> None:
    ran = run(tmp_path, how, *arguments)
    sentence = f"standard output cannot be written: {os.strerror(reason)}\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", sentence)
    assert run(tmp_path, f"{how} 2{how}", *arguments).returncode == 1
    assert run(tmp_path, f"2{how}", *arguments).returncode == 0


@pytest.mark.parametrize("how", [f"2{CLOSED}", f"2{FULL}", f"{FULL} 2>&1", "<&- >&- 2>&-"])
def test_bad_input_is_bad_input_where_nothing_can_be_said(tmp_path: Path, how: str) -> None:
    assert run(tmp_path, how, *WRONG_NAME).returncode == 2


@pytest.mark.parametrize("how", [CLOSED, FULL])
def test_what_is_wrong_is_said_where_only_results_cannot_be_written(tmp_path: Path, how: str) -> None:
    ran = run(tmp_path, how, *WRONG_NAME)
    assert ran.returncode == 2
    assert ran.stderr.startswith("name 'Orders' is not allowed")


def test_what_reads_no_more_is_told_nothing(tmp_path: Path) -> None:
    script = f"{{ {sys.executable} {STARTER} schema; echo $? >&3; }} 3>code | true"
    ran = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    assert ran.stderr == ""
    assert (tmp_path / "code").read_text() == "1\n"


def test_a_letter_that_the_terminal_has_not_is_shown_as_its_number() -> None:
    script = "import sys; from cli.output import hold_outputs; hold_outputs(); print('\N{SNOWMAN}')"
    command = [sys.executable, "-c", script]
    ran = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, check=True, timeout=60
    )
    assert ran.stdout == b"\\u2603\n"


def test_a_closed_descriptor_is_no_other_file_s(tmp_path: Path) -> None:
    """What a command opens would else get its number, and what is printed."""
    script = (
        "import os, sys; from cli.output import hold_outputs; hold_outputs();"
        "os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY); print('lost', flush=True); print('lost', file=sys.stderr);"
        "import subprocess; subprocess.run(['sh', '-c', 'echo of a client; exit'], check=True)"
    )
    file = tmp_path / "file"
    command = ["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', sys.executable, "-c", script, str(file)]
    assert subprocess.run(command, cwd=ROOT, check=False, timeout=60).returncode == 0
    assert file.read_text() == ""


def test_a_reader_that_is_slow_gets_everything(tmp_path: Path) -> None:
    """A descriptor may be shared with a program that made it non-blocking."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    stream = io.TextIOWrapper(io.BufferedWriter(Output(writer)))
    written = "line\n" * 100_000
    child = subprocess.Popen(["cat"], stdin=reader, stdout=(tmp_path / "got").open("wb"))
    os.close(reader)
    stream.write(written)
    assert lost(stream) is None
    os.close(writer)
    assert child.wait(60) == 0
    assert (tmp_path / "got").read_text() == written
