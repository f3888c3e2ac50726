"""`durabase codec`, as an operator runs it for a Temporal of their own."""

import base64
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

from cli.codec import serve
from temporal.codec import PayloadKeys
from temporal.codec_server import Access, CodecServer
from tests.cli.home import SECONDS, Home
from tests.keys_for_tests import PAYLOAD_KEYS

KEY = base64.b64encode(PAYLOAD_KEYS.keys["test"]).decode()
WEB_UI = "https://temporal.example.org"
TOKEN = "a-token-for-tests-only"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with a payload key and nothing that runs."""
    (tmp_path / "durabase.toml").write_text(f"[payload_keys]\ntest = '{KEY}'\n")
    return Home(tmp_path)


def configured(home: Home, **settings: str | list[str]) -> None:
    """Add settings: TOML writes texts and lists of texts as JSON does."""
    file = home.state_dir / "durabase.toml"
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in settings.items()]
    file.write_text("".join(lines) + file.read_text())


@contextmanager
def codec(home: Home, address: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command until the block ends, and show that SIGTERM ends it well."""
    process = subprocess.Popen(
        home.command("codec"), env=home.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        ends = time.monotonic() + SECONDS
        while asked(address) is None:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < ends
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0


def asked(address: str, path: str = "/decode", **headers: str) -> int | None:
    """Return the status of a request; None as long as nobody listens."""
    request = Request(f"http://{address}{path}", data=b"{}", headers=headers)
    try:
        with urlopen(request, timeout=SECONDS) as response:  # noqa: S310
            return int(response.status)
    except HTTPError as error:
        return error.code
    except URLError:
        return None


def test_it_serves_whom_the_settings_name_and_logs_no_request(home: Home, unused_tcp_port: int) -> None:
    address = f"127.0.0.1:{unused_tcp_port}"
    configured(home, codec_address=address, codec_origins=[WEB_UI], codec_token=TOKEN)
    with codec(home, address) as process:
        assert asked(address) == 401
        assert asked(address, Authorization=f"Bearer {TOKEN}") == 200
        assert asked(address, Authorization=f"Bearer {TOKEN}", Origin=WEB_UI) == 200
        assert asked(address, Authorization=f"Bearer {TOKEN}", Origin="https://evil.example") == 403
        assert asked(address, Authorization=f"Bearer {TOKEN}", Host="evil.example") == 403
        command_line = Path(f"/proc/{process.pid}/cmdline").read_text()
        environment = Path(f"/proc/{process.pid}/environ").read_text()
        assert TOKEN not in command_line + environment
        assert KEY not in command_line + environment
    said = process.communicate()[0].splitlines()
    assert len(said) == 1, said
    assert said[0].endswith(f"the codec endpoint is http://{address}, for {WEB_UI}")


@pytest.mark.parametrize(("token", "uid"), [(None, os.getuid()), (TOKEN, None)], ids=["no token", "token"])
def test_without_a_token_it_serves_its_own_user_alone(
    monkeypatch: pytest.MonkeyPatch, token: str | None, uid: int | None
) -> None:
    given: list[Access] = []

    class Server(CodecServer):
        def __init__(self, ring: PayloadKeys, access: Access) -> None:
            given.append(access)
            super().__init__(ring, access)

    monkeypatch.setattr("temporal.codec_server.CodecServer", Server)
    monkeypatch.setattr("aiohttp.web.run_app", lambda *_, **__: None)
    serve(PAYLOAD_KEYS, "127.0.0.1:8234", [WEB_UI], token)
    assert [each.uid for each in given] == [uid]


def test_a_malformed_request_is_not_repeated_in_the_log(home: Home, unused_tcp_port: int) -> None:
    address = f"127.0.0.1:{unused_tcp_port}"
    configured(home, codec_address=address)
    with codec(home, address) as process:
        torn = subprocess.run(
            ["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{unused_tcp_port}; cat >&3; head -1 <&3"],
            input=f"POST /decode HTTP/1.1\r\nHost: {address}\r\nAuthorization: {TOKEN}\x01\r\n\r\n",
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )
        assert "400" in torn.stdout
    said = process.communicate()[0]
    assert TOKEN not in said
    assert said.rstrip().endswith("for no Web UI (codec_origins)")


@pytest.mark.parametrize("address", ["0.0.0.0:8234", "[2001:db8::7]:8234"])
def test_other_hosts_need_a_token(home: Home, address: str) -> None:
    configured(home, codec_address=address)
    sentence = f"codec_address '{address}' is not allowed: it must be a loopback address as long as there is no"
    assert home.refused("codec") == f"{sentence} codec_token"


def test_an_address_that_is_taken_is_named(home: Home, unused_tcp_port: int) -> None:
    address = f"127.0.0.1:{unused_tcp_port}"
    configured(home, codec_address=address)
    with codec(home, address):
        said = home.refused("codec", code=1)
    assert said.splitlines()[-1].startswith(f"the codec endpoint cannot listen on {address}: ")
    assert os.strerror(98).lower() in said.lower()


def test_without_a_payload_key_it_does_not_start(home: Home) -> None:
    (home.state_dir / "durabase.toml").write_text("")
    assert home.refused("codec").startswith("there is no payload key: set payload_keys")
