"""The SSH endpoint, spoken to by another client than durabase's own."""

import hashlib
from collections.abc import AsyncIterator, Iterator

import asyncssh
import pytest

from keys import private_pem, public_line
from model.cloud import Server
from tests.providers.local.local_servers import Cloud, wait_until

MEGABYTES = 5_000_000


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    cloud = Cloud(tmp_path_factory.mktemp("cloud"))
    yield cloud
    cloud.close()


@pytest.fixture(scope="module")
def server(cloud: Cloud) -> Server:
    return cloud.create()


@pytest.fixture
async def client(cloud: Cloud, server: Server) -> AsyncIterator[asyncssh.SSHClientConnection]:
    async with await connect(cloud, server) as connection:
        yield connection


async def connect(
    cloud: Cloud, server: Server, key: str | None = None, login: str = ""
) -> asyncssh.SSHClientConnection:
    return await asyncssh.connect(
        server.address or "",
        server.ssh_port,
        username=login or server.login,
        client_keys=[asyncssh.import_private_key(key or private_pem(cloud.login_key))],
        known_hosts=([asyncssh.import_public_key(public_line(cloud.host_key))], [], []),
        agent_path=None,
        config=None,
    )


async def test_output_errors_and_exit_code_arrive(client: asyncssh.SSHClientConnection) -> None:
    result = await client.run("echo out; echo err >&2; exit 7")
    assert (result.stdout, result.stderr, result.exit_status) == ("out\n", "err\n", 7)


async def test_a_signal_arrives_by_name(client: asyncssh.SSHClientConnection) -> None:
    result = await client.run("kill -TERM $$")
    assert result.exit_signal is not None
    assert result.exit_signal[0] == "TERM"


async def test_large_streams_arrive_whole(client: asyncssh.SSHClientConnection) -> None:
    data = bytes(range(256)) * (MEGABYTES // 256)
    result = await client.run("cat", input=data, encoding=None)
    assert result.stdout == data
    result = await client.run("sha256sum", input=data, encoding=None)
    assert isinstance(result.stdout, bytes)
    assert result.stdout.split()[0].decode() == hashlib.sha256(data).hexdigest()


async def test_input_that_nobody_reads_is_no_error(client: asyncssh.SSHClientConnection) -> None:
    result = await client.run("head --bytes 1 >/dev/null; exit 3", input=b"x" * MEGABYTES, encoding=None)
    assert result.exit_status == 3


async def test_a_process_left_behind_does_not_hold_the_command(client: asyncssh.SSHClientConnection) -> None:
    result = await client.run("echo done; sleep 300 &", timeout=60)
    assert (result.stdout, result.exit_status) == ("done\n", 0)


async def test_commands_run_in_the_root_in_a_clean_environment(
    client: asyncssh.SSHClientConnection, cloud: Cloud, server: Server
) -> None:
    result = await client.run("pwd; env | cut -d= -f1 | sort")
    assert isinstance(result.stdout, str)
    place, *names = result.stdout.split()
    assert place == str(cloud.home(server.id) / "root")
    assert names == ["DURABASE_SERVER", "HOME", "LANG", "PATH", "PWD"]


async def test_a_command_goes_on_when_its_client_is_gone(cloud: Cloud, server: Server) -> None:
    root = cloud.home(server.id) / "root"
    connection = await connect(cloud, server)
    await connection.create_process("echo; while [ ! -e go ]; do echo noise; done; touch done")
    connection.abort()
    await connection.wait_closed()
    (root / "go").touch()
    wait_until((root / "done").exists)
    async with await connect(cloud, server) as again:
        assert (await again.run("true")).exit_status == 0
    assert "Traceback" not in (cloud.home(server.id) / "log" / "sshd.log").read_text()


@pytest.mark.parametrize("stranger", ["key", "login"])
async def test_strangers_are_refused(cloud: Cloud, server: Server, stranger: str) -> None:
    key = private_pem(cloud.host_key) if stranger == "key" else None
    with pytest.raises(asyncssh.PermissionDenied):
        await connect(cloud, server, key, "root" if stranger == "login" else "")


async def test_there_is_no_shell(client: asyncssh.SSHClientConnection) -> None:
    result = await client.run()
    assert (result.stderr, result.exit_status) == ("this server only runs commands\n", 1)


async def test_connections_go_to_local_servers(client: asyncssh.SSHClientConnection, server: Server) -> None:
    reader, writer = await client.open_connection(server.address or "", server.ssh_port)
    assert await reader.readline() == b"SSH-2.0-durabase\r\n"
    writer.close()


@pytest.mark.parametrize("host", ["10.0.0.1", "0.0.0.0", "localhost", "::1", ""])  # noqa: S104 - refused
async def test_connections_go_nowhere_else(client: asyncssh.SSHClientConnection, host: str) -> None:
    with pytest.raises(asyncssh.ChannelOpenError) as refused:
        await client.open_connection(host, 22)
    assert refused.value.code == asyncssh.OPEN_CONNECT_FAILED
    assert refused.value.reason == "Connection refused"


async def test_there_are_no_files_and_no_ways_back(client: asyncssh.SSHClientConnection) -> None:
    with pytest.raises(asyncssh.ChannelOpenError):
        await client.start_sftp_client()
    with pytest.raises(asyncssh.ChannelListenError):
        await client.forward_remote_port("127.0.0.1", 0, "127.0.0.1", 22)
