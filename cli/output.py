"""Standard output and standard error as they may be: closed, full, or with nothing that reads. The work goes on."""

import errno
import io
import os
import select
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

STANDARD = (0, 1, 2)


class Output(io.FileIO):
    """A standard stream's descriptor: from the first write that fails on, what is written is dropped."""

    def __init__(self, descriptor: int, lost: OSError | None = None) -> None:
        """`lost` is why it takes nothing from the beginning."""
        super().__init__(descriptor, "w", closefd=False)
        self.lost = lost

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write what can be written, and claim that it was all; wait where another program made it non-blocking."""
        try:
            while self.lost is None:
                written: int | None = super().write(data)
                if written is not None:
                    return written
                select.select([], [self], [])
        except OSError as error:
            self.lost = error
        return memoryview(data).nbytes


def hold_outputs() -> None:
    """Put an Output under both streams, so that a command ends by its own outcome; main asks what was lost.

    A closed descriptor is taken: else the next file or connection would get its number, and what is printed.
    """
    for descriptor in STANDARD:
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    sys.stdout = _held(sys.stdout, 1)
    sys.stderr = _held(sys.stderr, 2)


def lost(stream: TextIO) -> OSError | None:
    """Return why a stream has not taken all that was written to it."""
    stream.flush()
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return raw.lost if isinstance(raw, Output) else None


def _held(stream: TextIO | None, descriptor: int) -> TextIO:
    closed = None if stream else OSError(errno.EBADF, os.strerror(errno.EBADF))
    return io.TextIOWrapper(
        io.BufferedWriter(Output(descriptor, closed)),
        encoding=stream.encoding if stream else "utf-8",
        # A name that the terminal's encoding has no letters for is shown all the same.
        errors="backslashreplace" if stream is None or stream.errors == "strict" else stream.errors,
        line_buffering=stream.line_buffering if isinstance(stream, io.TextIOWrapper) else True,
    )
