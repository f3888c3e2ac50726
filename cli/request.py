"""From the options of `create`, or its file, to a ClusterSpec. Pure, but for reading the files."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from cli.files import STANDARD_INPUT, read_text
from cli.yaml_text import YamlText
from model.base import BadInput, bad_input, refusal, shown
from model.password import ALLOWED, Password
from model.spec import ClusterSpec, OnFailure
from settings import LOCAL, Settings

PASSWORDS = "--passwords"
FILE = "--file"

WHOLE = [(name,) for name, field in ClusterSpec.model_fields.items() if field.annotation is int]
"""Where a file's whole numbers are read as such; all other scalars are texts."""


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
    allowed_cidrs: Sequence[str] | None = None
    protected: bool = False


def cluster_spec(options: Options) -> ClusterSpec:
    """Return the request. Raises BadInput, a sentence for each thing that is wrong."""
    request: dict[str, object] = {
        "name": options.name,
        "datastore": options.datastore,
        "version": options.version,
        "cloud": options.cloud,
        "nodes": options.nodes,
        "flavor": options.flavor,
        "volume_size": options.volume_size,
        "allowed_cidrs": options.allowed_cidrs,
        "databases": [{"name": name} for name in options.databases],
        "users": [_user(text) for text in options.users],
        "configuration": _configuration(options.configuration),
        "on_failure": options.on_failure,
        "protected": options.protected,
    }
    return _with_passwords(_checked(request), options.passwords)


def file_spec(file: str, passwords: str | None, settings: Settings) -> ClusterSpec:
    """Return the request in a YAML file: what is left out is what it is for the options.

    Raises BadInput, a sentence for each thing that is wrong.
    """
    if file == passwords == STANDARD_INPUT:
        raise refusal(PASSWORDS, passwords, f"a file, because {FILE} reads standard input")
    request = YamlText(read_text(FILE, file), FILE, file, WHOLE).value()
    if not isinstance(request, dict):
        raise refusal(FILE, file, "YAML with a table of the request's fields")
    request = {"datastore": Options.datastore, "flavor": Options.flavor, "cloud": settings.cloud} | request
    if request["cloud"] == LOCAL:
        request["cloud"] = settings.cloud_named(LOCAL)
    return _with_passwords(_checked(request), passwords)


def _checked(request: Mapping[str, object]) -> ClusterSpec:
    try:
        return ClusterSpec.model_validate(request)
    except ValidationError as error:
        raise bad_input(error, ClusterSpec) from None


def _user(text: str) -> dict[str, object]:
    """Read NAME or NAME:DATABASE,DATABASE."""
    name, colon, databases = text.partition(":")
    if colon and not databases:
        raise refusal("--user", text, "NAME, or NAME:DATABASE,DATABASE")
    return {
        "name": name,
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


def _passwords(lines: Iterable[str]) -> dict[str, Password]:
    """Read lines of user:password, as chpasswd(8) does. No sentence shows a line: it may hold a password."""
    read: dict[str, Password] = {}
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        name, colon, password = line.partition(":")
        if not name or not colon:
            raise BadInput(f"{PASSWORDS} line {number} is not allowed: it must be USER:PASSWORD")
        if name in read:
            raise refusal(f"{PASSWORDS} user", name, "named only once")
        try:
            read[name] = Password(password)
        except BadInput:
            raise BadInput(f"{PASSWORDS} password of {shown(name)} is not allowed: it must be {ALLOWED}") from None
    return read


def _with_passwords(spec: ClusterSpec, file: str | None) -> ClusterSpec:
    """Return the request with the passwords of that file. Raises BadInput for one of nobody, or one too many."""
    if file is None:
        return spec
    given = _passwords(read_text(PASSWORDS, file).replace("\r\n", "\n").split("\n"))
    for name in given:
        user = next((user for user in spec.users if user.name == name), None)
        if user is None:
            asked = ", ".join(user.name for user in spec.users) or "none"
            raise refusal(f"{PASSWORDS} user", name, f"one of the users that the request asks for: {asked}")
        if user.password is not None:
            raise refusal(f"{PASSWORDS} user", name, "one without a password in the request")
    users = [user.model_copy(update={"password": given.get(user.name, user.password)}) for user in spec.users]
    return spec.model_copy(update={"users": tuple(users)})
