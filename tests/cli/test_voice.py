"""How commands are named, and where output goes."""

import sys
from pathlib import Path

import pytest
from rich.text import Text

from cli.voice import Voice, as_typed, program


def test_a_program_on_path_has_its_plain_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "durabase"
    installed.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", [str(installed)])
    assert program() == "durabase"


def test_a_program_below_has_its_path_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "argv", [str(tmp_path / ".venv/bin/durabase")])
    assert program() == ".venv/bin/durabase"


def test_a_program_elsewhere_has_its_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "argv", ["/opt/x/durabase"])
    assert program() == "/opt/x/durabase"


def test_a_checkout_is_run_by_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["starter.py", "list"])
    assert program() == "python starter.py"
    assert as_typed("try `durabase list` or `durabase up`") == "try `python starter.py list` or `python starter.py up`"


def test_json_has_standard_output_for_itself(capsys: pytest.CaptureFixture[str]) -> None:
    voice = Voice(json=True)
    voice.note("a note")
    voice.show(Text("a table"))
    voice.result("{}")
    captured = capsys.readouterr()
    assert captured.out == "{}\n"
    assert captured.err == "a note\na table\n"


def test_lines_are_not_broken_for_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    voice = Voice()
    voice.show(Text("long " * 60))
    voice.note("[not markup] " + "long " * 60)
    assert voice.width is None
    assert len(capsys.readouterr().out.splitlines()) == 2
