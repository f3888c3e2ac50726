"""durabase: the real worker and workflows, with a cloud of files and an engine whose hooks are the five steps."""

# ruff: noqa: ARG002, D102 - a cloud of files needs not all it is given; Provider says what its methods do

import asyncio
import json
import os
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, ClassVar, cast

import worker
from benchmarks import five_steps
from benchmarks.peers.program import run_as, submit_each
from cli import clusters
from cli.session import Session, open_session
from cli.voice import Failed
from datastores.context import InstanceContext
from guests.base import Guest
from model.cloud import CheckRequest, Server, ServerRequest, ServerStatus, Volume
from model.cluster import ServerOptions
from model.spec import ClusterSpec
from tests.datastores.toy_engine import ToyManager
from tests.providers.volumeless import VolumelessProvider

CLOUD, ENGINE = "files", "toy"


class FilesProvider(VolumelessProvider):
    """Servers that are files, so that several workers, and one that comes after a kill, see the same."""

    listing_interval: ClassVar[float] = five_steps.POLL_SECONDS

    def __init__(self, cloud: str, state_dir: Path, options: Mapping[str, Any]) -> None:
        self._known: dict[str, Server] = {}
        self._looking = threading.Lock()
        self._records = five_steps.folder() / "records"
        self._records.mkdir(exist_ok=True)

    def check(self, request: CheckRequest) -> None:
        _count("check")

    def list_servers(self) -> list[Server]:
        _count("list_servers")
        with self._looking:
            names = set(os.listdir(self._records))  # noqa: PTH208 - much cheaper than Paths, where there are thousands
            for name in names - self._known.keys():
                if name.endswith(".json"):
                    self._known[name] = Server.model_validate_json((self._records / name).read_text())
            for name, server in self._known.items():
                if server.status is ServerStatus.BUILD and five_steps.is_built(server.tag.cluster):
                    self._known[name] = server.model_copy(update={"status": ServerStatus.ACTIVE})
            return list(self._known.values())

    def create(self, request: ServerRequest) -> Server:
        _count("create")
        five_steps.perform(five_steps.CREATE_SERVER, request.tag.cluster)
        server = Server(
            id=request.name,
            name=request.name,
            tag=request.tag,
            created_at=datetime.now(UTC),
            status=ServerStatus.BUILD,
            address="127.1.1.1",
            guest="local",
            memory=512,
        )
        written = self._records / f"{request.name}.new"
        written.write_text(server.model_dump_json())
        written.rename(written.with_suffix(".json"))
        return server

    def start(self, server_id: str) -> None:
        raise NotImplementedError

    def destroy(self, server_id: str) -> None:
        raise NotImplementedError

    def list_volumes(self) -> list[Volume]:
        _count("list_volumes")
        return []


class StepsManager(ToyManager):
    """An engine whose hooks are steps; a guest that says of everything that it is done."""

    server_options = ServerOptions(tcp_ports=(4000,), volume_support=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"connector": lambda *_: _guest(), **options})

    def do_prepare(self, context: InstanceContext) -> None:
        five_steps.perform(five_steps.PREPARE, context.task.identity.name)

    def do_post_prepare(self, context: InstanceContext) -> None:
        five_steps.perform(five_steps.POST_PREPARE, context.task.identity.name)

    def do_cluster_complete(self, context: InstanceContext) -> None:
        five_steps.perform(five_steps.CLUSTER_COMPLETE, context.task.identity.name)


def _guest() -> Guest:
    nothing = {name: lambda *_, **__: None for name in Guest.__abstractmethods__}
    return cast("Guest", type("NoGuest", (Guest,), nothing)())


def _count(call: str) -> None:
    with (five_steps.folder() / "calls").open("a") as calls:
        calls.write(f"{time.time():.3f} {call}\n")


def _installed(group: str) -> dict[str, EntryPoint]:
    name, plug_in = (ENGINE, StepsManager) if group == "datastores" else (CLOUD, FilesProvider)
    return {name: EntryPoint(name, f"{__name__}:{plug_in.__name__}", f"durabase.{group}")}


def work() -> None:
    """Serve as `durabase worker` does, on this cloud and this engine alone."""
    setattr(worker, "installed", _installed)  # noqa: B010 - mypy rightly knows no such export
    worker.run(f"durabase,durabase/cloud/{CLOUD},durabase/engine/{ENGINE}/{CLOUD}")


async def _served(session: Session) -> None:
    """Wait for a worker: `create` refuses where there is none."""
    async with asyncio.timeout(five_steps.SERVED_SECONDS):
        while True:
            try:
                return await clusters.require_poller(session)
            except Failed:
                await asyncio.sleep(five_steps.POLL_SECONDS)


async def _submit() -> None:
    session = await open_session()
    await _served(session)

    async def create(name: str) -> None:
        spec = ClusterSpec(name=name, datastore=ENGINE, cloud=CLOUD, flavor="small", nodes=1)
        await clusters.create(session, spec)

    await submit_each(create)


def submit() -> None:
    """Create clusters as `durabase create` does."""
    asyncio.run(_submit())


CLOUDS = json.dumps({CLOUD: {"provider": CLOUD}})
"""The setting DURABASE_CLOUDS of both."""

if __name__ == "__main__":
    # As the module, not as __main__: the entry points above name it.
    from benchmarks.peers import ours

    run_as(ours.work, ours.submit)
