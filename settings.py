"""Settings: from the environment (DURABASE_…), durabase.toml, and the state directory's key file."""

import os
import re
import socket
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from environment import CONFIG, NESTED, PREFIX, refuse_unknown
from key_file import KEY_FILE, KeyFile
from keys import EngineKeys, MissingKey, Ring, RootKeys, key_of
from local_name import kept_name
from model.base import BadInput, Request, Whole, bad_input, refusal
from model.datastore import Datastore, EngineSettings
from model.spec import PLAIN, PlainName
from temporal.codec import PayloadKeys
from temporal.logs import LogFormat

ORIGIN = r"^https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?$"
"""A page's origin as browsers send it (RFC 6454, section 6.2)."""

BEARER = r"^[A-Za-z0-9._~+/-]{16,}=*$"
"""What may stand behind `Authorization: Bearer` (RFC 6750, section 2.1), and is too long to be guessed."""

LOCAL = "local"
"""The embedded provider's name, and what a request may call this host's local cloud."""


PATTERNS = "*?["
"""Characters by which a database takes the path of its configuration for a pattern (valkey: config.c)."""


def _directory(value: object) -> Path:
    """Return a directory that is there or could be made, whose path all programs take as it is."""
    if not isinstance(value, str | Path) or not str(value) or "\0" in str(value):
        raise ValueError("no path")
    try:
        path = Path(value).expanduser()
        if not str(path.absolute()).isprintable() or set(PATTERNS) & set(str(path.absolute())):
            raise ValueError("a path that some program would misread")
        is_directory = next(each for each in (path, *path.absolute().parents) if each.exists()).is_dir()
    except (OSError, RuntimeError) as error:
        raise ValueError("it cannot be looked at") from error
    if not is_directory:
        raise ValueError("a file stands there")
    return path


def _listening(value: str) -> str:
    host, _, port = value.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if ip_address(host[1:-1] if bracketed else host).version != (6 if bracketed else 4):
        raise ValueError("an IPv6 address stands in brackets")
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise ValueError("no port")
    return value


Key = Annotated[bytes, BeforeValidator(key_of)]
KeyRing = dict[str, Key]


class CloudSettings(Request):
    """One cloud: the provider (an entry point of `durabase.providers`) that serves it, and that provider's options.

    The options are checked by the provider, where it is made.
    """

    provider: str = Field(description="the name of an installed provider")
    options: dict[str, Any] = Field(default_factory=dict, description="a table of the provider's options")


class Settings(BaseSettings):
    """Everything that may be set. Raises BadInput through `load_settings`, one sentence a field."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=NESTED, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    state_dir: Annotated[Path, BeforeValidator(_directory)] = Field(
        default_factory=lambda: str(default_state_dir()),
        validate_default=True,
        description=f"a directory, in whose path all characters are printable and none is one of {' '.join(PATTERNS)}",
    )
    cloud: str = Field(default=LOCAL, description="the name of a configured cloud")
    clouds: dict[PlainName, CloudSettings] = Field(default_factory=dict, description="a table of clouds")
    datastores: tuple[Datastore, ...] = Field(default=(), description="a list of catalogue entries")
    payload_keys: KeyRing = Field(default_factory=dict, repr=False, description="a table: key id to 32 bytes in base64")
    payload_key: str | None = Field(default=None, description="the id of the payload key that encrypts")
    root_keys: KeyRing = Field(default_factory=dict, repr=False, description="a table: key id to 32 bytes in base64")
    root_key: str | None = Field(default=None, description="the id of the root key for new clusters")
    engine_keys: dict[str, KeyRing] = Field(
        default_factory=dict, repr=False, description="a table: engine to key id to 32 bytes in base64"
    )
    engines: dict[str, EngineSettings] = Field(default_factory=dict, description="a table of engines' options")
    builds: Whole = Field(default=200, ge=1, le=2000, description="a whole number from 1 to 2000")
    cloud_threads: Whole = Field(default=8, ge=1, le=256, description="a whole number from 1 to 256")
    guest_threads: Whole = Field(default=32, ge=1, le=1024, description="a whole number from 1 to 1024")
    build_id: PlainName | None = Field(default=None, description=PLAIN)
    metrics_address: Annotated[str, AfterValidator(_listening)] | None = Field(
        default=None, description="an IP address and a port, such as 127.0.0.1:9464"
    )
    codec_address: Annotated[str, AfterValidator(_listening)] = Field(
        default="127.0.0.1:8234", description="an IP address and a port, such as 127.0.0.1:8234"
    )
    codec_origins: tuple[Annotated[str, StringConstraints(pattern=ORIGIN)], ...] = Field(
        default=(), description="a list of Web UIs' origins, each such as https://temporal.example.org"
    )
    codec_token: Annotated[str, StringConstraints(pattern=BEARER)] | None = Field(
        default=None, repr=False, description="at least 16 letters, digits and characters of -._~+/"
    )
    log_format: LogFormat = Field(default=LogFormat.TEXT, description="text or json")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic-settings gives it
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic-settings gives it
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments beat the environment, which beats durabase.toml."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_file())

    @model_validator(mode="after")
    def _the_default_cloud_is_configured(self) -> Self:
        if self.cloud_named(None) not in self.all_clouds:
            raise refusal("cloud", self.cloud, f"one of {LOCAL}, {', '.join(sorted(self.all_clouds))}")
        return self

    @property
    def all_clouds(self) -> dict[str, CloudSettings]:
        """The configured clouds and the embedded local one."""
        return {self.local_name: CloudSettings(provider=LOCAL), **self.clouds}

    @property
    def local_name(self) -> str:
        """The name of the state directory's local cloud. Raises BadInput for a file that durabase did not write."""
        return kept_name(self.state_dir) or local_cloud()

    def cloud_named(self, name: str | None) -> str:
        """Return a request's cloud: the default for None, this host's for `local`."""
        chosen = name or self.cloud
        return self.local_name if chosen == LOCAL else chosen

    def payload_ring(self) -> PayloadKeys:
        """Return the payload ring. Raises MissingKey if there is none."""
        return PayloadKeys(*self.ring(Ring.PAYLOAD))

    def root_ring(self) -> RootKeys:
        """Return the root ring. Raises MissingKey if there is none."""
        return RootKeys(*self.ring(Ring.ROOT))

    def engine_ring(self, engine: str) -> EngineKeys:
        """Return one engine's keys: its own if settings have them, else derived from the root ring.

        Raises MissingKey if there are none, or not the one that new clusters need.
        """
        own = self.engine_keys.get(engine)
        if own:
            return EngineKeys(engine, _current(Ring.ROOT, self.root_key, own), own)
        return self.root_ring().engine(engine)

    def ring(self, ring: Ring) -> tuple[str, Mapping[str, bytes]]:
        """Return a ring's current key id and its keys: from settings, else from the state directory.

        Raises MissingKey if there is none, or no key of the current id; BadInput for a torn key file.
        """
        current, keys = self.configured(ring)
        if keys:
            return _current(ring, current, keys), keys
        if not (self.state_dir / KEY_FILE).exists():
            raise MissingKey(
                f"there is no {ring} key: set {ring}_keys in {config_file()} or DURABASE_{ring.upper()}_KEYS, "
                f"or run `durabase up`, which makes one in {self.state_dir} for local use"
            )
        stored = KeyFile.read(self.state_dir)
        return stored.current[ring], stored.keys[ring]

    def configured(self, ring: Ring) -> tuple[str | None, KeyRing]:
        """Return what the settings themselves say of a ring: no key if it is the state directory's."""
        if ring is Ring.PAYLOAD:
            return self.payload_key, self.payload_keys
        return self.root_key, self.root_keys


