"""What a running attempt of a step knows of itself: its note, sent with every heartbeat, and whether it is over."""

import math
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from model.errors import AttemptOver

CLOCK = time.CLOCK_BOOTTIME if sys.platform == "linux" else time.CLOCK_MONOTONIC
"""It goes on while the process is stopped, and while its host is suspended (clock_gettime(2))."""

Confirm = Callable[[Sequence[str]], Awaitable[None]]
"""Sends a heartbeat with these details, and raises AttemptOver if the server knows of no such attempt."""


class Note:
    """The latest note of one running attempt, and its lease: written by its thread, read by its heartbeat.

    `last_error` is that of the latest attempt that failed and did not just run out of time, empty if there is none.

    Invariant: an attempt whose heartbeat was once older than the timeout is over for good. The server may have given
    the step to another attempt from then on, so no later heartbeat makes it current again.
    """

    text: str = ""
    last_error: str = ""

    def __init__(self, timeout: float = math.inf, confirm: Confirm | None = None) -> None:
        """`timeout` is the heartbeat's, in seconds."""
        self._timeout = timeout
        self._confirm = confirm
        self._beat = time.clock_gettime(CLOCK)
        self._over = False

    @property
    def details(self) -> tuple[str, ...]:
        """What a heartbeat carries (`model.errors.note_and_error`)."""
        return (self.text, self.last_error) if self.last_error else (self.text,)

    def beat(self) -> None:
        """Record a heartbeat. One that comes too late changes nothing."""
        now = time.clock_gettime(CLOCK)
        self._over = self._over or now - self._beat > self._timeout
        self._beat = now

    def require_current(self) -> None:
        """Raise AttemptOver unless the last heartbeat is younger than the timeout."""
        self._over = self._over or time.clock_gettime(CLOCK) - self._beat > self._timeout
        if self._over:
            raise AttemptOver("this attempt is over: its worker was stopped, or cut off from Temporal, for too long")

    async def confirm(self) -> None:
        """Ask the server as well, which alone knows of a host whose clocks stood still. Raises AttemptOver."""
        self.require_current()
        if self._confirm is not None:
            await self._confirm(self.details)


_note: ContextVar[Note | None] = ContextVar("durabase_note", default=None)


def note(text: str) -> None:
    """Say what the running activity waits for, or the last error it saw; outside an activity nothing happens."""
    current = _note.get()
    if current is not None:
        current.text = text


def require_current() -> None:
    """Raise AttemptOver if the running attempt may be followed by another one already: call it before each effect."""
    current = _note.get()
    if current is not None:
        current.require_current()


async def confirm_current() -> None:
    """Ask the server, too, before an effect that nothing else guards. Raises AttemptOver."""
    current = _note.get()
    if current is not None:
        await current.confirm()


@contextmanager
def noting(fresh: Note | None = None) -> Iterator[Note]:
    """Give the running attempt a note of its own."""
    fresh = fresh or Note()
    token = _note.set(fresh)
    try:
        yield fresh
    finally:
        _note.reset(token)
