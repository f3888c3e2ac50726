"""A command that starts several things leaves all of them or none."""

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

    What asks the program to end does it as Ctrl-C does, and nothing interrupts the taking back. In the main thread.
    """
    undo = ExitStack()
    with _handled(_as_ctrl_c, *ENDINGS):
        try:
            yield undo
        except BaseException:
            with _handled(signal.SIG_IGN, signal.SIGINT, *ENDINGS):
                undo.close()
            raise


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


def _as_ctrl_c(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's signature
    signal.raise_signal(signal.SIGINT)
