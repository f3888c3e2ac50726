"""`up` and `down`: the Temporal dev server, its Web UI's codec endpoint and one worker, which outlive the command."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from temporalio.client import Client

from cli import dev_server, local_codec
from cli.all_or_nothing import all_or_nothing
from cli.daemon import Daemon
from cli.listing import list_clusters
from cli.pollers import Tasks, identity, pollers
from cli.session import Session, open_session
from cli.voice import Failed, Voice
from key_file import make_local_keys
from local_name import keep_name, kept_name
from model.errors import ProviderError
from providers.local.provider import LocalProvider
from providers.local.state import locked
from settings import Settings, load_settings, local_cloud
from temporal.client import configured_address
from worker import served_queues
from workflows.queues import WORKFLOWS, cloud_queue

WORKER_START_SECONDS = 60.0
WORKER_STOP_SECONDS = 30.0
"""More than a worker's graceful shutdown; what it was at is done again by the next worker."""

LOCK_SECONDS = 150.0
POLL_SECONDS = 0.1


async def up(voice: Voice) -> Session:
    """Make sure that Temporal and a worker run, say what was started, and return a session.

    Raises Failed, NoTemporal; then nothing runs that did not run before, but for local servers.
    """
    settings = load_settings()
    make_local_keys(settings.state_dir)
    with _one_at_a_time(settings.state_dir), all_or_nothing() as undo:
        await _server_up(settings, voice, undo)
        session = await open_session()
        await _keep_local_name(session)
        _power_on(settings, voice)
        await _worker_up(session, voice, undo)
    return session


def down(voice: Voice) -> None:
    """Stop what `up` started; databases go on."""
    state_dir = load_settings().state_dir
    daemons = {
        "the worker": _worker(state_dir),
        "the codec endpoint": local_codec.daemon(state_dir),
        "the Temporal dev server": dev_server.daemon(state_dir),
    }
    with _one_at_a_time(state_dir):
        stopped = [name for name, daemon in daemons.items() if daemon.runs]
        _worker(state_dir).stop(WORKER_STOP_SECONDS)
        local_codec.stop(state_dir)
        dev_server.stop(state_dir)
    what = f"stopped {' and '.join(stopped)}" if stopped else "nothing of durabase's own runs"
    voice.note(f"{what}; databases go on, and `durabase up` takes up where it was")


@asynccontextmanager
async def keys_at_rest(voice: Voice) -> AsyncIterator[None]:
    """Stop the worker and the codec endpoint that `up` started, which read their keys once; start them again after.

    Raises Failed if another worker polls, which would go on with the keys that it has read.
    """
    settings = load_settings()
    worker, codec = _worker(settings.state_dir), local_codec.daemon(settings.state_dir)
    with _one_at_a_time(settings.state_dir):
        served, decoded = worker.runs, codec.runs
        web_ui = dev_server.web_ui(settings.state_dir)
        session = await open_session() if served or web_ui or configured_address() else None
        if session is not None:
            await _refuse_other_workers(session, worker)
        codec.stop(local_codec.STOP_SECONDS)
        worker.stop(WORKER_STOP_SECONDS)
        try:
            yield
        finally:
            if served and session is not None:
                with all_or_nothing() as undo:
                    await _worker_up(session, voice, undo)
            if decoded and web_ui is not None:
                await local_codec.start(settings.state_dir, web_ui)


async def _refuse_other_workers(session: Session, own: Daemon) -> None:
    known = {identity(own.identity.pid)} if own.identity is not None else set()
    for queue in served_queues(session.settings):
        tasks = Tasks.WORKFLOW if queue == WORKFLOWS else Tasks.ACTIVITY
        for other in set(await pollers(session.client, queue, tasks)) - known:
            raise Failed(
                f"worker {other} polls task queue {queue!r}, was not started by `durabase up` and would not know of "
                "the change: stop it first (Temporal remembers a worker of another host for a minute)"
            )


async def _server_up(settings: Settings, voice: Voice, undo: ExitStack) -> None:
    configured = configured_address()
    if configured is not None:
        voice.note(f"Temporal is the one that the environment configures, at {configured}: no dev server is started")
        return
    with dev_server.choosing_ports():
        await _dev_server_up(settings.state_dir, voice, undo)


