from pathlib import Path

import pytest

from benchmarks import five_steps
from benchmarks.five_steps import BEGIN, CREATE_SERVER, END, PREPARE, entries


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(five_steps.FOLDER, str(tmp_path))


def test_a_step_leaves_its_begin_and_its_end(tmp_path: Path) -> None:
    five_steps.perform(PREPARE, "orders")
    read = list(entries((tmp_path / "journal").read_text()))
    assert [entry[1:] for entry in read] == [("orders", PREPARE, BEGIN), ("orders", PREPARE, END)]
    assert read[0].at <= read[1].at


@pytest.mark.parametrize(("seconds", "built"), [(0, True), (3600, False)])
def test_a_server_is_built_after_the_seconds_that_held_when_it_was_made(
    tmp_path: Path, seconds: float, built: bool
) -> None:
    (tmp_path / five_steps.BUILD_FILE).write_text(str(seconds))
    five_steps.perform(CREATE_SERVER, "orders")
    (tmp_path / five_steps.BUILD_FILE).write_text("1800")
    assert five_steps.is_built("orders") is built
