"""How durabase speaks: exit codes, expected failures, and commands named as the person typed them."""

import os
import shutil
import sys
from pathlib import Path

from rich.console import Console, RenderableType

from cli.output import lost

DONE = 0
FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130
"""Ctrl-C, as shells count it: 128 and the signal's number. What was asked for goes on."""


class Failed(Exception):
    """An expected failure; its text is one sentence. Exit code 1."""


def program() -> str:
    """Return how this program was called, so that a command shown can be typed as it stands."""
    called = sys.argv[0]
    name = Path(called).name
    if name == "starter.py":
        return f"python {called}"
    found = shutil.which(name)
    if found is not None and Path(found) == Path(called).absolute():
        return name
    beside = os.path.relpath(called)
    return called if beside.startswith("..") else beside


def as_typed(text: str) -> str:
    """Return a text with each command in it, which is written `durabase …` in backticks, as the person types it."""
    return text.replace("`durabase ", f"`{program()} ")


class Voice:
    """Where results and notes go: with `json`, standard output is for the document alone."""

    def __init__(self, json: bool = False) -> None:
        self.json = json
        self.console = Console(stderr=json, highlight=False)

    def note(self, text: str) -> None:
        """Say what goes on, whole lines as they are."""
        self.console.print(as_typed(text), markup=False, soft_wrap=True)

    @property
    def width(self) -> int | None:
        """Columns of the terminal; None where a program reads, for which no line is broken."""
        return self.console.width if self.console.is_terminal else None

    def show(self, *parts: RenderableType) -> None:
        """Show something laid out."""
        for part in parts:
            self.console.print(part, soft_wrap=self.width is None)

    def result(self, text: str) -> None:
        """Print a result to standard output, exactly as it is."""
        sys.stdout.write(f"{text}\n")

    def told(self) -> int:
        """Return the exit code of a command that does nothing but tell: FAILED if standard output did not take it."""
        return DONE if lost(sys.stdout) is None else FAILED
