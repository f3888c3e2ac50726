"""Settings of a test's own, and what is refused of them."""

from pathlib import Path

import pytest

from model.base import BadInput
from settings import load_settings


@pytest.fixture(autouse=True)
def toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's own durabase.toml, not there yet."""
    path = tmp_path / "durabase.toml"
    monkeypatch.setenv("DURABASE_CONFIG", str(path))
    monkeypatch.setenv("DURABASE_STATE_DIR", str(tmp_path / "state"))
    return path


def refusals() -> list[str]:
    """Return the sentences with which the settings are refused."""
    with pytest.raises(BadInput) as refused:
        load_settings()
    return str(refused.value).splitlines()
