"""Files that a person names on the command line; '-' is standard input."""

import sys
from pathlib import Path

from model.base import BadInput, refusal, shown

STANDARD_INPUT = "-"

LARGEST_BYTES = 128 * 1024
"""A request for the largest cluster, with every parameter set, has a few dozen KiB."""


def read_text(option: str, file: str) -> str:
    """Return a file's text, without the mark of UTF-8 that editors of Windows put before it.

    Raises BadInput, in the name of the option, for what cannot be read or is too large.
    """
    try:
        content = _read(file)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise BadInput(f"{option} {shown(file)} cannot be read: {reason}") from None
    if len(content) > LARGEST_BYTES:
        raise refusal(option, file, f"a file of at most {LARGEST_BYTES // 1024} KiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise refusal(option, file, "a file in UTF-8") from None


def _read(file: str) -> bytes:
    """Read no more than it takes to see that a file is too large: it may be a device without an end."""
    if file != STANDARD_INPUT:
        with Path(file).open("rb") as stream:
            return stream.read(LARGEST_BYTES + 1)
    if sys.stdin is None:
        raise ValueError("standard input is closed")
    return sys.stdin.buffer.read(LARGEST_BYTES + 1)
