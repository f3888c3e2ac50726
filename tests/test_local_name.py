"""The local cloud's name, as it is kept."""

from pathlib import Path

import pytest

from local_name import NAME_FILE, keep_name, kept_name
from model.base import BadInput


def test_it_is_kept_once_and_for_good(tmp_path: Path) -> None:
    assert kept_name(tmp_path / "state") is None
    keep_name(tmp_path / "state", "local-vm")
    keep_name(tmp_path / "state", "local-renamed")
    assert kept_name(tmp_path / "state") == "local-vm"
    assert [file.name for file in (tmp_path / "state").iterdir()] == [NAME_FILE]


@pytest.mark.parametrize("text", [b"", b"lab", b"local-UPPER", b"local-one\nlocal-two", b"local-" + b"x" * 58, b"\xff"])
def test_what_durabase_did_not_write_is_a_sentence(tmp_path: Path, text: bytes) -> None:
    (tmp_path / NAME_FILE).write_bytes(text)
    with pytest.raises(BadInput, match=NAME_FILE) as refused:
        kept_name(tmp_path)
    assert "\n" not in str(refused.value)


def test_a_name_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / NAME_FILE).mkdir()
    with pytest.raises(BadInput, match=r"cloud\.name cannot be read: Is a directory"):
        kept_name(tmp_path)
