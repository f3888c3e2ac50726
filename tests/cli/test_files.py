"""Files that a person names: what cannot be read is a sentence, and no file is read without an end."""

import io
import sys
from pathlib import Path

import pytest

from cli.files import LARGEST_BYTES, read_text
from model.base import BadInput, shown


def test_a_file_and_standard_input_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("naïve")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("ü".encode())))
    assert read_text("--file", str(tmp_path / "file")) == "naïve"
    assert read_text("--file", "-") == "ü"


def refusal(file: str | Path) -> str:
    with pytest.raises(BadInput) as refused:
        read_text("--file", str(file))
    return str(refused.value)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("none", "No such file or directory"),
        (".", "Is a directory"),
        ("", "Is a directory"),
        ("a\0b", "embedded null byte"),
        ("x" * 2**20, "File name too long"),
        ("\udcff", "No such file or directory"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_reason(
    file: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sentence = refusal(file)
    assert sentence.startswith("--file '")
    assert sentence.endswith(f"' cannot be read: {reason}")
    assert len(sentence) < 200


def test_a_file_of_somebody_else_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locked").touch()
    monkeypatch.setattr(Path, "open", _denied)
    assert refusal(tmp_path / "locked").endswith("cannot be read: Permission denied")


def _denied(*_: object, **__: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\xff\xfe\x00")
    assert refusal(tmp_path / "file").endswith("is not allowed: it must be a file in UTF-8")


def test_no_more_is_read_than_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "largest").write_text("x" * LARGEST_BYTES)
    (tmp_path / "larger").write_text("x" * LARGEST_BYTES + "ü")
    assert len(read_text("--file", str(tmp_path / "largest"))) == LARGEST_BYTES
    for endless in (tmp_path / "larger", Path("/dev/zero")):
        assert refusal(endless) == f"--file {shown(str(endless))} is not allowed: it must be a file of at most 128 KiB"


def test_closed_standard_input_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert refusal("-") == "--file '-' cannot be read: standard input is closed"
