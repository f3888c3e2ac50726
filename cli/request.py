"""From the options of `create` to a ClusterSpec. Pure, but for reading the passwords."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from model.base import BadInput, bad_input, refusal
from model.password import ALLOWED, Password
from model.spec import ClusterSpec, OnFailure

STANDARD_INPUT = "-"


@dataclass(frozen=True)
class Options:
    """What a person typed for a new cluster; `volume_size` in GiB, `passwords` a file, `-` for standard input."""

    name: str
    cloud: str
    datastore: str = "postgresql"
    version: str | None = None
    nodes: int = 1
    flavor: str = "small"
    volume_size: int = 1
    databases: Sequence[str] = ()
    users: Sequence[str] = ()
    passwords: str | None = None
    configuration: Sequence[str] = ()
    on_failure: OnFailure = OnFailure.KEEP


def cluster_spec(options: Options) -> ClusterSpec:
    """Return the request. Raises BadInput, a sentence for each thing that is wrong."""
    given = _passwords(_lines(options.passwords)) if options.passwords is not None else {}
    users = [_user(text, given) for text in options.users]
    _refuse_strangers(given, [str(user["name"]) for user in users])
    request = {
        "name": options.name,
        "datastore": options.datastore,
        "version": options.version,
        "cloud": options.cloud,
        "nodes": options.nodes,
        "flavor": options.flavor,
        "volume_size": options.volume_size,
        "databases": [{"name": name} for name in options.databases],
        "users": users,
        "configuration": _configuration(options.configuration),
        "on_failure": options.on_failure,
    }
    try:
        return ClusterSpec.model_validate(request)
    except ValidationError as error:
        raise bad_input(error, ClusterSpec) from None


def _user(text: str, passwords: Mapping[str, Password]) -> dict[str, object]:
    """Read NAME or NAME:DATABASE,DATABASE."""
    name, colon, databases = text.partition(":")
    if colon and not databases:
        raise refusal("--user", text, "NAME, or NAME:DATABASE,DATABASE")
    return {
        "name": name,
        "password": passwords.get(name),
        "databases": databases.split(",") if colon else [],
    }


def _configuration(settings: Iterable[str]) -> dict[str, str]:
    """Read KEY=VALUE. Values stay texts: the engine reads its own spellings best."""
    read: dict[str, str] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not key or not equals:
            raise refusal("--config", setting, "KEY=VALUE")
        if key in read:
            raise refusal("--config", key, "named only once")
        read[key] = value
    return read


def _lines(file: str) -> list[str]:
    try:
        data = sys.stdin.buffer.read() if file == STANDARD_INPUT else Path(file).read_bytes()
        return [line.removesuffix("\r") for line in data.decode().split("\n")]
    except UnicodeDecodeError:
        raise refusal("--passwords", file, "a file in UTF-8") from None
    except OSError as error:
        raise BadInput(f"--passwords {file!r} cannot be read: {error.strerror}") from None


def _passwords(lines: Iterable[str]) -> dict[str, Password]:
    """Read lines of user:password, as chpasswd(8) does. No sentence shows a line: it may hold a password."""
    read: dict[str, Password] = {}
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        name, colon, password = line.partition(":")
        if not name or not colon:
            raise BadInput(f"--passwords line {number} is not allowed: it must be USER:PASSWORD")
        if name in read:
            raise refusal("--passwords user", name, "named only once")
        try:
            read[name] = Password(password)
        except BadInput:
            raise BadInput(f"--passwords password of {name!r} is not allowed: it must be {ALLOWED}") from None
    return read


def _refuse_strangers(passwords: Iterable[str], users: Sequence[str]) -> None:
    for name in passwords:
        if name not in users:
            asked = ", ".join(users) or "none"
            raise refusal("--passwords user", name, f"one of the users asked for with --user: {asked}")