def load_settings(**overrides: Any) -> Settings:
    """Return the settings. Raises BadInput, one sentence for each field or variable that is wrong."""
    refuse_unknown(os.environ, Settings.model_fields)
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise bad_input(error, Settings) from None
    except SettingsError as error:
        raise BadInput(_not_json(error)) from None
    except BadInput:
        raise
    except RecursionError:
        raise BadInput(f"{config_file()} or a variable is not allowed: it must not be nested so deeply") from None
    except ValueError as error:
        # TOMLDecodeError and UnicodeDecodeError, and a number too long for Python to read.
        raise BadInput(f"{config_file()} is not allowed: it must be TOML ({error})") from None
    except OSError as error:
        raise BadInput(f"{config_file()} cannot be read: {error.strerror}") from None


def config_file() -> Path:
    """Return where durabase.toml is looked for: DURABASE_CONFIG, else ~/.config/durabase/durabase.toml."""
    named = os.environ.get(CONFIG)
    return Path(named) if named else _home() / ".config" / "durabase" / "durabase.toml"


def default_state_dir() -> Path:
    """Return the XDG state directory's `durabase`; a relative one is ignored (XDG Base Directory Specification 0.8)."""
    named = os.environ.get("XDG_STATE_HOME", "")
    return (Path(named) if named.startswith("/") else _home() / ".local" / "state") / "durabase"


def _home() -> Path:
    """Return the user's home directory. Raises BadInput: in a container a user id may have none."""
    try:
        home = Path.home()
    except RuntimeError:
        raise BadInput(f"HOME is not set, and user id {os.getuid()} has no entry in passwd: set HOME") from None
    if not home.is_absolute():
        raise refusal("HOME", str(home), "an absolute path")
    return home


def local_cloud() -> str:
    """Return the name of a new local cloud. It holds the host's: another host's worker could not reach its servers."""
    host = re.sub(r"[^a-z0-9-]", "-", socket.gethostname().split(".")[0].lower())
    return f"local-{host}"[:63]


def _current(ring: Ring, current: str | None, keys: Mapping[str, bytes]) -> str:
    """Return the id of the key for what is new: the one that settings name, else the only one there is."""
    if current is None and len(keys) == 1:
        return next(iter(keys))
    if current is None or current not in keys:
        raise MissingKey(f"{ring}_key {current!r} is not allowed: it must be one of {', '.join(sorted(keys))}")
    return current


def _not_json(error: SettingsError) -> str:
    """Name the variable whose text is no JSON, as pydantic-settings demands it of tables and lists."""
    field = str(error).split('"')[1]
    allowed = f"{Settings.model_fields[field].description}, in JSON"
    return f"{PREFIX}{field.upper()} is not allowed: it must be {allowed}"
