"""The SSH connection: pinned, patient, and bounded whatever the server does."""

import ctypes
import hashlib
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import paramiko
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from guests import transport as ssh
from guests.base import OUTPUT_LIMIT, CommandResult
from guests.transport import SSH_ERRORS, execute, open_transport
from model.cloud import Server, ServerStatus
from model.errors import DeadlineExceeded, GuestRefused, GuestUnreachable
from temporal.heartbeat import noting
from tests.providers.local.local_servers import Cloud, wait_until

LIMIT = 60.0
MEGABYTES = 5_000_000


def deadline(seconds: float = LIMIT) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


@pytest.fixture
def transport(cloud: Cloud, shared_server: Server) -> Iterator[paramiko.Transport]:
    transport = open_transport(shared_server, cloud.login_key, cloud.host_key.public_key(), deadline())
    yield transport
    transport.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh, "PATIENCE_SECONDS", 0.5)


def test_another_host_key_is_refused_at_once(cloud: Cloud, shared_server: Server) -> None:
    other = Ed25519PrivateKey.generate().public_key()
    with pytest.raises(GuestRefused, match=r"orders-1 \(127.*:2222\) shows another host key than its own") as refusal:
        open_transport(shared_server, cloud.login_key, other, deadline())
    assert not refusal.value.retryable


@pytest.mark.usefixtures("impatient")
def test_a_login_key_that_stays_refused_is_said(cloud: Cloud, shared_server: Server) -> None:
    with pytest.raises(GuestRefused, match=r"orders-1 \(.*\) refuses the login key of durabase"):
        open_transport(shared_server, Ed25519PrivateKey.generate(), cloud.host_key.public_key(), deadline())


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("listens", [False, True], ids=["nobody listens", "nobody speaks"])
def test_a_server_that_does_not_answer_is_unreachable(
    cloud: Cloud, shared_server: Server, monkeypatch: pytest.MonkeyPatch, listens: bool
) -> None:
    monkeypatch.setattr(ssh, "BANNER_SECONDS", 0.5)
    monkeypatch.setattr(ssh, "HANDSHAKE_SECONDS", 0.5)
    with socket.socket() as mute, noting() as note:
        mute.bind((shared_server.address or "", 0))
        if listens:
            mute.listen()
        server = shared_server.model_copy(update={"ssh_port": mute.getsockname()[1]})
        with pytest.raises(GuestUnreachable, match=r"SSH on orders-1 \(.*\) does not answer: \S") as failure:
            open_transport(server, cloud.login_key, cloud.host_key.public_key(), deadline())
    assert failure.value.member == "orders-1"
    assert note.text.startswith(f"waits for SSH on orders-1 ({server.address}:{server.ssh_port}): ")


def test_a_server_that_still_boots_is_waited_for(cloud: Cloud, own_server: Server) -> None:
    cloud.kill_supervisor(own_server.id)
    cloud.kill_sshd(own_server.id)

    def start_once_refused() -> None:
        wait_until(lambda: "refused" in note.text)
        cloud.provider.start(own_server.id)

    with ThreadPoolExecutor() as threads, noting() as note:
        threads.submit(start_once_refused)
        open_transport(own_server, cloud.login_key, cloud.host_key.public_key(), deadline()).close()
    assert "Connection refused" in note.text


def test_the_deadline_ends_the_wait_with_the_last_error(cloud: Cloud, shared_server: Server) -> None:
    server = shared_server.model_copy(update={"ssh_port": 1})
    with pytest.raises(DeadlineExceeded, match=r"did not answer by the deadline: .*Connection refused"):
        open_transport(server, cloud.login_key, cloud.host_key.public_key(), deadline(ssh.DEADLINE_MARGIN + 0.5))


