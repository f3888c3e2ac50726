"""A command that starts several things leaves all of them or none."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any

ENDINGS = (signal.SIGTERM, signal.SIGHUP)
"""What asks a program to end, beside Ctrl-C: another program, and a terminal that closes."""


@contextmanager
def all_or_nothing() -> Iterator[ExitStack]:
    """Give a stack for what takes each start back; all of it is taken back unless the block ends well.

    What asks the program to end ends the block as Ctrl-C does, by KeyboardInterrupt at the next `await`, and nothing
    interrupts the taking back. For the main thread's task.
    """
    undo, ending = ExitStack(), _Ending()
    with _handled(ending, *ENDINGS):
        try:
            yield undo
        except BaseException:
            with _handled(signal.SIG_IGN, signal.SIGINT, *ENDINGS):
                undo.close()
            if ending.is_asked_for:
                raise KeyboardInterrupt from None
            raise


class _Ending:
    """Cancels the task in which it was made, as asyncio does at Ctrl-C."""

    def __init__(self) -> None:
        self.is_asked_for = False
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()

    def __call__(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - signal's signature
        self.is_asked_for = True
        if self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)


@contextmanager
def _handled(handler: Any, *numbers: signal.Signals) -> Iterator[None]:
    """Handle signals in another way, but for those that are ignored, as nohup has it."""
    heard = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = [(number, signal.signal(number, handler)) for number in heard]
    try:
        yield
    finally:
        for number, handled in before:
            signal.signal(number, handled)