async def _dev_server_up(state_dir: Path, voice: Voice, undo: ExitStack) -> None:
    codec = local_codec.daemon(state_dir)
    if dev_server.runs(state_dir):
        web_ui = dev_server.web_ui(state_dir)
        voice.note(f"the Temporal dev server runs already; Web UI: {web_ui}")
        if web_ui is not None and not codec.runs:
            undo.callback(codec.stop, local_codec.STOP_SECONDS)  # and keep its address, which the Web UI was told
            voice.note(f"started the Web UI's codec endpoint at {await local_codec.start(state_dir, web_ui)}")
        return
    local_codec.stop(state_dir)  # it served a Web UI that may come back elsewhere
    web_ui = dev_server.choose_web_ui(state_dir)
    undo.callback(dev_server.stop, state_dir)
    undo.callback(local_codec.stop, state_dir)
    address = await dev_server.start(state_dir, await local_codec.start(state_dir, web_ui))
    voice.note(f"started the Temporal dev server at {address}; Web UI: {web_ui}")


async def _keep_local_name(session: Session) -> None:
    """Let the local cloud have its name for good: that of the clusters which have servers here, else the host's.

    An earlier release kept none, and its host may be called otherwise by now, as a new container is.
    """
    state_dir = session.settings.state_dir
    if kept_name(state_dir) is not None:
        return
    here = {server.tag.cluster_id for server in LocalProvider(local_cloud(), state_dir).list_servers()}
    clusters = await list_clusters(session, closed=False) if here else []
    names = {cluster.cloud for cluster in clusters if cluster.id in here} - set(session.settings.clouds)
    old = names.pop() if len(names) == 1 else None
    keep_name(state_dir, old or local_cloud())


def _power_on(settings: Settings, voice: Voice) -> None:
    """Boot what this host's own end has switched off, as nothing else would; say what came back and what did not."""
    try:
        booted = LocalProvider(settings.local_name, settings.state_dir).power_on_all()
    except ProviderError as error:
        voice.note(f"local servers that are off stay off: {error}")
        return
    back = [each.server.name for each in booted if each.trouble is None]
    if back:
        voice.note(f"powered on {', '.join(back)}")
    for each in booted:
        if each.trouble is not None:
            voice.note(f"powered on {each.server.name}, which did not come back: {each.trouble}")


async def _worker_up(session: Session, voice: Voice, undo: ExitStack) -> None:
    settings, client = session.settings, session.client
    worker = _worker(settings.state_dir)
    if await _is_served(client, settings) or await _comes_to_serve(session, worker):
        voice.note("a worker runs already")
        return
    worker.stop(WORKER_STOP_SECONDS)  # one that runs and does not serve here polls where Temporal was, or another one
    undo.callback(worker.stop, WORKER_STOP_SECONDS)
    # A version would get no work before somebody makes it the current one.
    worker.start([sys.executable, "-P", "-m", "worker", "--unversioned"])
    if not await _comes_to_serve(session, worker):
        raise Failed(f"the worker did not start; {worker.log} ends with:\n{worker.last_words()}")
    voice.note(f"started a worker; it writes {worker.log}")


async def _comes_to_serve(session: Session, worker: Daemon) -> bool:
    """Wait until that worker serves, and return whether it does; it may end instead, or take too long."""
    ends = time.monotonic() + WORKER_START_SECONDS
    while worker.runs and time.monotonic() < ends:
        if await _is_served(session.client, session.settings, worker):
            return True
        await asyncio.sleep(POLL_SECONDS)
    return False


async def _is_served(client: Client, settings: Settings, worker: Daemon | None = None) -> bool:
    """Return whether workflows and the default cloud have a living worker, or that very one."""
    served = (
        await pollers(client, WORKFLOWS, Tasks.WORKFLOW),
        await pollers(client, cloud_queue(settings.cloud_named(None)), Tasks.ACTIVITY),
    )
    if worker is None:
        return all(served)
    process = worker.identity
    return process is not None and all(identity(process.pid) in identities for identities in served)


def _worker(state_dir: Path) -> Daemon:
    return Daemon("worker", state_dir)


@contextmanager
def _one_at_a_time(state_dir: Path) -> Iterator[None]:
    """Let those that start or stop what runs in one state directory follow each other."""
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(state_dir / "up.lock", LOCK_SECONDS))
        except ProviderError as error:
            raise Failed(f"another `durabase up` or `durabase down`, or a change of keys, goes on: {error}") from error
        yield
