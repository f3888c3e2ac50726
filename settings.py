"""Settings: from the environment (DURABASE_…), durabase.toml, and the state directory's key file."""

import base64
import binascii
import json
import os
import re
import socket
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from keys import KEY_BYTES, EngineKeys, MissingKey, RootKeys
from model.base import BadInput, Request, bad_input
from model.datastore import Datastore, EngineSettings
from temporal.codec import PayloadKeys

KEY_FILE = "keys.json"


def _key(value: object) -> bytes:
    try:
        key = base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"not {KEY_BYTES} bytes in base64")
    return key


Key = Annotated[bytes, BeforeValidator(_key)]
KeyRing = dict[str, Key]


class CloudSettings(Request):
    """One cloud: the name of the provider (an entry point of `durabase.providers`) that serves it."""

    provider: str = Field(description="the name of an installed provider")


class Settings(BaseSettings):
    """Everything that may be set. Raises BadInput through `load_settings`, one sentence a field."""

    model_config = SettingsConfigDict(
        env_prefix="DURABASE_", env_nested_delimiter="__", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    state_dir: Annotated[Path, AfterValidator(Path.expanduser)] = Field(
        default_factory=lambda: default_state_dir(), description="a directory"
    )
    cloud: str = Field(default_factory=lambda: local_cloud(), description="the name of a configured cloud")
    clouds: dict[str, CloudSettings] = Field(default_factory=dict, description="a table of clouds")
    datastores: tuple[Datastore, ...] = Field(default=(), description="a list of catalogue entries")
    payload_keys: KeyRing = Field(default_factory=dict, repr=False, description="a table: key id to 32 bytes in base64")
    payload_key: str | None = Field(default=None, description="the id of the payload key that encrypts")
    root_keys: KeyRing = Field(default_factory=dict, repr=False, description="a table: key id to 32 bytes in base64")
    root_key: str | None = Field(default=None, description="the id of the root key for new clusters")
    engine_keys: dict[str, KeyRing] = Field(
        default_factory=dict, repr=False, description="a table: engine to key id to 32 bytes in base64"
    )
    engines: dict[str, EngineSettings] = Field(default_factory=dict, description="a table of engines' options")
    cloud_threads: int = Field(default=8, ge=1, le=256, description="a whole number from 1 to 256")
    guest_threads: int = Field(default=32, ge=1, le=1024, description="a whole number from 1 to 1024")

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

    @property
    def all_clouds(self) -> dict[str, CloudSettings]:
        """The configured clouds and the embedded local one."""
        return {local_cloud(): CloudSettings(provider="local"), **self.clouds}

    def cloud_named(self, name: str | None) -> str:
        """Return a request's cloud: the default for None, this host's for `local`."""
        chosen = name or self.cloud
        return local_cloud() if chosen == "local" else chosen

    def payload_ring(self) -> PayloadKeys:
        """Return the payload ring. Raises MissingKey if there is none."""
        current, keys = _ring("payload", self.payload_key, self.payload_keys, self.state_dir)
        return PayloadKeys(current, keys)

    def root_ring(self) -> RootKeys:
        """Return the root ring. Raises MissingKey if there is none."""
        current, keys = _ring("root", self.root_key, self.root_keys, self.state_dir)
        return RootKeys(current, keys)

    def engine_ring(self, engine: str) -> EngineKeys:
        """Return one engine's keys: its own if settings have them, else derived from the root ring.

        Raises MissingKey if there are none, or not the one that new clusters need.
        """
        own = self.engine_keys.get(engine)
        if own:
            return EngineKeys(engine, _current("root", self.root_key, own), own)
        return self.root_ring().engine(engine)


def load_settings(**overrides: Any) -> Settings:
    """Return the settings. Raises BadInput, one sentence for each field that is wrong."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise bad_input(error, Settings) from None
    except SettingsError as error:
        raise BadInput(_not_json(error)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{config_file()} is not allowed: it must be TOML ({error})") from None
    except OSError as error:
        raise BadInput(f"{config_file()} cannot be read: {error.strerror}") from None


def config_file() -> Path:
    """Return where durabase.toml is looked for: DURABASE_CONFIG, else ~/.config/durabase/durabase.toml."""
    return Path(os.environ.get("DURABASE_CONFIG") or Path.home() / ".config" / "durabase" / "durabase.toml")


def default_state_dir() -> Path:
    """Return the XDG state directory's `durabase` (XDG Base Directory Specification 0.8)."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "durabase"


def local_cloud() -> str:
    """Return the local cloud's name. It holds the host's: another host's worker could not reach these servers."""
    host = re.sub(r"[^a-z0-9-]", "-", socket.gethostname().split(".")[0].lower())
    return f"local-{host}"[:63]


def make_local_keys(state_dir: Path) -> None:
    """Make the key file of the embedded default on first use (0600); an existing one is never touched."""
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = state_dir / KEY_FILE
    fresh = {ring: {"1": base64.b64encode(os.urandom(KEY_BYTES)).decode()} for ring in ("payload", "root")}
    draft = path.with_name(f"{KEY_FILE}.{os.getpid()}")
    draft.touch(mode=0o600)
    try:
        draft.write_text(json.dumps(fresh, indent=2))
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _ring(name: str, current: str | None, keys: KeyRing, state_dir: Path) -> tuple[str, KeyRing]:
    """Return a ring from settings, else from the state directory."""
    path = state_dir / KEY_FILE
    if not keys and path.exists():
        keys, current = _stored(path, name), None
    if not keys:
        raise MissingKey(
            f"there is no {name} key: set {name}_keys in {config_file()} or DURABASE_{name.upper()}_KEYS, "
            f"or run `durabase up`, which makes one in {state_dir} for local use"
        )
    return _current(name, current, keys), keys


def _current(name: str, current: str | None, keys: KeyRing) -> str:
    """Return the id of the key for what is new: the one that settings name, else the only one there is."""
    if current is None and len(keys) == 1:
        return next(iter(keys))
    if current not in keys:
        raise MissingKey(f"{name}_key {current!r} is not allowed: it must be one of {', '.join(sorted(keys))}")
    return current


def _stored(path: Path, name: str) -> KeyRing:
    """Return a ring from the key file. Raises BadInput, without a word of what the file holds."""
    try:
        return {key_id: _key(key) for key_id, key in json.loads(path.read_text())[name].items()}
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, LookupError, AttributeError, TypeError):
        raise BadInput(f"{path} is not allowed: it must be what `durabase up` wrote; restore it") from None


def _not_json(error: SettingsError) -> str:
    """Name the variable whose text is no JSON, as pydantic-settings demands it of tables and lists."""
    field = str(error).split('"')[1]
    allowed = f"{Settings.model_fields[field].description}, in JSON"
    return f"DURABASE_{field.upper()} is not allowed: it must be {allowed}"
