"""`replay` against a real server: what this code goes on with, and what it does not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client

from cli.replay import ReplayedRun, replay_lines, replayed, replayed_run
from cli.session import Session
from keys import KEY_BYTES, MissingKey
from model.base import BadInput
from plugin import DurabasePlugin
from temporal.codec import PayloadKeys
from tests.changed import ChangedPlugin
from tests.cli.conftest import session_of
from tests.cli.test_clusters import active
from tests.conftest import dev_server
from tests.house import eventually, make_current
from tests.scripted import Script, create, held


class Building(NamedTuple):
    session: Session
    name: str


async def listed(session: Session, *workflow_ids: str) -> None:
    """Wait until Temporal's listing, which lags behind, has these workflows."""

    async def all_listed() -> bool:
        found = {run.id async for run in session.client.list_workflows()}
        return found >= set(workflow_ids)

    await eventually(all_listed)


async def ended(session: Session, workflow_id: str) -> None:
    """Wait until the listing has a workflow as ended."""

    async def is_ended() -> bool:
        query = f"WorkflowId = '{workflow_id}' AND ExecutionStatus != 'Running'"
        return bool([run async for run in session.client.list_workflows(query)])

    await eventually(is_ended)


def outcomes(found: list[ReplayedRun]) -> dict[str, bool | None]:
    return {run.workflow: run.replays for run in found}


async def test_what_this_code_wrote_goes_on_under_it(session: Session, script: Script) -> None:
    building, standing = script.spec(2), script.spec(1)
    started = await held(script, f"prepare/{building.name}-2")
    handle = await create(session.client, building)
    await started.wait()
    await active(session, standing)
    names = [building.name, standing.name]
    await listed(session, *names, f"{building.name}/provision")
    await ended(session, f"{standing.name}/provision")
    open_ones = {building.name: True, f"{building.name}/provision": True, standing.name: True}
    assert outcomes(await replayed(session, names, everything=False)) == open_ones
    everything = await replayed(session, names, everything=True)
    assert outcomes(everything) == {**open_ones, f"{standing.name}/provision": True}
    assert all(run.events for run in everything)
    assert open_ones.items() <= outcomes(await replayed(session, (), everything=False)).items()
    await handle.terminate()


@asynccontextmanager
async def another_release(keys: PayloadKeys, state_dir: Path, build_id: str | None) -> AsyncIterator[Building]:
    """Let workers of a release with a changed ProvisionWorkflow build a cluster, on a server of their own."""
    async with (
        await dev_server(plugin=ChangedPlugin(keys)) as environment,
        Script().serving(environment.client, build_id) as script,
    ):
        address = environment.client.service_client.config.target_host
        if build_id is not None:
            await make_current(address, build_id)
        spec = script.spec(1)
        started = await held(script, f"prepare/{spec.name}-1")
        handle = await create(environment.client, spec)
        await started.wait()
        session = session_of(await Client.connect(address, plugins=[DurabasePlugin(keys)]), script, state_dir)
        await listed(session, spec.name, f"{spec.name}/provision")
        yield Building(session, spec.name)
        await handle.terminate()


async def test_what_another_release_wrote_does_not(payload_keys: PayloadKeys, tmp_path: Path) -> None:
    async with another_release(payload_keys, tmp_path, None) as (session, name):
        cluster, build = await replayed(session, [name], everything=False)
    assert (cluster.workflow, cluster.replays, cluster.said) == (name, True, None)
    assert (build.workflow, build.replays) == (f"{name}/provision", False)
    assert build.said is not None
    assert build.said.startswith("[TMPRL1100] Nondeterminism error: ")
    assert "\n" not in build.said
    header, first, second = (line.plain for line in replay_lines([cluster, build]))
    assert header.split() == ["workflow", "type", "events", "replay"]
    assert first.split() == [name, "ClusterWorkflow", str(cluster.events), "ok"]
    assert second.endswith(build.said)


async def test_what_stays_with_another_version_is_left_out(payload_keys: PayloadKeys, tmp_path: Path) -> None:
    async with another_release(payload_keys, tmp_path, "2") as (session, name):
        cluster, build = await replayed(session, [name], everything=False)
        _, asked_for = await replayed(session, [name], everything=True)
        ours = Session(session.settings.model_copy(update={"build_id": "2"}), session.client)
        _, same = await replayed(ours, [name], everything=False)
    assert (cluster.replays, build.replays, asked_for.replays, same.replays) == (True, None, False, False)
    assert build.said == "left out: it stays with workers of build 2"


async def test_what_is_gone_meanwhile_is_left_out(session: Session, script: Script) -> None:
    spec = script.spec(1)
    await active(session, spec)
    await listed(session, spec.name)
    [run] = [run async for run in session.client.list_workflows(f"WorkflowId = '{spec.name}'")]
    await session.client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(
            namespace=session.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=run.id, run_id=run.run_id),
        )
    )

    async def left_out() -> ReplayedRun | None:
        outcome = await replayed_run(session, run)
        return outcome if outcome.replays is None else None

    assert (await eventually(left_out)).said == "left out: its history is gone"


async def test_without_the_key_nothing_is_guessed(session: Session, script: Script) -> None:
    spec = script.spec(1)
    await active(session, spec)
    await listed(session, spec.name)
    another = session.settings.model_copy(update={"payload_keys": {"another": b"k" * KEY_BYTES}})
    with pytest.raises(MissingKey) as missing:
        await replayed(Session(another, session.client), [spec.name], everything=False)
    assert str(missing.value) == (
        f"the history of {spec.name} needs payload key 'test', but settings hold only: another"
    )


async def test_an_unknown_cluster_is_refused(session: Session) -> None:
    with pytest.raises(BadInput, match="there is no cluster 'nowhere'"):
        await replayed(session, ["nowhere"], everything=True)
