"""The real worker with a cloud and an engine in its memory, whose builds stand still until a file says go on.

DURABASE_TEST_GO_ON is that file. Servers of clusters named `server-…` stay in BUILD until then, and members of
clusters named `prepare-…` in `prepare`; all others are built at once.
"""

# ruff: noqa: ARG002 - a cloud in memory needs not all it is given

import os
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import worker
from datastores.context import InstanceContext
from model.cloud import Server, ServerRequest, ServerStatus
from model.cluster import ServerOptions
from tests.datastores.guestless_engine import GuestlessManager
from tests.providers.volumeless import VolumelessProvider

CLOUD, ENGINE = "crowd", "toy"
POLL_SECONDS = 0.1

go_on = threading.Event()


class CrowdProvider(VolumelessProvider):
    """Servers in memory."""

    listing_interval: ClassVar[float] = 0.1

    def __init__(self, cloud: str, state_dir: Path, options: Mapping[str, Any]) -> None:
        self._servers: dict[str, Server] = {}

    def list_servers(self) -> list[Server]:
        return [_now(each) for each in list(self._servers.values())]

    def create(self, request: ServerRequest) -> Server:
        server = Server(
            id=str(uuid4()),
            name=request.name,
            tag=request.tag,
            created_at=datetime.now(UTC),
            status=ServerStatus.BUILD,
            address="127.1.1.1",
            guest="local",
            memory=512,
        )
        self._servers[server.id] = server
        return server

    def start(self, server_id: str) -> None:
        pass

    def destroy(self, server_id: str) -> None:
        self._servers.pop(server_id, None)


class CrowdManager(GuestlessManager):
    """The toy engine on guests that are not there: what stands still is the engine itself."""

    server_options = ServerOptions(tcp_ports=(4000,), volume_support=False)

    def do_prepare(self, context: InstanceContext) -> None:
        while context.task.identity.name.startswith("prepare") and not go_on.is_set():
            time.sleep(POLL_SECONDS)


def _now(server: Server) -> Server:
    held = server.tag.cluster.startswith("server") and not go_on.is_set()
    return server.model_copy(update={"status": ServerStatus.BUILD if held else ServerStatus.ACTIVE})


def _watch(file: Path) -> None:
    while not file.exists():
        time.sleep(POLL_SECONDS)
    go_on.set()


def _installed(group: str) -> dict[str, EntryPoint]:
    name, plug_in = (ENGINE, CrowdManager) if group == "datastores" else (CLOUD, CrowdProvider)
    return {name: EntryPoint(name, f"{__name__}:{plug_in.__name__}", f"durabase.{group}")}


if __name__ == "__main__":
    threading.Thread(target=_watch, args=[Path(os.environ.pop("DURABASE_TEST_GO_ON"))], daemon=True).start()
    setattr(worker, "installed", _installed)  # noqa: B010 - mypy rightly knows no such export
    queues = f"durabase,durabase/cloud/{CLOUD},durabase/engine/{ENGINE}/{CLOUD}"
    worker.run(queues)
