"""The local cloud's name, which stays with the state directory that holds its servers, whatever the host is called."""

import os
import re
from contextlib import suppress
from pathlib import Path

from model.base import BadInput, refusal

NAME_FILE = "cloud.name"
"""In the state directory: the name, in one line. Clusters and task queues bear it for good."""

NAME = re.compile(r"local-[a-z0-9-]{0,57}")


def kept_name(state_dir: Path) -> str | None:
    """Return the name of a state directory's local cloud; None if it was never used. Raises BadInput."""
    file = state_dir / NAME_FILE
    try:
        name = file.read_text().strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        name = ""
    if not NAME.fullmatch(name):
        raise refusal(str(file), name, "local- and at most 57 lower-case letters, digits and hyphens")
    return name


def keep_name(state_dir: Path, name: str) -> None:
    """Keep a name for good; one that is kept already stays. Raises OSError where it cannot be written."""
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = state_dir / f"{NAME_FILE}.{os.getpid()}"
    try:
        with draft.open("w") as file:
            file.write(f"{name}\n")
            file.flush()
            os.fsync(file.fileno())  # or the end of the host could leave an empty name
        with suppress(FileExistsError):
            (state_dir / NAME_FILE).hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)
