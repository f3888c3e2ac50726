"""The codec endpoint of the embedded default, started for real."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from cli import local_codec
from cli.dev_server import choosing_ports
from cli.voice import Failed
from key_file import make_local_keys
from tests import another_user

WEB_UI = "http://127.0.0.1:8233"
TOKEN = "a-token-for-tests-only"


@pytest.fixture
def state_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("DURABASE_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("DURABASE_CONFIG", str(tmp_path / "durabase.toml"))
    make_local_keys(tmp_path)
    with choosing_ports():
        yield tmp_path
    local_codec.stop(tmp_path)


def asked_by(origin: str, address: str) -> int:
    """Return the status with which a page is answered."""
    request = Request(f"{address}/decode", data=b"{}", headers={"Origin": origin})  # noqa: S310 - the address is ours
    try:
        with urlopen(request, timeout=30) as response:  # noqa: S310
            return int(response.status)
    except HTTPError as error:
        return error.code


async def test_it_serves_its_web_ui_only_and_comes_back_where_it_was(state_dir: Path) -> None:
    (state_dir / "durabase.toml").write_text(f"codec_token = '{TOKEN}'\ncodec_address = '127.0.0.1:1'\n")
    address = await local_codec.start(state_dir, WEB_UI)
    answers = [asked_by(origin, address) for origin in (WEB_UI, "http://localhost:8233", "http://127.0.0.1:9")]
    assert answers == [200, 200, 403], "whatever the settings say of an endpoint for others"

    identity = local_codec.daemon(state_dir).identity
    assert identity is not None
    os.kill(identity.pid, signal.SIGKILL)
    while identity.alive():
        pass
    assert await local_codec.start(state_dir, WEB_UI) == address
    assert asked_by(WEB_UI, address) == 200

    local_codec.stop(state_dir)
    assert not local_codec.daemon(state_dir).runs
    assert not (state_dir / local_codec.CODEC_FILE).exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user; test_codec_server.py tries the rest")
async def test_no_other_user_of_this_host_reads_or_seals_anything(state_dir: Path) -> None:
    address = await local_codec.start(state_dir, WEB_UI)
    for action in ("decode", "encode"):
        assert another_user.posted(f"{address}/{action}", "{}").startswith("HTTP/1.1 403 ")


async def test_one_that_cannot_start_says_why(state_dir: Path) -> None:
    (state_dir / "durabase.toml").write_text("guest_threads = 0\n")
    with pytest.raises(Failed, match=r"did not start; .*codec\.log ends with:\nguest_threads 0 is not allowed"):
        await local_codec.start(state_dir, WEB_UI)
    assert not local_codec.daemon(state_dir).runs
