"""The note of a waiting activity: what it waits for and the last error it saw, sent with every heartbeat."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Note:
    """The latest note of one running activity; written by its thread, read by its heartbeat.

    `last_error` is that of the latest attempt that failed and did not just run out of time, empty if there is none.
    """

    text: str = ""
    last_error: str = ""

    @property
    def details(self) -> tuple[str, ...]:
        """What a heartbeat carries (`model.errors.note_and_error`)."""
        return (self.text, self.last_error) if self.last_error else (self.text,)


_note: ContextVar[Note | None] = ContextVar("durabase_note", default=None)


def note(text: str) -> None:
    """Say what the running activity waits for, or the last error it saw; outside an activity nothing happens."""
    current = _note.get()
    if current is not None:
        current.text = text


@contextmanager
def noting() -> Iterator[Note]:
    """Give the running activity a note of its own."""
    fresh = Note()
    token = _note.set(fresh)
    try:
        yield fresh
    finally:
        _note.reset(token)
