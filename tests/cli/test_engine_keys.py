"""What an engine's worker gets in place of the root keys."""

import base64
from pathlib import Path

import pytest
import typer

from cli.engine_keys import engine_keys
from cli.exits import run
from keys import KEY_BYTES, RootKeys
from model.cluster import ClusterIdentity
from settings import load_settings

ROOT = RootKeys("2", {"1": b"1" * KEY_BYTES, "2": b"2" * KEY_BYTES})
ORDERS = ClusterIdentity(id="uuid", name="orders", datastore="postgresql", cloud="local", root_key_id="1")


@pytest.fixture(autouse=True)
def _root_ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings with a root ring of two, at whoever has the root keys."""
    ring = "".join(f'{key_id} = "{base64.b64encode(key).decode()}"\n' for key_id, key in ROOT.keys.items())
    (tmp_path / "durabase.toml").write_text(f'root_key = "2"\n[root_keys]\n{ring}')
    monkeypatch.setenv("DURABASE_CONFIG", str(tmp_path / "durabase.toml"))
    monkeypatch.setenv("DURABASE_STATE_DIR", str(tmp_path))


def command(*arguments: str) -> int:
    app = typer.Typer()
    app.command()(engine_keys)
    return run(app, arguments, "durabase")


def test_its_worker_reaches_that_engine_s_clusters_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "postgresql.toml"
    assert command("postgresql", "--output", str(file)) == 0
    said = capsys.readouterr().out
    assert "holds postgresql's keys under root keys 1, 2" in said
    monkeypatch.setenv("DURABASE_CONFIG", str(file))
    given = load_settings()
    assert given.engine_ring("postgresql") == ROOT.engine("postgresql")
    assert given.engine_ring("postgresql").cluster(ORDERS) == ROOT.engine("postgresql").cluster(ORDERS)
    assert (given.root_keys, list(given.engine_keys)) == ({}, ["postgresql"])
    for key in (*ROOT.keys.values(), *ROOT.engine("postgresql").keys.values()):
        assert base64.b64encode(key).decode() not in said


def test_an_engine_of_another_package_may_have_any_name_that_an_engine_may_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("vendor.db", "--output", str(tmp_path / "out.toml")) == 0
    monkeypatch.setenv("DURABASE_CONFIG", str(tmp_path / "out.toml"))
    assert load_settings().engine_ring("vendor.db") == ROOT.engine("vendor.db")
    assert command('"] x', "--output", str(tmp_path / "other.toml")) == 2
    assert capsys.readouterr().err.startswith("engine '\"] x' is not allowed: it must be 1 to 63 letters, digits")
    assert not (tmp_path / "other.toml").exists()
