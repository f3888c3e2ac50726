"""Builds and runs the Temporal workers: workflows, clouds and engines, each on its own task queue."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Any

import typer
from temporalio.client import Client
from temporalio.runtime import Runtime
from temporalio.worker import Worker

from activities.cloud import Cloud
from activities.clusters import ClusterActivities
from activities.servers import ServerActivities
from activities.volumes import VolumeActivities
from connection import connect, watch
from counts import Counts
from datastores.base import DatastoreManager
from keys import MissingKey
from late import LateResources
from local_name import keep_name
from model.base import BadInput, refusal
from plugin import DurabasePlugin
from providers.base import Provider
from settings import Settings, load_settings
from temporal.client import NoTemporal
from temporal.deployment import deployment_config
from temporal.logs import log_to_stderr
from temporal.metrics import StepMetrics, meter_of
from temporal.only_workflows import OnlyWorkflows
from temporal.runtime import worker_runtime
from temporal.search_attributes import SearchAttributesMissing, ensure_search_attributes
from temporal.threads import StepThreads
from workflows.queues import WORKFLOWS, cloud_queue, engine_queue
from workflows.visibility import SEARCH_ATTRIBUTES

GRACEFUL_SHUTDOWN = timedelta(seconds=5)
"""What a stopping worker gives its activities; those that wait are then handed to another worker."""

SLOTS_PER_BUILD = 10
"""What a build of five members has under way at once: a server and a volume of each. A slot costs memory only."""

WORKFLOWS_PER_BUILD = 2
CLUSTERS_AT_REST = 1000
"""Workflows kept in memory beside those of builds (some 110 KiB each); of any other, `show` waits for its replay."""

logger = logging.getLogger("durabase.worker")


def installed(group: str) -> Mapping[str, EntryPoint]:
    """Return the installed plug-ins of an entry point group, by name."""
    return {entry.name: entry for entry in entry_points(group=f"durabase.{group}")}


def installed_providers() -> Mapping[str, type[Provider]]:
    """Return the installed providers by name, but for those whose libraries, of durabase's extras, are not there."""
    found = ((name, _loaded(entry)) for name, entry in installed("providers").items())
    return {name: provider for name, provider in found if provider is not None}


def served_queues(settings: Settings) -> list[str]:
    """Return every task queue that a worker with these settings may serve."""
    clouds = settings.all_clouds
    engines = [engine_queue(engine, cloud) for cloud in clouds for engine in installed("datastores")]
    return [WORKFLOWS, *(cloud_queue(cloud) for cloud in clouds), *engines]


def require_served(settings: Settings, queues: Sequence[str]) -> None:
    """Refuse a queue that is not configured, or named twice, and a cloud whose provider is not installed: BadInput."""
    for number, queue in enumerate(queues):
        if queue not in served_queues(settings):
            raise refusal("--queues", queue, f"one of {', '.join(served_queues(settings))}")
        if queue in queues[:number]:
            raise refusal("--queues", queue, "named only once")
    providers = installed("providers")
    for name, cloud in settings.all_clouds.items():
        if cloud_queue(name) in queues and cloud.provider not in providers:
            raise refusal(f"clouds.{name}.provider", cloud.provider, f"one of {', '.join(providers)}")


def make_provider(settings: Settings, cloud: str) -> Provider:
    """Return a configured cloud's provider. Raises BadInput for a provider that is not there, and a wrong option."""
    chosen, known = settings.all_clouds[cloud], installed("providers")
    if chosen.provider not in known:
        raise refusal(f"clouds.{cloud}.provider", chosen.provider, f"one of {', '.join(sorted(known))}")
    try:
        kind = known[chosen.provider].load()
    except ImportError as error:  # a library of one of durabase's extras
        raise BadInput(f"clouds.{cloud}.provider {chosen.provider!r} cannot be loaded: {error}") from error
    provider: Provider = kind(cloud, settings.state_dir, chosen.options)
    return provider


def build_workers(client: Client, settings: Settings, queues: Sequence[str]) -> list[Worker]:
    """Return a worker for each queue (`require_served`). Raises MissingKey, and BadInput for a provider's options."""
    builders: dict[str, Callable[[], Worker]] = {WORKFLOWS: partial(_workflow_worker, client, settings)}
    for name in settings.all_clouds:
        builders[cloud_queue(name)] = partial(_cloud_worker, client, settings, name)
        for engine, entry in installed("datastores").items():
            builders[engine_queue(engine, name)] = partial(_engine_worker, client, settings, name, entry)
    return [builders[queue]() for queue in queues]


