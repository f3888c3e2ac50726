"""Workers: which queues they serve, what they refuse, and how their process ends."""

import base64
import json
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.api.enums.v1 import TaskQueueType, WorkerVersioningMode
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from key_file import KEY_FILE, KeyFile, make_local_keys
from keys import KEY_BYTES, MissingKey, key_text
from local_name import kept_name
from model.base import BadInput
from model.cluster import PlanTask
from model.errors import PlanRefused
from model.spec import ClusterSpec
from plugin import DurabasePlugin
from providers.local.provider import LocalProvider
from settings import Settings, load_settings, local_cloud
from temporal.only_workflows import OnlyWorkflows
from temporal.threads import StepThreads
from tests.house import eventually
from tests.keys_for_tests import PAYLOAD_KEYS
from tests.worker_process import worker_process
from worker import build_workers, installed, installed_providers, make_provider, require_served, served_queues
from workflows.queues import WORKFLOWS, cloud_queue, engine_queue
from workflows.steps import Step

CLOUD = cloud_queue(local_cloud())
ENGINE = engine_queue("postgresql", local_cloud())
QUEUES = [WORKFLOWS, CLOUD, ENGINE]
ENGINES = ("mysql", "postgresql", "redis", "valkey")
SERVED = [WORKFLOWS, CLOUD, *(engine_queue(engine, local_cloud()) for engine in ENGINES)]


@pytest_asyncio.fixture
async def client(temporal: WorkflowEnvironment) -> Client:
    """A client of this test's own: a worker that is built and never run keeps its queue from every other."""
    address = temporal.client.service_client.config.target_host
    return await Client.connect(address, plugins=[DurabasePlugin(PAYLOAD_KEYS)])


@pytest.fixture
def state_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DURABASE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("DURABASE_CONFIG", str(tmp_path / "durabase.toml"))
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "temporal.toml"))
    return tmp_path / "state"


@pytest.fixture
def settings(state_dir: Path) -> Settings:
    make_local_keys(state_dir)
    return load_settings()


# Queues.


def test_what_ships_with_durabase_is_installed() -> None:
    assert tuple(installed("datastores")) == ENGINES
    assert installed("providers")["local"].load() is LocalProvider
    assert installed("nonsense") == {}


