"""The one plugin: clients, workers and replayers cannot differ."""

import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.converter import DefaultFailureConverterWithEncodedAttributes
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from plugin import PASSED_THROUGH, DurabasePlugin
from temporal.codec import EncryptionCodec
from temporal.converter import RevealingPayloadConverter
from temporal.deployment import deployment_config
from temporal.interceptor import StepInterceptor
from tests.keys_for_tests import PAYLOAD_KEYS
from tests.scripted import Script
from workflows.auto_upgrade import AutoUpgradeClusterWorkflow
from workflows.cluster import ClusterWorkflow
from workflows.deprovision import DeprovisionWorkflow
from workflows.late_removal import LateRemovalWorkflow
from workflows.provision import ProvisionWorkflow
from workflows.queues import WORKFLOWS, cloud_queue, engine_queue
from workflows.restart import RestartWorkflow

ALL = [ClusterWorkflow, ProvisionWorkflow, DeprovisionWorkflow, RestartWorkflow, LateRemovalWorkflow]
ACTIVITIES = Script().cloud_activities()


@pytest_asyncio.fixture
async def client(temporal: WorkflowEnvironment) -> Client:
    """A client of this test's own: a worker that is built and never run keeps its queue from every other."""
    address = temporal.client.service_client.config.target_host
    return await Client.connect(address, plugins=[DurabasePlugin(PAYLOAD_KEYS)])


def test_a_client_encrypts_payloads_and_failures(client: Client) -> None:
    assert isinstance(client.data_converter.payload_codec, EncryptionCodec)
    assert client.data_converter.payload_converter_class is RevealingPayloadConverter
    assert isinstance(client.data_converter.failure_converter, DefaultFailureConverterWithEncodedAttributes)


async def test_a_worker_of_the_workflows_serves_them_all_in_the_sandbox(client: Client) -> None:
    config = Worker(client, task_queue=WORKFLOWS).config(active_config=True)
    assert list(config["workflows"]) == ALL
    runner = config["workflow_runner"]
    assert isinstance(runner, SandboxedWorkflowRunner)
    assert set(PASSED_THROUGH) <= set(runner.restrictions.passthrough_modules)


async def test_only_a_versioned_worker_serves_the_cluster_that_moves_with_the_versions(client: Client) -> None:
    """Temporal refuses a behaviour from any other."""
    config = Worker(client, task_queue=WORKFLOWS, deployment_config=deployment_config("2")).config(active_config=True)
    assert list(config["workflows"]) == [AutoUpgradeClusterWorkflow, *ALL[1:]]


@pytest.mark.parametrize("queue", [cloud_queue("lab"), engine_queue("postgresql", "lab")])
async def test_a_worker_of_activities_serves_no_workflow(client: Client, queue: str) -> None:
    assert list(Worker(client, task_queue=queue, activities=ACTIVITIES).config(active_config=True)["workflows"]) == []


@pytest.mark.parametrize("queue", [WORKFLOWS, cloud_queue("lab")])
async def test_every_worker_has_the_interceptor_once(client: Client, queue: str) -> None:
    """Twice would beat twice, and wrap a typed failure in another."""
    interceptors = Worker(client, task_queue=queue, activities=ACTIVITIES).config(active_config=True)["interceptors"]
    own = [*client.config()["interceptors"], *interceptors]
    assert sum(isinstance(each, StepInterceptor) for each in {id(each): each for each in own}.values()) == 1


def test_a_replayer_is_like_a_worker() -> None:
    config = Replayer(workflows=[], plugins=[DurabasePlugin(PAYLOAD_KEYS)]).config(active_config=True)
    assert list(config["workflows"]) == ALL
    assert isinstance(config["data_converter"].payload_codec, EncryptionCodec)
    assert isinstance(config["workflow_runner"], SandboxedWorkflowRunner)
