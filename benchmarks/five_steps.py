"""The five steps that every engine runs in the comparison, and the journal that says from outside what it did.

Standard library only: the peers run it in an environment of their own. What a step makes is a file, so it is there for
every process and after every kill.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

CREATE_SERVER, WAIT_FOR_SERVER, PREPARE, POST_PREPARE, CLUSTER_COMPLETE = STEPS = (
    "create_server",
    "wait_for_server",
    "prepare",
    "post_prepare",
    "cluster_complete",
)
SUBMIT = "submit"
BEGIN, END = "begin", "end"
POLL_SECONDS = 0.5
"""How often an engine looks whether a server is built, where it can choose that."""
SERVED_SECONDS = 600.0
"""The longest that a build may take: it bounds what would wait for ever."""

FOLDER, STEP_SECONDS = "BENCH_FOLDER", "BENCH_STEP_SECONDS"
"""Environment: where files go, and how long a step takes that is not the wait, in seconds."""
BUILD_FILE = "build-seconds"
"""In that folder: how long a server that is made now is in BUILD."""


class Entry(NamedTuple):
    """A line of the journal; `at` in seconds of the epoch."""

    at: float
    cluster: str
    step: str
    mark: str


def folder() -> Path:
    """Return where this run's files are."""
    return Path(os.environ[FOLDER])


def note(cluster: str, step: str, mark: str) -> None:
    """Append a line to the journal, whole: many processes write it."""
    line = f"{time.time():.6f} {cluster} {step} {mark}\n".encode()
    file = os.open(folder() / "journal", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        os.write(file, line)
    finally:
        os.close(file)


def entries(text: str) -> Iterator[Entry]:
    """Return what a journal's text says."""
    for line in text.splitlines():
        at, cluster, step, mark = line.split()
        yield Entry(float(at), cluster, step, mark)


def perform(step: str, cluster: str) -> None:
    """Do a step other than the wait: nothing but two lines, the pause asked for, and a server's file."""
    note(cluster, step, BEGIN)
    time.sleep(float(os.environ.get(STEP_SECONDS, "0")))
    if step == CREATE_SERVER:
        (folder() / "servers").mkdir(exist_ok=True)
        seconds = float((folder() / BUILD_FILE).read_text())
        (folder() / "servers" / cluster).write_text(str(time.time() + seconds))
    note(cluster, step, END)


def is_built(cluster: str) -> bool:
    """Look whether a server's build is over. Every look counts as a request to the cloud."""
    return time.time() >= float((folder() / "servers" / cluster).read_text())


def wait_until_built(cluster: str) -> None:
    """Look until it is, holding the thread, as engines without a better way do."""
    while not is_built(cluster):
        time.sleep(POLL_SECONDS)
