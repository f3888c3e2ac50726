"""`up` and `down`: the Temporal dev server and one worker, which go on after the command."""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from temporalio.client import Client

from cli import dev_server
from cli.daemon import Daemon
from cli.pollers import Tasks, identity, pollers
from cli.session import Session, open_session
from cli.voice import Failed, Voice
from model.errors import ProviderError
from providers.local.provider import LocalProvider
from providers.local.state import locked
from settings import Settings, load_settings, local_cloud, make_local_keys
from workflows.queues import WORKFLOWS, cloud_queue

WORKER_START_SECONDS = 60.0
WORKER_STOP_SECONDS = 30.0
"""More than a worker's graceful shutdown; what it was at is done again by the next worker."""

LOCK_SECONDS = 150.0
POLL_SECONDS = 0.1


async def up(voice: Voice) -> Session:
    """Make sure that Temporal and a worker run, say what was started, and return a session. Raises Failed."""
    settings = load_settings()
    make_local_keys(settings.state_dir)
    with _one_at_a_time(settings.state_dir):
        await _server_up(settings, voice)
        session = await open_session()
        _power_on(settings, voice)
        await _worker_up(session, voice)
    return session


def down(voice: Voice) -> None:
    """Stop the worker and the dev server that `up` started; databases go on."""
    settings = load_settings()
    stopped = []
    with _one_at_a_time(settings.state_dir):
        if _worker(settings.state_dir).runs:
            stopped.append("the worker")
        _worker(settings.state_dir).stop(WORKER_STOP_SECONDS)
        if dev_server.daemon(settings.state_dir).runs:
            stopped.append("the Temporal dev server")
        dev_server.stop(settings.state_dir)
    what = f"stopped {' and '.join(stopped)}" if stopped else "nothing of durabase's own runs"
    voice.note(f"{what}; databases go on, and `durabase up` takes up where it was")


async def _server_up(settings: Settings, voice: Voice) -> None:
    configured = dev_server.configured_address()
    if configured is not None:
        voice.note(f"Temporal is the one that the environment configures, at {configured}: no dev server is started")
        return
    if dev_server.daemon(settings.state_dir).runs:
        voice.note(f"the Temporal dev server runs already; Web UI: {dev_server.web_ui(settings.state_dir)}")
        return
    address = await dev_server.start(settings.state_dir)
    voice.note(f"started the Temporal dev server at {address}; Web UI: {dev_server.web_ui(settings.state_dir)}")


def _power_on(settings: Settings, voice: Voice) -> None:
    """Boot what this host's own end has switched off: nobody else would."""
    try:
        booted = LocalProvider(local_cloud(), settings.state_dir).power_on_all()
    except ProviderError as error:
        voice.note(f"local servers that are off stay off: {error}")
        return
    if booted:
        voice.note(f"powered on {', '.join(server.name for server in booted)}")


async def _worker_up(session: Session, voice: Voice) -> None:
    settings, client = session.settings, session.client
    worker = _worker(settings.state_dir)
    if worker.runs or await _is_served(client, settings):
        voice.note("a worker runs already")
        return
    worker.start([sys.executable, "-P", "-m", "worker"])
    ends = time.monotonic() + WORKER_START_SECONDS
    while worker.runs and time.monotonic() < ends:
        if await _is_served(client, settings, worker):
            voice.note(f"started a worker; it writes {worker.log}")
            return
        await asyncio.sleep(POLL_SECONDS)
    words = worker.last_words()
    worker.stop(WORKER_STOP_SECONDS)
    raise Failed(f"the worker did not start; {worker.log} ends with:\n{words}")


async def _is_served(client: Client, settings: Settings, worker: Daemon | None = None) -> bool:
    """Return whether workflows and the default cloud have a living worker, or that very one."""
    served = (
        await pollers(client, WORKFLOWS, Tasks.WORKFLOW),
        await pollers(client, cloud_queue(settings.cloud), Tasks.ACTIVITY),
    )
    if worker is None:
        return all(served)
    process = worker.identity
    return process is not None and all(identity(process.pid) in identities for identities in served)


def _worker(state_dir: Path) -> Daemon:
    return Daemon("worker", state_dir)


@contextmanager
def _one_at_a_time(state_dir: Path) -> Iterator[None]:
    """Let two `up` or `down` of one state directory follow each other."""
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(state_dir / "up.lock", LOCK_SECONDS))
        except ProviderError as error:
            raise Failed(f"another `durabase up` or `durabase down` goes on: {error}") from error
        yield