def test_no_delay_is_set(transport: paramiko.Transport) -> None:
    assert isinstance(transport.sock, socket.socket)
    assert transport.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_large_input_and_output_pass_each_other(transport: paramiko.Transport) -> None:
    data = bytes(range(256)) * (MEGABYTES // 256)
    result = execute(transport, "tee /dev/stderr", data, LIMIT, keep=len(data))
    assert result.code == 0
    expected = data.decode(errors="replace")
    assert result.stdout == expected
    assert result.stderr == expected
    digest = hashlib.sha256(data).hexdigest()
    assert execute(transport, "sha256sum", data, LIMIT).stdout.split()[0] == digest


def test_only_the_end_of_the_output_is_kept(transport: paramiko.Transport) -> None:
    result = execute(transport, "seq 1000000; seq 1000000 >&2", b"", LIMIT)
    assert len(result.stdout) == len(result.stderr) == OUTPUT_LIMIT
    assert result.stdout.endswith("\n999999\n1000000\n")
    assert result.stderr == result.stdout


def test_input_that_nobody_reads_is_no_error(transport: paramiko.Transport) -> None:
    assert execute(transport, "exit 3", b"x" * MEGABYTES, LIMIT).code == 3


def test_a_command_that_closes_its_output_early_is_waited_for(transport: paramiko.Transport) -> None:
    assert execute(transport, "exec >&- 2>&-; sleep 1; exit 5", b"", LIMIT).code == 5


def test_a_process_left_behind_does_not_hold_the_command(transport: paramiko.Transport) -> None:
    result = execute(transport, "echo done; sleep 300 &", b"", LIMIT)
    assert (result.code, result.stdout) == (0, "done\n")


def test_an_end_by_signal_is_no_lost_connection(transport: paramiko.Transport) -> None:
    assert execute(transport, "echo bye; kill -KILL $$", b"", LIMIT) == CommandResult(-1, "bye\n", "")


def test_a_command_that_goes_on_too_long_is_given_up(transport: paramiko.Transport) -> None:
    with pytest.raises(TimeoutError):
        execute(transport, "sleep 300", b"", 0.3)
    assert execute(transport, "true", b"", LIMIT).code == 0


def test_a_server_that_stops_answering_is_given_up(
    cloud: Cloud, own_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssh, "REPLY_SECONDS", 0.5)
    transport = open_transport(own_server, cloud.login_key, cloud.host_key.public_key(), deadline())
    cloud.stop_sshd(own_server.id)
    with pytest.raises(SSH_ERRORS):
        execute(transport, "true", b"", LIMIT)
    transport.close()


def test_a_connection_lost_in_the_middle_is_an_error(cloud: Cloud, own_server: Server) -> None:
    transport = open_transport(own_server, cloud.login_key, cloud.host_key.public_key(), deadline())
    started = cloud.home(own_server.id) / "root" / "started"
    with ThreadPoolExecutor() as threads:
        running = threads.submit(execute, transport, "touch started; sleep 300", b"", LIMIT)
        wait_until(started.exists)
        cloud.kill_sshd(own_server.id)
        with pytest.raises(SSH_ERRORS) as failure:
            running.result(timeout=LIMIT)
    assert not isinstance(failure.value, TimeoutError)
    with pytest.raises(SSH_ERRORS):
        execute(transport, "true", b"", LIMIT)
    cloud.wait_for(own_server.id, ServerStatus.ACTIVE)


def test_cancellation_reaches_a_thread_that_waits(
    transport: paramiko.Transport, cloud: Cloud, shared_server: Server
) -> None:
    started = cloud.home(shared_server.id) / "root" / "cancellable"

    class CancelledError(Exception):
        pass

    caught: list[type[BaseException]] = []

    def wait() -> None:
        try:
            execute(transport, "touch cancellable; sleep 300", b"", LIMIT)
        except CancelledError:
            caught.append(CancelledError)

    thread = threading.Thread(target=wait)
    thread.start()
    wait_until(started.exists)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(CancelledError))
    thread.join(timeout=LIMIT / 2)
    assert caught == [CancelledError]
