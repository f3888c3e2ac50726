"""Workflows call activities by name: each is a real one, which takes what is sent and gives what is read."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints
from unittest.mock import patch

import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from activities.cloud import Cloud
from activities.clusters import ClusterActivities
from activities.servers import ServerActivities
from activities.volumes import VolumeActivities
from datastores.base import DatastoreManager
from model.cluster import Status
from model.command import CommandRequest
from providers.local.provider import LocalProvider
from tests.datastores.toy_engine import ToyManager
from tests.house import eventually
from tests.keys_for_tests import ROOT_KEYS
from tests.scripted import Script, create, until, what_is_left
from workflows.steps import HEARTBEAT_TIMEOUT, RETRIES, START_TO_CLOSE, Call, Step

ENGINE_STEPS = {
    "prepare",
    "post_prepare",
    "cluster_complete",
    "restart",
    "update_status",
    "get_filesystem_stats",
    "run_command",
}


def types_of(activities: Iterable[Callable[..., Any]]) -> dict[str, tuple[type, type]]:
    """Return each activity's input and result, by the name under which it is registered."""
    found = {}
    for run in activities:
        hints = get_type_hints(run)
        result = hints.pop("return")
        [argument] = hints.values()
        found[name_of(run)] = (argument, result)
    return found


def name_of(run: Callable[..., Any]) -> str:
    """The decorator keeps it on the function; a method that overrides it without the decorator would lack it."""
    return str(run.__temporal_activity_definition.name)  # type: ignore[attr-defined]


@pytest.fixture
def engine() -> dict[str, tuple[type, type]]:
    manager = ToyManager(ROOT_KEYS.engine("toy"))
    return types_of(manager.activities)


@pytest.fixture
def cloud(tmp_path: Path) -> dict[str, tuple[type, type]]:
    cloud = Cloud("local", LocalProvider("local", tmp_path), threads=1)
    servers, volumes = ServerActivities(cloud, ROOT_KEYS), VolumeActivities(cloud)
    return types_of([*ClusterActivities(cloud).activities, *servers.activities, *volumes.activities])


Types = dict[str, tuple[type, type]]


def test_every_step_is_a_real_activity_of_the_engine_or_the_cloud(engine: Types, cloud: Types) -> None:
    steps = {step.value for step in Step}
    assert steps <= engine.keys() | cloud.keys()
    assert steps & engine.keys() == ENGINE_STEPS | {"plan"}
    assert steps & cloud.keys() == steps - ENGINE_STEPS
    assert cloud.keys() <= steps, "a cloud's activity that no workflow calls"


def test_an_engine_s_activities_are_those_of_the_base_class(engine: Types) -> None:
    base = {name: run for name, run in vars(DatastoreManager).items() if hasattr(run, "__temporal_activity_definition")}
    assert {name: types_of([run])[name] for name, run in base.items() if name in engine} == engine
    assert base.keys() == engine.keys()


def test_the_scripted_activities_are_like_the_real_ones(engine: Types, cloud: Types) -> None:
    """What every test of the workflows rests on."""
    scripted = Script()
    assert types_of(scripted.cloud_activities()) == cloud
    assert types_of(scripted.engine_activities()) == {name: engine[name] for name in [*ENGINE_STEPS, "plan"]}


@dataclass(frozen=True)
class Sent:
    step: Step
    queue: str
    argument: type
    result: type | None


@pytest.fixture
def client(skipping: WorkflowEnvironment) -> Client:
    return skipping.client


async def everything_sent(client: Client) -> list[Sent]:
    """Build, probe, restart and delete a cluster with scripted activities; return what the workflows asked for."""
    sent: list[Sent] = []
    run = Call.run

    async def recorded(self: Call, result: type | None = None) -> Any:
        sent.append(Sent(self.step, self.queue, type(self.argument), result))
        return await run(self, result)

    async with Script().serving(client) as script:
        spec = script.spec(2)
        first = spec.member_names[0]
        script.on("find_resources", what_is_left(first))
        with patch.object(Call, "run", recorded):
            handle = await create(client, spec)
            await until(handle, Status.ACTIVE)
            await handle.execute_update("probe")
            await handle.execute_update("run", CommandRequest(member=first, command=("uptime",)))
            await handle.execute_update("restart")

            async def restarted() -> bool:
                return len([call for call in script.calls if call.startswith("restart/")]) == 2

            await eventually(restarted)
            await handle.execute_update("delete")
            await handle.result()
    return sent


async def test_workflows_send_what_the_activities_take_and_read_what_they_give(
    client: Client, engine: Types, cloud: Types
) -> None:
    sent = await everything_sent(client)
    assert {each.step for each in sent} == set(Step)
    for each in sent:
        argument, result = (cloud if "/cloud/" in each.queue else engine)[each.step]
        assert each.argument is argument, f"{each.step} takes {argument.__name__}"
        # One that gives the type of an older worker, too, gives the other to those who ask for it (`explained`).
        given = get_args(result) or (NoneType if result is None else result,)
        assert each.result in given, f"{each.step} gives {result}"


def test_every_step_has_its_limits_and_they_nest() -> None:
    assert set(START_TO_CLOSE) == set(Step)
    assert all(limit > HEARTBEAT_TIMEOUT for limit in START_TO_CLOSE.values())
    assert RETRIES.maximum_interval is not None
    assert RETRIES.maximum_interval <= timedelta(seconds=60)
    assert RETRIES.maximum_attempts == 0
