import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.processes import Started, cpu_seconds, peak_memory, resident, tree

FORKS = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"


@pytest.fixture
def parent(tmp_path: Path) -> Started:
    started = Started([sys.executable, "-c", FORKS], os.environ, tmp_path / "log", subprocess.PIPE)
    while not (tmp_path / "log").read_text():
        started.require()
    return started


def test_a_process_is_measured_and_killed_with_what_it_forked(parent: Started) -> None:
    found = tree([parent.pid])
    assert len(found) == 2
    assert resident([parent.pid]) > resident(found - {parent.pid}) > 0
    assert cpu_seconds([parent.pid]) >= 0
    with peak_memory(lambda: [parent.pid]) as peak:
        pass
    assert peak[0] > 0
    parent.kill()
    assert not parent.runs
    while tree(found):  # the kernel takes its time; pytest's timeout bounds it
        time.sleep(0.05)


def test_one_that_ended_says_its_last_words(tmp_path: Path) -> None:
    started = Started([sys.executable, "-c", "exit('no room')"], os.environ, tmp_path / "log", subprocess.DEVNULL)
    started.process.wait()
    with pytest.raises(RuntimeError, match="ended: no room"):
        started.require()
