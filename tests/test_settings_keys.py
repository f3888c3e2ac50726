"""Keys in settings and in the key file: which are taken, that they are made once, and never shown."""

import base64
import json
from pathlib import Path

import pytest

from key_file import KEY_FILE, KeyFile, make_local_keys
from keys import KEY_BYTES, MissingKey, Ring, RootKeys
from model.base import BadInput
from settings import Settings, load_settings
from tests.own_settings import toml as toml

ONE, TWO = (base64.b64encode(bytes([number]) * KEY_BYTES).decode() for number in (1, 2))
SECRET = base64.b64encode(b"too short, yet secret").decode()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings without a key, whose state directory has a key file."""
    make_local_keys(tmp_path / "state")
    return load_settings()


def test_keys_come_from_the_state_directory_if_settings_have_none(settings: Settings) -> None:
    stored = json.loads((settings.state_dir / KEY_FILE).read_text())
    assert settings.payload_ring().keys == {"1": base64.b64decode(stored["payload"]["1"])}
    assert settings.root_ring().keys == {"1": base64.b64decode(stored["root"]["1"])}
    assert stored["payload"] != stored["root"]
    assert settings.engine_ring("postgresql").keys == settings.root_ring().engine("postgresql").keys


def test_after_a_rotation_the_key_file_names_the_current_key(settings: Settings) -> None:
    rotated = KeyFile.read(settings.state_dir).with_new(Ring.PAYLOAD)
    (settings.state_dir / KEY_FILE).write_text(rotated.text())
    payload, root = settings.payload_ring(), settings.root_ring()
    assert (payload.current, payload.keys) == ("2", rotated.keys[Ring.PAYLOAD])
    assert (root.current, root.keys) == ("1", rotated.keys[Ring.ROOT])
    assert settings.engine_ring("postgresql").current == "1"


def test_keys_in_settings_beat_the_key_file(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DURABASE_ROOT_KEYS__A", ONE)
    assert load_settings().root_ring().current == "a"
    monkeypatch.setenv("DURABASE_ROOT_KEYS__B", TWO)
    with pytest.raises(MissingKey, match="root_key None is not allowed: it must be one of a, b"):
        load_settings().root_ring()
    monkeypatch.setenv("DURABASE_ROOT_KEY", "a")
    assert load_settings().root_ring().current == "a"
    monkeypatch.setenv("DURABASE_ROOT_KEY", "c")
    with pytest.raises(MissingKey, match="root_key 'c' is not allowed: it must be one of a, b"):
        load_settings().root_ring()


def test_an_engine_s_own_keys_are_all_its_worker_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    root = RootKeys("1", {"1": b"\x01" * KEY_BYTES})
    derived = base64.b64encode(root.engine("postgresql").keys["1"]).decode()
    monkeypatch.setenv("DURABASE_ENGINE_KEYS", json.dumps({"postgresql": {"1": derived}}))
    ring = load_settings().engine_ring("postgresql")
    assert (ring.current, ring.keys) == ("1", root.engine("postgresql").keys)
    with pytest.raises(MissingKey):
        load_settings().root_ring()
    with pytest.raises(MissingKey):
        load_settings().engine_ring("valkey")


def test_an_engine_without_the_key_of_new_clusters_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DURABASE_ENGINE_KEYS", json.dumps({"postgresql": {"1": ONE}}))
    monkeypatch.setenv("DURABASE_ROOT_KEY", "2")
    with pytest.raises(MissingKey, match="root_key '2' is not allowed: it must be one of 1"):
        load_settings().engine_ring("postgresql")


def test_without_any_key_it_is_said_where_one_may_be_put(toml: Path) -> None:
    with pytest.raises(MissingKey) as missing:
        load_settings().payload_ring()
    assert str(missing.value) == (
        f"there is no payload key: set payload_keys in {toml} or DURABASE_PAYLOAD_KEYS, "
        f"or run `durabase up`, which makes one in {toml.parent / 'state'} for local use"
    )


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"payload": 1}', f'{{"payload": {{"1": "{SECRET}"}}}}'])
def test_a_torn_key_file_is_named_and_not_repeated(settings: Settings, content: str) -> None:
    (settings.state_dir / KEY_FILE).write_text(content)
    with pytest.raises(BadInput) as refused:
        settings.payload_ring()
    assert str(refused.value).startswith(f"{settings.state_dir / KEY_FILE} is not allowed: it must be what")
    assert SECRET not in str(refused.value)
    assert refused.value.__suppress_context__


def test_settings_show_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DURABASE_PAYLOAD_KEYS__1", ONE)
    monkeypatch.setenv("DURABASE_ROOT_KEYS__1", ONE)
    monkeypatch.setenv("DURABASE_ENGINE_KEYS", json.dumps({"postgresql": {"1": ONE}}))
    shown = f"{load_settings()!r} {load_settings()}"
    assert "x01" not in shown
    assert ONE not in shown
