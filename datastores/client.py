"""What `durabase connect` runs: an engine's own client, as data."""

from dataclasses import dataclass, field


class ClientNotFound(LookupError):
    """An engine's client program is not on this machine; the message says how to get it."""


@dataclass(frozen=True)
class ClientCommand:
    """A client program, its arguments, and the one file that holds its password.

    The caller writes `password_file` to a 0600 file, names it in the environment variable `password_variable`,
    and removes it when the program has ended.
    """

    program: str
    arguments: tuple[str, ...]
    password_variable: str
    password_file: str = field(repr=False)
