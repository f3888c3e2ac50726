"""The fence, run by a real shell: a later attempt shuts out an earlier one, and nothing else is shut out."""

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from guests.fence import FENCE, SUPERSEDED, Turn

numbers = st.sampled_from([1, 2, 9, 10, 2**31])
turns = st.builds(Turn, numbers, numbers, numbers)


def run(kept: Path, turn: Turn, *command: str) -> "subprocess.CompletedProcess[str]":
    words = ["sh", "-c", FENCE, "sh", str(kept), *map(str, turn), *command]
    return subprocess.run(words, input="given", capture_output=True, text=True, check=False)


@given(st.lists(turns, max_size=5))
def test_only_what_is_older_than_any_before_it_is_refused(attempts: list[Turn]) -> None:
    with TemporaryDirectory() as folder:
        latest = Turn(0, 0, 0)
        for turn in attempts:
            result = run(Path(folder, "lib", "turn"), turn, "echo", "ran")
            assert result.returncode == (SUPERSEDED if turn < latest else 0)
            assert result.stdout == ("" if turn < latest else "ran\n")
            latest = max(latest, turn)


def test_a_command_behind_it_keeps_its_streams_and_its_exit_code(tmp_path: Path) -> None:
    for _ in range(2):
        result = run(tmp_path / "turn", Turn(1, 1, 1), "sh", "-c", 'cat; echo "$0 $1" >&2; exit 7', "a b", "$HOME")
        assert (result.returncode, result.stdout, result.stderr) == (7, "given", "a b $HOME\n")


def test_what_a_refused_command_is_told(tmp_path: Path) -> None:
    run(tmp_path / "turn", Turn(3, 2, 1), "true")
    assert run(tmp_path / "turn", Turn(2, 9, 9), "true").stderr == "attempt 1 of step 2 of operation 3\n"


def test_an_empty_file_as_of_a_power_cut_shuts_out_nothing(tmp_path: Path) -> None:
    (tmp_path / "turn").touch()
    assert run(tmp_path / "turn", Turn(1, 1, 1), "true").returncode == 0
    assert (tmp_path / "turn").read_text() == "1 1 1\n"
