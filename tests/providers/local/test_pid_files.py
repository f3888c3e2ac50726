"""Pid files after a boot: those of processes that it killed are gone, and nothing else is."""

from pathlib import Path

import pytest

from providers.local.pid_files import DEPTH, remove_pid_files


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for folder in ("root/var/lib/engine/data", "attached/volume/data/data"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize("folder", ["root/run", "root/var/lib/engine/data", "attached/volume/data/data"])
@pytest.mark.parametrize("content", ["4711\n/var/lib/engine\n", "4711", " 4711 \n", "-4711\n"])
def test_a_pid_file_is_removed_wherever_an_engine_keeps_it(home: Path, folder: str, content: str) -> None:
    file = home / folder / "engine.pid"
    file.parent.mkdir(exist_ok=True)
    file.write_text(content)
    remove_pid_files(home)
    assert not file.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [("notes.pid", "no number\n"), ("empty.pid", ""), ("numbers.txt", "4711\n"), ("large.pid", "1" * 5000)],
)
def test_what_is_no_pid_file_is_kept(home: Path, name: str, content: str) -> None:
    file = home / "attached/volume/data/data" / name
    file.write_text(content)
    remove_pid_files(home)
    assert file.read_text() == content


def test_a_link_is_not_followed(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "other.pid"
    outside.write_text("1\n")
    (home / "root" / "folder").symlink_to(outside.parent)
    (home / "root" / "link.pid").symlink_to(outside)
    remove_pid_files(home)
    assert outside.exists()
    assert (home / "root" / "link.pid").is_symlink()


def test_deep_in_the_data_nothing_is_looked_for(home: Path) -> None:
    deep = home.joinpath("root", *(str(level) for level in range(DEPTH + 1)), "engine.pid")
    deep.parent.mkdir(parents=True)
    deep.write_text("1\n")
    remove_pid_files(home)
    assert deep.exists()
