"""Settings: which source wins, and what is refused in which words."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from keys import KEY_BYTES
from local_name import NAME_FILE, keep_name
from model.spec import PLAIN
from settings import load_settings, local_cloud
from tests.own_settings import refusals
from tests.own_settings import toml as toml

ONE, TWO = (base64.b64encode(bytes([number]) * KEY_BYTES).decode() for number in (1, 2))
SECRET = base64.b64encode(b"too short, yet secret").decode()


# Which source wins.


def test_without_any_setting_the_local_cloud_is_meant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DURABASE_STATE_DIR")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    settings = load_settings()
    assert settings.state_dir == tmp_path / "xdg" / "durabase"
    assert settings.cloud_named(None) == local_cloud()
    assert list(settings.all_clouds) == [local_cloud()]
    assert settings.all_clouds[local_cloud()].provider == "local"


def test_arguments_beat_the_environment_which_beats_the_file(toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toml.write_text("cloud_threads = 3\nguest_threads = 3\n[clouds.lab]\nprovider = 'local'\n")
    monkeypatch.setenv("DURABASE_GUEST_THREADS", "4")
    settings = load_settings()
    assert (settings.cloud_threads, settings.guest_threads) == (3, 4)
    assert load_settings(guest_threads=5).guest_threads == 5
    assert sorted(settings.all_clouds) == sorted(["lab", local_cloud()])


def test_a_nested_setting_is_set_by_a_variable_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DURABASE_ENGINES__POSTGRESQL__USAGE_TIMEOUT", "25")
    monkeypatch.setenv("DURABASE_PAYLOAD_KEYS__1", ONE)
    settings = load_settings()
    assert settings.engines["postgresql"].usage_timeout == 25
    assert settings.payload_keys == {"1": b"\x01" * KEY_BYTES}


def test_a_home_directory_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DURABASE_STATE_DIR", "~/durabase-state")
    assert load_settings().state_dir == Path.home() / "durabase-state"


@pytest.mark.parametrize("chosen", ["local", None])
def test_local_means_this_host_s_cloud(monkeypatch: pytest.MonkeyPatch, chosen: str | None) -> None:
    monkeypatch.setenv("DURABASE_CLOUD", "local")
    assert load_settings().cloud_named(chosen) == local_cloud()
    assert load_settings().cloud_named("lab") == "lab"


@pytest.mark.parametrize(
    ("host", "name"), [("db1.example.org", "local-db1"), ("My_Host", "local-my-host"), ("h" * 90, "local-" + "h" * 57)]
)
def test_the_local_cloud_bears_its_host_s_name(monkeypatch: pytest.MonkeyPatch, host: str, name: str) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: host)
    assert local_cloud() == name


@pytest.mark.parametrize("relative", ["xdg", "./xdg", "~/xdg"])
def test_a_relative_xdg_directory_is_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, relative: str) -> None:
    monkeypatch.delenv("DURABASE_STATE_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", relative)
    assert load_settings().state_dir == tmp_path / ".local" / "state" / "durabase"


@pytest.mark.parametrize("variable", ["DURABASE_STATE_DIR", "DURABASE_CONFIG"])
def test_without_a_home_one_is_asked_for_where_it_is_needed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("os.getuid", lambda: 54321)
    assert load_settings().state_dir == tmp_path / "state"
    monkeypatch.delenv(variable)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert refusals() == ["HOME is not set, and user id 54321 has no entry in passwd: set HOME"]
    monkeypatch.setenv("HOME", "somewhere")
    assert refusals() == ["HOME 'somewhere' is not allowed: it must be an absolute path"]


def test_the_local_cloud_keeps_its_name_when_the_host_gets_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = load_settings()
    keep_name(before.state_dir, before.local_name)
    monkeypatch.setattr("socket.gethostname", lambda: "renamed")
    after = load_settings()
    assert after.local_name == before.local_name != local_cloud() == "local-renamed"
    assert list(after.all_clouds) == [after.cloud_named("local")] == [after.cloud_named(None)] == [before.local_name]
    assert load_settings(state_dir=tmp_path / "another").local_name == "local-renamed"


def test_reading_settings_makes_nothing() -> None:
    assert not load_settings().state_dir.exists()


def test_a_name_of_the_local_cloud_that_durabase_did_not_write_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / NAME_FILE).write_text("lab one\n")
    allowed = "local- and at most 57 lower-case letters, digits and hyphens"
    assert refusals() == [f"{tmp_path / 'state' / NAME_FILE} 'lab one' is not allowed: it must be {allowed}"]


# What is refused.


MISREAD = ["a\nb", "a\tb", "a\udcffb", "a\u200bb", "what?", "a*", "a[x]"]


@pytest.mark.parametrize("name", MISREAD)
@pytest.mark.parametrize("variable", ["DURABASE_STATE_DIR", "XDG_STATE_HOME", "HOME"])
def test_a_state_directory_that_some_program_would_misread_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, name: str
) -> None:
    monkeypatch.delenv("DURABASE_STATE_DIR")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv(variable, str(tmp_path / name))
    [refused] = refusals()
    assert refused.startswith("state_dir '")
    assert "a directory, in whose path all characters are printable and none is one of * ? [" in refused
    assert refused.isprintable()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a b", "a#b", "a%20b", "it's", 'say "so"', "a;b", "a:b", "a\\b", "$HOME", "\u00fc"])
def test_a_state_directory_may_have_any_other_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    monkeypatch.setenv("DURABASE_STATE_DIR", str(tmp_path / name))
    assert load_settings().state_dir == tmp_path / name


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("CLOUD_THREADS", "0", "cloud_threads '0' is not allowed: it must be a whole number from 1 to 256"),
        ("BUILDS", "0", "builds '0' is not allowed: it must be a whole number from 1 to 2000"),
        ("GUEST_THREADS", "many", "guest_threads 'many' is not allowed: it must be a whole number from 1 to 1024"),
        ("CLOUDS", "{lab", "DURABASE_CLOUDS is not allowed: it must be a table of clouds, in JSON"),
        ("CLOUDS", '{"lab": {}}', "clouds.lab.provider is missing: it must be the name of an installed provider"),
        ("CLOUDS__LAB__REGION", "x", "clouds.lab.region is not a field: allowed are provider, options"),
        ("DATASTORES", "{}", "datastores is not allowed: it must be a list of catalogue entries"),
        ("LOG_FORMAT", "xml", "log_format 'xml' is not allowed: it must be text or json"),
        (
            "ENGINES__POSTGRESQL__USAGE_TIMEOUT",
            "9",
            "engines.postgresql.usage_timeout '9' is not allowed: it must be a whole number of seconds from 10",
        ),
    ],
)
def test_a_wrong_variable_is_a_sentence(monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str) -> None:
    monkeypatch.setenv(f"DURABASE_{name}", value)
    assert sentence in refusals()


@pytest.mark.parametrize(
    "address",
    ["", "9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:+1", "localhost:1", "::1:80"],
)
def test_a_wrong_address_of_metrics_is_a_sentence(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("DURABASE_METRICS_ADDRESS", address)
    allowed = "an IP address and a port, such as 127.0.0.1:9464"
    assert refusals() == [f"metrics_address '{address}' is not allowed: it must be {allowed}"]


@pytest.mark.parametrize("address", ["0.0.0.0:9464", "[::1]:9464"])
def test_an_address_of_metrics_is_of_either_kind(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("DURABASE_METRICS_ADDRESS", address)
    assert load_settings().metrics_address == address


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("PAYLOAD_KEYS", SECRET, "DURABASE_PAYLOAD_KEYS"),
        ("PAYLOAD_KEYS", f'"{SECRET}"', "payload_keys"),
        ("PAYLOAD_KEYS", f'["{SECRET}"]', "payload_keys"),
        ("PAYLOAD_KEYS__7", SECRET, "payload_keys.7"),
        ("ROOT_KEYS__7", "no base64: " + SECRET, "root_keys.7"),
        ("ENGINE_KEYS", f'{{"postgresql": "{SECRET}"}}', "engine_keys.postgresql"),
        ("ENGINE_KEYS", f'{{"postgresql": {{"7": "{SECRET}"}}}}', "engine_keys.postgresql.7"),
    ],
)
def test_a_wrong_key_is_named_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, field: str
) -> None:
    monkeypatch.setenv(f"DURABASE_{name}", value)
    [sentence] = refusals()
    assert sentence.startswith(f"{field} is not allowed: it must be a table: ")
    assert "32 bytes in base64" in sentence
    assert SECRET not in sentence


def test_a_typo_in_the_file_is_refused_with_what_there_is(toml: Path) -> None:
    toml.write_text("clowd = 'lab'\n")
    [sentence] = refusals()
    assert sentence.startswith("clowd is not a field: allowed are state_dir, cloud, clouds, datastores")


@pytest.mark.parametrize("content", [b"cloud = ", b"cloud = '\xff'", b"[clouds"])
def test_a_file_that_is_no_toml_is_named(toml: Path, content: bytes) -> None:
    toml.write_bytes(content)
    [sentence] = refusals()
    assert sentence.startswith(f"{toml} is not allowed: it must be TOML (")


def test_a_file_that_cannot_be_read_is_named(toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toml.touch()
    monkeypatch.setattr(Path, "open", _denied)
    assert refusals() == [f"{toml} cannot be read: Permission denied"]


def _denied(*_: object, **__: object) -> Iterator[bytes]:
    raise PermissionError(13, "Permission denied")


def test_a_worker_s_version_is_checked_and_may_be_left_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().build_id is None
    monkeypatch.setenv("DURABASE_BUILD_ID", "2026.11-a")
    assert load_settings().build_id == "2026.11-a"
    assert load_settings(build_id=None).build_id is None
    for wrong in ("", "a b", "-1", "__unversioned__", "x" * 64):
        monkeypatch.setenv("DURABASE_BUILD_ID", wrong)
        assert refusals() == [f"build_id {wrong!r} is not allowed: it must be {PLAIN}"]
