"""House: a real Temporal server, real worker processes and a local cloud of its own, to be killed at will."""

import asyncio
import base64
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from uuid import uuid4

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError

from key_file import KEY_FILE
from model.cloud import of_cluster
from model.cluster import ClusterRecord, Status
from model.operations import ClusterStart
from model.spec import ClusterSpec
from plugin import DurabasePlugin
from providers.base import Provider
from providers.local.processes import processes_of
from providers.local.provider import LocalProvider
from settings import local_cloud
from tests.conftest import FAST, TEMPORAL, dynamic_config
from tests.keys_for_tests import PAYLOAD_KEYS, ROOT_KEYS
from tests.patience import PATIENCE
from workflows.cluster import ClusterWorkflow
from workflows.queues import WORKFLOWS
from workflows.visibility import SEARCH_ATTRIBUTES

ROOT = Path(__file__).parent.parent

Answer = TypeVar("Answer")
Handle = WorkflowHandle[ClusterWorkflow, None]


class House:
    """Everything that a build needs, as processes and directories that a test can kill and inspect."""

    patience: ClassVar[float] = PATIENCE

    def __init__(self, state_dir: Path, port: int, cloud: Provider | None = None, **environment: str) -> None:
        """`cloud` is another than the local one, which `environment` lets every process find."""
        self.state_dir = state_dir
        self.address = f"127.0.0.1:{port}"
        self.cloud = cloud or LocalProvider(local_cloud(), state_dir)
        self._environment = environment
        self.client: Client
        self._port = port
        self._server: asyncio.subprocess.Process | None = None
        self._workers: list[asyncio.subprocess.Process] = []
        self._write_keys()

    async def start_server(self) -> None:
        """Start the Temporal server on this house's database, and connect to it."""
        attributes = [word for key in SEARCH_ATTRIBUTES for word in ("--search-attribute", f"{key.name}=Keyword")]
        self._server = await asyncio.create_subprocess_exec(
            TEMPORAL,
            *("server", "start-dev", "--headless", "--log-level", "never", "--port", str(self._port)),
            *("--db-filename", str(self.state_dir / "temporal.db")),
            *("--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL"),
            *dynamic_config(*FAST),
            *attributes,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        self.client = await eventually(self._connected)

    async def kill_server(self) -> None:
        """SIGKILL the Temporal server."""
        if self._server is not None and self._server.returncode is None:
            self._server.kill()
            await self._server.wait()

    async def start_worker(self, module: str = "worker", **environment: str) -> asyncio.subprocess.Process:
        """Start a worker process and wait until it polls for workflows."""
        worker = await self.spawn_worker(module, **environment)
        await eventually(lambda: self.polls(worker))
        return worker

    async def spawn_worker(self, module: str, **environment: str) -> asyncio.subprocess.Process:
        """Start a worker process, which may die at any moment."""
        log = (self.state_dir / "worker.log").open("ab")
        worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module),
            cwd=ROOT,
            env={**os.environ, **self.environment, **environment},
            stdout=log,
            stderr=log,
        )
        self._workers.append(worker)
        return worker

    async def kill_workers(self) -> None:
        """SIGKILL every worker."""
        for worker in self._workers:
            if worker.returncode is None:
                worker.send_signal(signal.SIGKILL)
                await worker.wait()
        self._workers.clear()

    async def polls(self, worker: asyncio.subprocess.Process) -> bool:
        """Return whether a worker polls for workflows. Raises RuntimeError if it died, RPCError without Temporal."""
        if worker.returncode is not None:
            raise RuntimeError(f"the worker died:\n{(self.state_dir / 'worker.log').read_text()[-2000:]}")
        described = await self.client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=self.client.namespace,
                task_queue=TaskQueue(name=WORKFLOWS),
                task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
            )
        )
        return any(poller.identity.startswith(f"{worker.pid}@") for poller in described.pollers)

    @property
    def environment(self) -> dict[str, str]:
        """What a worker or a command needs to find this house."""
        return {**self._environment, "DURABASE_STATE_DIR": str(self.state_dir), "TEMPORAL_ADDRESS": self.address}

    def spec(self, name: str, nodes: int, **more: Any) -> ClusterSpec:
        """Return a request for a PostgreSQL cluster with one database and one user."""
        common = {"name": name, "datastore": "postgresql", "cloud": local_cloud(), "flavor": "small", "nodes": nodes}
        defaults = {"databases": [{"name": "app"}], "users": [{"name": "app"}]}
        return ClusterSpec.model_validate({**common, **defaults, **more})

    async def create(self, spec: ClusterSpec, claim: str | None = None) -> Handle:
        """Create a cluster; returns after its plan. The same claim again is the same create."""
        claim = claim or str(uuid4())
        start = WithStartWorkflowOperation(
            ClusterWorkflow.run,
            ClusterStart(claim=claim, spec=spec),
            id=spec.name,
            task_queue=WORKFLOWS,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        try:
            await self.client.execute_update_with_start_workflow("accepted", claim, start_workflow_operation=start)
        except RPCError:
            # The SDK keeps the failure for whoever asks for the workflow, too; unasked, asyncio would print it.
            with suppress(RPCError):
                await start.workflow_handle()
            raise
        return await start.workflow_handle()

    async def record(self, name: str) -> ClusterRecord:
        """Return a cluster's record."""
        return await self.client.get_workflow_handle_for(ClusterWorkflow.run, name).query(ClusterWorkflow.cluster)

    async def settled(self, name: str, *statuses: Status, seconds: float | None = None) -> ClusterRecord:
        """Return a cluster's record once it has one of these statuses, waiting so long if `patience` is too little."""

        async def look() -> ClusterRecord | None:
            try:
                record = await self.record(name)
            except RPCError:  # a query needs a worker, and the test may have killed it
                return None
            return record if record.status in statuses else None

        return await eventually(look, seconds or self.patience)

    async def faulted(self, cluster: str) -> None:
        """Return once a faulty worker has injected its fault into a cluster's build (tests/faulty_worker.py)."""
        mark = self.state_dir / f"fault-{cluster}"

        async def marked() -> bool:
            return mark.exists()

        await eventually(marked, self.patience)

    def state_of(self, cluster_id: str) -> tuple[list[str], list[str]]:
        """Return the members that own the cloud's servers and volumes of a cluster, one entry each."""
        servers = sorted(each.tag.member for each in of_cluster(cluster_id, self.cloud.list_servers()))
        return servers, sorted(each.tag.member for each in of_cluster(cluster_id, self.cloud.list_volumes()))

    def processes_of(self, server_id: str) -> list[int]:
        """Return the pids of a local server's living processes."""
        return processes_of(server_id, self.state_dir / "local" / "servers" / server_id)

    async def close(self) -> None:
        """End every process and remove every server of this house."""
        await self.kill_workers()
        await self.kill_server()
        await self.remove_servers()

    async def remove_servers(self) -> None:
        """Remove every server, and its volumes with it."""
        servers = [server.id for server in self.cloud.list_servers()]
        await asyncio.gather(*(asyncio.to_thread(self.cloud.destroy, server) for server in servers))

    async def _connected(self) -> Client | None:
        try:
            return await Client.connect(self.address, plugins=[DurabasePlugin(PAYLOAD_KEYS)])
        except RuntimeError:
            return None

    def _write_keys(self) -> None:
        self.state_dir.mkdir(parents=True, exist_ok=True)
        rings = {"payload": PAYLOAD_KEYS.keys, "root": ROOT_KEYS.keys}
        plain = {
            ring: {name: base64.b64encode(key).decode() for name, key in keys.items()} for ring, keys in rings.items()
        }
        (self.state_dir / KEY_FILE).write_text(json.dumps(plain))


async def eventually(condition: Callable[[], Awaitable[Answer | None]], seconds: float = PATIENCE) -> Answer:
    """Return the condition's first true answer. Raises TimeoutError after that many seconds without one."""
    async with asyncio.timeout(seconds):
        while not (answer := await condition()):
            await asyncio.sleep(0.05)
        return answer


async def make_current(address: str, build_id: str) -> None:
    """Make a version the current one, as docs/operations.md says; Temporal refuses until its workers poll."""

    async def promoted() -> bool:
        deployment = ("--deployment-name", "durabase", "--build-id", build_id, "--yes", "--address", address)
        command = await asyncio.create_subprocess_exec(
            *(TEMPORAL, "worker", "deployment", "set-current-version", *deployment),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        return await command.wait() == 0

    await eventually(promoted)


@asynccontextmanager
async def house(state_dir: Path, port: int) -> AsyncIterator[House]:
    """Open a house with its server and one worker, and leave nothing of it behind."""
    opened = House(state_dir, port)
    try:
        await opened.start_server()
        await opened.start_worker()
        yield opened
    finally:
        await opened.close()
