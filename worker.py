"""Builds and runs the Temporal workers: workflows, clouds and engines, each on its own task queue."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from importlib.metadata import EntryPoint, entry_points, version
from typing import Annotated, Any

import typer
from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion
from temporalio.worker import Worker, WorkerDeploymentConfig

from activities.cloud import Cloud
from activities.clusters import ClusterActivities
from activities.servers import ServerActivities
from activities.volumes import VolumeActivities
from datastores.base import DatastoreManager
from keys import MissingKey
from model.base import BadInput, refusal
from plugin import DurabasePlugin
from settings import Settings, load_settings
from temporal.client import NoTemporal, connect
from temporal.logs import log_to_stderr
from temporal.search_attributes import SearchAttributesMissing, ensure_search_attributes
from workflows.cluster import SEARCH_ATTRIBUTES
from workflows.queues import WORKFLOWS, cloud_queue, engine_queue

GRACEFUL_SHUTDOWN = timedelta(seconds=5)
"""What a stopping worker gives its activities; those that wait are then handed to another worker."""

CLOUD_SLOTS = 2000
"""Activities that wait for a cloud cost no thread: the bound is memory."""

logger = logging.getLogger("durabase.worker")


def installed(group: str) -> Mapping[str, EntryPoint]:
    """Return the installed plug-ins of an entry point group, by name."""
    return {entry.name: entry for entry in entry_points(group=f"durabase.{group}")}


def served_queues(settings: Settings) -> list[str]:
    """Return every task queue that a worker with these settings may serve."""
    clouds = settings.all_clouds
    engines = [engine_queue(engine, cloud) for cloud in clouds for engine in installed("datastores")]
    return [WORKFLOWS, *(cloud_queue(cloud) for cloud in clouds), *engines]


def build_workers(client: Client, settings: Settings, queues: Sequence[str]) -> list[Worker]:
    """Return a worker for each queue. Raises MissingKey, and BadInput for a queue that is not configured."""
    for queue in queues:
        if queue not in served_queues(settings):
            raise refusal("--queues", queue, f"one of {', '.join(served_queues(settings))}")
    builders: dict[str, Callable[[], Worker]] = {WORKFLOWS: partial(_worker, client, WORKFLOWS)}
    for name, cloud in settings.all_clouds.items():
        builders[cloud_queue(name)] = partial(_cloud_worker, client, settings, name, cloud.provider)
        for engine, entry in installed("datastores").items():
            builders[engine_queue(engine, name)] = partial(_engine_worker, client, settings, name, entry)
    return [builders[queue]() for queue in queues]


async def serve(settings: Settings, queues: Sequence[str]) -> None:
    """Run the workers until SIGTERM or SIGINT. Raises NoTemporal, MissingKey, SearchAttributesMissing, BadInput."""
    client = await connect(settings.state_dir, DurabasePlugin(settings.payload_ring()))
    if WORKFLOWS in queues:
        await ensure_search_attributes(client, SEARCH_ATTRIBUTES)
    workers = build_workers(client, settings, queues)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    running = [asyncio.create_task(worker.run()) for worker in workers]
    logger.info("serving %s on Temporal at %s", ", ".join(queues), client.service_client.config.target_host)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([*running, stopping], return_when=asyncio.FIRST_COMPLETED)
    logger.info("stopping")
    await asyncio.gather(*(worker.shutdown() for worker in workers))
    await asyncio.gather(*running)


def _cloud_worker(client: Client, settings: Settings, name: str, provider: str) -> Worker:
    entry = installed("providers").get(provider)
    if entry is None:
        raise refusal(f"clouds.{name}.provider", provider, f"one of {', '.join(installed('providers'))}")
    cloud = Cloud(name, entry.load()(name, settings.state_dir), settings.cloud_threads)
    servers, volumes = ServerActivities(cloud, settings.root_ring()), VolumeActivities(cloud)
    activities = [*ClusterActivities(cloud).activities, *servers.activities, *volumes.activities]
    return _worker(client, cloud_queue(name), activities=activities, max_concurrent_activities=CLOUD_SLOTS)


def _engine_worker(client: Client, settings: Settings, cloud: str, entry: EntryPoint) -> Worker:
    keys, options = settings.engine_ring(entry.name), settings.engines.get(entry.name)
    manager: DatastoreManager = entry.load()(keys, settings.datastores, options)
    threads = settings.guest_threads
    executor = ThreadPoolExecutor(threads, thread_name_prefix=f"{entry.name}-{cloud}")
    return _worker(
        client,
        engine_queue(entry.name, cloud),
        activities=manager.activities,
        activity_executor=executor,
        max_concurrent_activities=threads,
    )


def _worker(client: Client, queue: str, **options: Any) -> Worker:
    build = WorkerDeploymentVersion(deployment_name="durabase", build_id=version("durabase"))
    return Worker(
        client,
        task_queue=queue,
        graceful_shutdown_timeout=GRACEFUL_SHUTDOWN,
        # The default of ten seconds is what every workflow waits after a worker's death.
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
        max_heartbeat_throttle_interval=timedelta(seconds=1),
        # Without it the SDK hashes every loaded module to find a build id.
        deployment_config=WorkerDeploymentConfig(version=build, use_worker_versioning=False),
        **options,
    )


def run(queues: Annotated[str | None, typer.Option(help="Task queues to serve, separated by commas.")] = None) -> None:
    """Serve every task queue this worker is configured for. Exit codes: 0 stopped, 1 failed, 2 bad settings."""
    log_to_stderr()
    code = 0
    try:
        settings = load_settings()
        asyncio.run(serve(settings, queues.split(",") if queues else served_queues(settings)))
    except (BadInput, MissingKey, SearchAttributesMissing) as error:
        logger.error("%s", error)
        code = 2
    except NoTemporal as error:
        logger.error("%s", error)
        code = 1
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    # A clean interpreter exit crashes in the SDK's threads now and then (temporalio/sdk-python#300).
    os._exit(code)


if __name__ == "__main__":
    typer.run(run)
