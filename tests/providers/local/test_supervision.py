"""Programs written for supervisor: what others say never reaches its configuration."""

import os
import subprocess
from pathlib import Path

import pytest

from providers.local.supervision import write_program

AWKWARD = "a b'c\"d %s %(here)s ; # $HOME `id` \\ \n é"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / AWKWARD
    for folder in ("services", "supervisor.d", AWKWARD):
        (home / folder).mkdir(parents=True)
    return home


def test_awkward_texts_arrive_unchanged(home: Path) -> None:
    program = 'printf "%s|%s|" "$1" "$WORD"; pwd'
    write_program(home, "echo", ["sh", "-c", program, "sh", AWKWARD], str(home / AWKWARD), {"WORD": AWKWARD})
    script = subprocess.run(["/bin/sh", "services/echo.sh"], cwd=home, capture_output=True, check=True, timeout=30)
    assert os.fsdecode(script.stdout) == f"{AWKWARD}|{AWKWARD}|{home / AWKWARD}\n"
    assert AWKWARD.splitlines()[0] not in (home / "supervisor.d" / "echo.conf").read_text()


def test_what_a_program_writes_is_its_users_only(home: Path) -> None:
    write_program(home, "writer", ["touch", "written"], str(home), {})
    subprocess.run(["/bin/sh", "services/writer.sh"], cwd=home, check=True, timeout=30)
    assert (home / "written").stat().st_mode & 0o777 == 0o600


def test_a_missing_directory_stops_the_program(home: Path) -> None:
    write_program(home, "echo", ["echo", "ran"], str(home / "missing"), {})
    script = subprocess.run(["/bin/sh", "services/echo.sh"], cwd=home, capture_output=True, check=False, timeout=30)
    assert (script.returncode, script.stdout) == (1, b"")


@pytest.mark.parametrize("name", ["", "two words", "a;b", "../up", "%d", "a\nb", "-dash"])
def test_a_name_that_supervisor_would_misread_is_refused(home: Path, name: str) -> None:
    with pytest.raises(ValueError, match="is not allowed: it must be letters, digits"):
        write_program(home, name, ["true"], "/", {})


def test_a_signal_that_supervisor_would_misread_is_refused(home: Path) -> None:
    with pytest.raises(ValueError, match="is not allowed"):
        write_program(home, "echo", ["true"], "/", {}, stop_signal="INT\ncommand=id")
