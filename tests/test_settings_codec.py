"""The codec endpoint's settings: which origins and tokens are taken, and that the token is never shown."""

import json
from pathlib import Path

import pytest

from settings import load_settings
from tests.own_settings import refusals
from tests.own_settings import toml as toml


@pytest.mark.parametrize("origin", ["https://temporal.example.org", "http://127.0.0.1:8233", "http://[::1]:8233"])
def test_a_web_ui_is_named_as_browsers_name_it(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    monkeypatch.setenv("DURABASE_CODEC_ORIGINS", json.dumps([origin]))
    assert load_settings().codec_origins == (origin,)


@pytest.mark.parametrize(
    "origin", ["*", "null", "temporal.example", "https://x/", "https://x/ui", "HTTPS://x", "https://x\n", "ftp://x", ""]
)
def test_what_no_browser_calls_an_origin_is_refused(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    monkeypatch.setenv("DURABASE_CODEC_ORIGINS", json.dumps([origin]))
    assert refusals() == [
        f"codec_origins.0 {origin!r} is not allowed: it must be a list of Web UIs' origins, "
        "each such as https://temporal.example.org"
    ]


@pytest.mark.parametrize("token", ["", "too short", "fifteen-letters", "with a blank in it", "a-token-with-a-break\n"])
def test_a_wrong_codec_token_is_not_repeated(toml: Path, token: str) -> None:
    toml.write_text(f"codec_token = {json.dumps(token)}\n")
    assert refusals() == ["codec_token is not allowed: it must be at least 16 letters, digits and characters of -._~+/"]


def test_settings_show_no_codec_token(toml: Path) -> None:
    toml.write_text("codec_token = 'a-token-for-tests-only'\n")
    assert load_settings().codec_token == "a-token-for-tests-only"
    assert "a-token" not in f"{load_settings()!r} {load_settings()}"
