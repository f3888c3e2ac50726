"""A person's command on one member: what is asked, what the engine's worker is given, and how it ended."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field

from model.base import Request
from model.cluster import InstanceTask
from model.spec import MemberName

COMMAND_BYTES = 32 * 1024
"""A quarter of what Linux takes as one argument (MAX_ARG_STRLEN), which a command sent over SSH is at its end."""

MAX_SECONDS = 600
"""A command holds a thread of its engine's worker: it is for a look or a repair, not for a job."""


def _short_text(command: tuple[str, ...]) -> tuple[str, ...]:
    text = "\0".join(command).encode()
    if not command[0] or text.count(b"\0") >= len(command) or len(text) > COMMAND_BYTES:
        raise ValueError("empty, too long, or with a NUL")
    return command


class CommandRequest(Request):
    """What `run` asks; `timeout` in seconds. Raises pydantic's ValidationError (model/base.py)."""

    member: MemberName
    command: Annotated[tuple[str, ...], AfterValidator(_short_text)] = Field(
        min_length=1, repr=False, description="a program and its arguments, at most 32 KiB of text without NUL"
    )
    timeout: int = Field(
        default=60, ge=1, le=MAX_SECONDS, strict=True, description=f"a whole number of seconds from 1 to {MAX_SECONDS}"
    )

    @property
    def cluster(self) -> str:
        """The name of the member's cluster."""
        return self.member.rpartition("-")[0]


class CommandTask(InstanceTask):
    """Input of `run_command`; `timeout` in seconds."""

    command: tuple[str, ...] = Field(repr=False)
    timeout: int


@dataclass(frozen=True)
class CommandResult:
    """How a command ended: exit code (-1 if by a signal), and the last 32 KiB each of what it wrote."""

    code: int
    stdout: str
    stderr: str