def test_a_worker_serves_workflows_and_each_cloud_with_each_engine(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert served_queues(settings) == SERVED
    monkeypatch.setenv("DURABASE_CLOUDS__LAB__PROVIDER", "local")
    more = served_queues(load_settings())
    assert set(more) == {*SERVED, cloud_queue("lab"), *(engine_queue(engine, "lab") for engine in ENGINES)}


async def test_each_queue_gets_its_own_worker_and_activities(client: Client, settings: Settings) -> None:
    workflows, cloud, engine = (each.config(active_config=True) for each in build_workers(client, settings, QUEUES))
    assert [each["task_queue"] for each in (workflows, cloud, engine)] == QUEUES
    assert (len(workflows["workflows"]), len(cloud["workflows"]), len(engine["workflows"])) == (5, 0, 0)
    served = [{each.__name__ for each in config["activities"]} for config in (workflows, cloud, engine)]
    assert served[0] == set()
    assert {"plan", "create_server", "attach_volume", "verify_gone"} <= served[1]
    assert {"plan", "prepare", "post_prepare", "cluster_complete"} <= served[2]
    assert served[1] | served[2] >= {step.value for step in Step}
    assert [type(config["interceptors"][0]) for config in (cloud, engine)] == [OnlyWorkflows] * 2


async def test_an_engine_plans_for_what_the_servers_of_its_cloud_install(client: Client, settings: Settings) -> None:
    [worker] = build_workers(client, settings, [engine_queue("redis", local_cloud())])
    [plan] = [each for each in worker.config(active_config=True)["activities"] if each.__name__ == "plan"]
    spec = ClusterSpec(name="cache", datastore="redis", cloud=local_cloud(), flavor="small")
    with pytest.raises(PlanRefused, match=r"^datastore 'redis' is not allowed: .* from wheel$"):
        plan(PlanTask(spec=spec, cluster_id="uuid"))


async def test_slots_and_threads_are_sized_by_settings(client: Client, settings: Settings) -> None:
    sized = settings.model_copy(update={"builds": 300, "guest_threads": 7})
    workflows, cloud, engine = (each.config(active_config=True) for each in build_workers(client, sized, QUEUES))
    assert workflows["max_cached_workflows"] == 1600
    assert (cloud["max_concurrent_activities"], engine["max_concurrent_activities"]) == (3000, 3000)
    threads = engine["activity_executor"]
    assert isinstance(threads, StepThreads)
    assert threads.each == 7


async def test_every_queue_is_served_by_the_version_that_settings_name(client: Client, settings: Settings) -> None:
    named = settings.model_copy(update={"build_id": "2026.11"})
    for worker in build_workers(client, named, QUEUES):
        deployment = worker.config(active_config=True)["deployment_config"]
        assert deployment is not None
        assert (deployment.version.build_id, deployment.use_worker_versioning) == ("2026.11", True)


def test_an_unknown_queue_is_refused_with_those_there_are(settings: Settings) -> None:
    with pytest.raises(BadInput) as refused:
        require_served(settings, [WORKFLOWS, "durabase/cloud/lab"])
    assert str(refused.value) == f"--queues 'durabase/cloud/lab' is not allowed: it must be one of {', '.join(SERVED)}"


def test_a_queue_named_twice_is_refused(settings: Settings) -> None:
    require_served(settings, served_queues(settings))
    with pytest.raises(BadInput, match=f"^--queues '{CLOUD}' is not allowed: it must be named only once$"):
        require_served(settings, [CLOUD, WORKFLOWS, CLOUD])


def test_an_unknown_provider_is_refused_with_those_there_are(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DURABASE_CLOUDS__LAB__PROVIDER", "aws")
    with pytest.raises(BadInput, match=r"^clouds.lab.provider 'aws' is not allowed: it must be one of .*local"):
        require_served(load_settings(), [cloud_queue("lab")])
    require_served(load_settings(), [WORKFLOWS, CLOUD])


def test_a_provider_is_given_its_options_and_refuses_a_wrong_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DURABASE_CLOUDS__LAB__PROVIDER", "local")
    assert isinstance(make_provider(load_settings(), "lab"), LocalProvider)
    monkeypatch.setenv("DURABASE_CLOUDS__LAB__OPTIONS__REGION", "north")
    with pytest.raises(BadInput, match=r"^clouds.lab.options.region is not a field: allowed are"):
        make_provider(load_settings(), "lab")


def test_a_provider_whose_library_is_missing_is_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert installed_providers()["local"] is LocalProvider
    monkeypatch.setitem(sys.modules, "providers.local.provider", None)
    assert "local" not in installed_providers()


async def test_a_provider_whose_library_is_missing_is_named_and_no_engine_needs_it(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DURABASE_CLOUDS__LAB__PROVIDER", "local")
    monkeypatch.setitem(sys.modules, "providers.local.provider", None)
    with pytest.raises(BadInput, match=r"^clouds.lab.provider 'local' cannot be loaded: .*providers.local.provider"):
        make_provider(load_settings(), "lab")
    assert len(build_workers(client, load_settings(), [engine_queue("postgresql", "lab")])) == 1


async def test_a_worker_without_the_root_key_is_refused(client: Client, state_dir: Path) -> None:
    for queue in (CLOUD, ENGINE):
        with pytest.raises(MissingKey, match="there is no root key"):
            build_workers(client, load_settings(), [queue])
    assert len(build_workers(client, load_settings(), [WORKFLOWS])) == 1


async def test_an_engine_s_worker_needs_its_engine_s_key_only(
    client: Client, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = base64.b64encode(b"e" * KEY_BYTES).decode()
    monkeypatch.setenv("DURABASE_ENGINE_KEYS", json.dumps({"postgresql": {"1": key}}))
    assert len(build_workers(client, load_settings(), [ENGINE])) == 1
    with pytest.raises(MissingKey):
        build_workers(client, load_settings(), [CLOUD])


# The process.


def assert_tells_no_secret(log: str, state_dir: Path) -> None:
    for key in (key for ring in KeyFile.read(state_dir).keys.values() for key in ring.values()):
        assert key_text(key) not in log
        assert repr(key) not in log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_asked_to_stop_ends_well(
    temporal: WorkflowEnvironment, settings: Settings, tmp_path: Path, number: signal.Signals
) -> None:
    address = temporal.client.service_client.config.target_host
    with worker_process(tmp_path, CLOUD, ENGINE, TEMPORAL_ADDRESS=address) as worker:
        worker.until(f"serving {CLOUD}, {ENGINE} on Temporal at {address}")
        worker.process.send_signal(number)
        assert worker.exit_code() == 0, worker.log
        assert "INFO stopping\n" in worker.log
        assert kept_name(settings.state_dir) == local_cloud(), "it has served that cloud"
        assert_tells_no_secret(worker.log, settings.state_dir)


@pytest.mark.parametrize(("options", "versioned"), [((), True), (("--unversioned",), False)])
async def test_a_worker_may_leave_its_version_aside(
    temporal: WorkflowEnvironment, settings: Settings, tmp_path: Path, options: Sequence[str], versioned: bool
) -> None:
    client = temporal.client
    environment = {"TEMPORAL_ADDRESS": client.service_client.config.target_host, "DURABASE_BUILD_ID": "2"}
    with worker_process(tmp_path, CLOUD, options=options, **environment) as worker:

        async def mode() -> int | None:
            queue = await client.workflow_service.describe_task_queue(
                DescribeTaskQueueRequest(
                    namespace=client.namespace,
                    task_queue=TaskQueue(name=CLOUD),
                    task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
                )
            )
            ours = [each for each in queue.pollers if each.identity.startswith(f"{worker.process.pid}@")]
            return ours[0].deployment_options.worker_versioning_mode if ours else None

        assert (await eventually(mode) == WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED) is versioned


def test_a_worker_without_keys_says_so_in_one_line(state_dir: Path, tmp_path: Path) -> None:
    with worker_process(tmp_path) as worker:
        assert worker.exit_code() == 2
        assert "ERROR there is no payload key: set payload_keys in" in worker.log
        assert len(worker.log.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DURABASE_CLOUD_THREADS", "none", "ERROR cloud_threads 'none' is not allowed: it must be a whole number"),
        ("DURABASE_CLOUDS", "{", "ERROR DURABASE_CLOUDS is not allowed: it must be a table of clouds, in JSON"),
    ],
)
def test_a_worker_with_bad_settings_says_so_in_one_line(
    settings: Settings, tmp_path: Path, name: str, value: str, sentence: str
) -> None:
    with worker_process(tmp_path, **{name: value}) as worker:
        assert worker.exit_code() == 2
        assert sentence in worker.log
        assert len(worker.log.splitlines()) == 1


def test_a_worker_with_a_torn_key_file_says_so_and_shows_nothing_of_it(settings: Settings, tmp_path: Path) -> None:
    keys = (settings.state_dir / KEY_FILE).read_text()
    (settings.state_dir / KEY_FILE).write_text(keys[:-5])
    with worker_process(tmp_path) as worker:
        assert worker.exit_code() == 2
        assert f"ERROR {settings.state_dir / KEY_FILE} is not allowed" in worker.log
    (settings.state_dir / KEY_FILE).write_text(keys)
    assert_tells_no_secret(worker.log, settings.state_dir)


def test_a_worker_of_an_unknown_queue_says_so(settings: Settings, tmp_path: Path) -> None:
    with worker_process(tmp_path, "durabase/cloud/nowhere") as worker:
        assert worker.exit_code() == 2
        assert "ERROR --queues 'durabase/cloud/nowhere' is not allowed: it must be one of" in worker.log


def test_a_worker_whose_metrics_address_is_taken_says_so_in_one_line(
    settings: Settings, tmp_path: Path, unused_tcp_port: int
) -> None:
    address = f"127.0.0.1:{unused_tcp_port}"
    environment = {"DURABASE_METRICS_ADDRESS": address, "DURABASE_LOG_FORMAT": "json"}
    with socket.create_server(("127.0.0.1", unused_tcp_port)), worker_process(tmp_path, **environment) as worker:
        assert worker.exit_code() == 2
        message = json.loads(worker.log)["message"]
    allowed = "one where this process can listen (Address already in use (os error 98))"
    assert message == f"metrics_address '{address}' is not allowed: it must be {allowed}"


def test_a_worker_without_temporal_says_where_it_looked(
    settings: Settings, tmp_path: Path, unused_tcp_port: int
) -> None:
    with worker_process(tmp_path, TEMPORAL_ADDRESS=f"127.0.0.1:{unused_tcp_port}") as worker:
        assert worker.exit_code() == 1
        assert f"ERROR Temporal does not answer at 127.0.0.1:{unused_tcp_port} (Connection refused)" in worker.log
        assert len(worker.log.splitlines()) == 1
        assert_tells_no_secret(worker.log, settings.state_dir)


def test_a_worker_whose_namespace_is_unknown_ends_with_a_sentence(
    temporal: WorkflowEnvironment, settings: Settings, tmp_path: Path
) -> None:
    address = temporal.client.service_client.config.target_host
    with worker_process(tmp_path, CLOUD, TEMPORAL_ADDRESS=address, TEMPORAL_NAMESPACE="nowhere") as worker:
        assert worker.exit_code() == 1
        assert f"ERROR Temporal at {address} refuses: Namespace nowhere is not found." in worker.log
        assert len(worker.log.splitlines()) == 1
        assert_tells_no_secret(worker.log, settings.state_dir)
