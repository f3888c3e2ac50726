"""Files that hold a secret: made anew, for their owner alone."""

import os
from pathlib import Path

from model.base import BadInput, refusal, shown


def write_secret(path: Path, text: str) -> None:
    """Write a new file that only its owner may read. Raises BadInput if it is there already or cannot be made."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise refusal("--output", str(path), "a file that does not exist yet") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise BadInput(f"--output {shown(str(path))} cannot be made: {reason}") from None
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
