"""Files that hold a secret."""

import os
import stat
from pathlib import Path

import pytest

from cli.secret_file import write_secret
from model.base import BadInput


def test_it_is_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_secret(tmp_path / "key", "a secret\n")
    finally:
        os.umask(before)
    assert (tmp_path / "key").read_text() == "a secret\n"
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_nothing_that_is_there_is_written_to(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("before")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("there", "link"):
        with pytest.raises(BadInput, match="is not allowed: it must be a file that does not exist yet"):
            write_secret(tmp_path / name, "a secret")
    assert (tmp_path / "there").read_text() == "before"
    assert not (tmp_path / "elsewhere").exists()


def test_where_no_file_can_be_made_it_says_why(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"--output '.*/no/key' cannot be made: No such file or directory"):
        write_secret(tmp_path / "no" / "key", "a secret")
    with pytest.raises(BadInput, match=r"--output '.*' cannot be made: embedded null byte"):
        write_secret(tmp_path / "a\0b", "a secret")