async def serve(settings: Settings, queues: Sequence[str]) -> None:
    """Run the workers until SIGTERM or SIGINT. Raises NoTemporal, MissingKey, SearchAttributesMissing, BadInput."""
    require_served(settings, queues)
    Runtime.set_default(worker_runtime(settings.metrics_address, settings.log_format), error_if_already_set=False)
    client = await connect(settings.state_dir, DurabasePlugin(settings.payload_ring()))
    workers = build_workers(client, settings, queues)
    if WORKFLOWS in queues:
        await ensure_search_attributes(client, SEARCH_ATTRIBUTES)
    _keep_local_name(settings, queues)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    running = [asyncio.create_task(worker.run()) for worker in workers]
    address = client.service_client.config.target_host
    logger.info("serving %s on Temporal at %s", ", ".join(queues), address)
    stopping, watching = asyncio.create_task(stop.wait()), asyncio.create_task(watch(settings.state_dir, address))
    counts = Counts(client, meter_of(client))
    counting = asyncio.create_task(counts.report()) if settings.metrics_address and WORKFLOWS in queues else None
    await asyncio.wait([*running, stopping, watching], return_when=asyncio.FIRST_COMPLETED)
    logger.info("stopping")
    if counting is not None:
        counting.cancel()
    await asyncio.gather(*(worker.shutdown() for worker in workers))
    await asyncio.gather(*running)
    if watching.done():
        await watching


def _keep_local_name(settings: Settings, queues: Sequence[str]) -> None:
    """Let the local cloud have its name for good before anything is made on it; without a place for it, nothing is."""
    if cloud_queue(settings.local_name) in queues:
        with suppress(OSError):
            keep_name(settings.state_dir, settings.local_name)


def _workflow_worker(client: Client, settings: Settings) -> Worker:
    kept = CLUSTERS_AT_REST + WORKFLOWS_PER_BUILD * settings.builds
    return _worker(client, settings, WORKFLOWS, max_cached_workflows=kept)


def _cloud_worker(client: Client, settings: Settings, name: str) -> Worker:
    late = LateResources(client, name)
    cloud = Cloud(name, make_provider(settings, name), settings.cloud_threads, meter_of(client), late.heard)
    servers, volumes = ServerActivities(cloud, settings.root_ring()), VolumeActivities(cloud)
    activities = [*ClusterActivities(cloud).activities, *servers.activities, *volumes.activities]
    return _worker(
        client,
        settings,
        cloud_queue(name),
        activities=activities,
        interceptors=[OnlyWorkflows(), StepMetrics(meter_of(client), {"cloud": name})],
        max_concurrent_activities=SLOTS_PER_BUILD * settings.builds,
    )


def _engine_worker(client: Client, settings: Settings, cloud: str, entry: EntryPoint) -> Worker:
    keys, options = settings.engine_ring(entry.name), settings.engines.get(entry.name)
    packaging = _packaging(settings.all_clouds[cloud].provider)
    manager: DatastoreManager = entry.load()(keys, settings.datastores, options, packaging=packaging)
    slots = SLOTS_PER_BUILD * settings.builds
    return _worker(
        client,
        settings,
        engine_queue(entry.name, cloud),
        activities=manager.activities,
        interceptors=[OnlyWorkflows(), StepMetrics(meter_of(client), {"cloud": cloud, "engine": entry.name})],
        activity_executor=StepThreads(settings.guest_threads, slots, f"{entry.name}-{cloud}"),
        max_concurrent_activities=slots,
    )


def _packaging(provider: str) -> str | None:
    """Return what a provider's servers install from, None where it or its libraries are not installed.

    An engine's worker does without: what its plan then cannot refuse, the guest does.
    """
    entry = installed("providers").get(provider)
    kind = _loaded(entry) if entry else None
    return kind.packaging if kind else None


def _loaded(entry: EntryPoint) -> type[Provider] | None:
    try:
        kind: type[Provider] = entry.load()
    except ImportError:
        return None
    return kind


def _worker(client: Client, settings: Settings, queue: str, **options: Any) -> Worker:
    return Worker(
        client,
        task_queue=queue,
        graceful_shutdown_timeout=GRACEFUL_SHUTDOWN,
        # The default of ten seconds is what every workflow waits after a worker's death.
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
        max_heartbeat_throttle_interval=timedelta(seconds=1),
        deployment_config=deployment_config(settings.build_id),
        **options,
    )


def run(
    queues: Annotated[str | None, typer.Option(help="Task queues to serve, separated by commas.")] = None,
    unversioned: Annotated[bool, typer.Option("--unversioned", help="Leave the setting build_id aside.")] = False,
) -> None:
    """Serve every task queue this worker is configured for. Exit codes: 0 stopped, 1 failed, 2 bad settings."""
    log_to_stderr()
    code = 0
    try:
        settings = load_settings(**({"build_id": None} if unversioned else {}))
        log_to_stderr(log_format=settings.log_format)
        asyncio.run(serve(settings, queues.split(",") if queues is not None else served_queues(settings)))
    except (BadInput, MissingKey, SearchAttributesMissing) as error:
        logger.error("%s", error)
        code = 2
    except NoTemporal as error:
        logger.error("%s", error)
        code = 1
    except Exception:
        # The last words of a worker have the form of its other lines.
        logger.exception("a bug, or a failure that nobody foresaw")
        code = 1
    logging.shutdown()
    # A clean interpreter exit crashes in the SDK's threads now and then (temporalio/sdk-python#300).
    os._exit(code)


if __name__ == "__main__":
    typer.run(run)
