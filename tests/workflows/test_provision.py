"""ProvisionWorkflow with scripted activities: what it makes of losses, deadlines and cancels."""

from datetime import timedelta

import pytest
from temporalio.client import (
    Client,
    WorkflowUpdateFailedError,
)

from model.cloud import Image, ServerStatus
from model.cluster import EnginePlan, Status
from model.errors import GuestError, GuestUnreachable, PlanRefused, ProviderError, ServerLost
from tests.scripted import Script, create, held, refusal_of, server, until


async def test_no_worker_for_the_engine_is_a_refusal(
    client: Client, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.steps.SCHEDULE_TO_START", timedelta(seconds=2))
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await create(client, script.spec(datastore="oracle"))
    assert "no worker serves datastore 'oracle' on cloud" in refusal_of(refused.value)


async def test_the_cloud_is_asked_with_the_engine_s_answer(client: Client, script: Script) -> None:
    image = Image(tags=("debian", "12"))
    script.options = script.options.model_copy(update={"udp_ports": (8472,), "member_ports": (2380,)})
    plan = EnginePlan(version="18", options=script.options, root_key_id="test", image=image)
    spec = script.on("plan/engine", plan).spec(allowed_cidrs=["10.1.0.0/16"])
    await until(await create(client, spec), Status.ACTIVE)
    assert script.calls[:2] == ["plan/engine", "plan/cloud"]
    (asked,) = script.inputs["plan/cloud"]
    assert (asked.engine, asked.spec.allowed_cidrs) == (plan, ("10.1.0.0/16",))
    (task,) = script.inputs[f"create_server/{spec.name}-1"]
    assert (task.image, task.allowed_cidrs) == (image, ("10.1.0.0/16",))
    assert (task.tcp_ports, task.udp_ports, task.member_ports) == ((5432,), (8472,), (2380,))


async def test_what_the_engine_refuses_the_cloud_is_not_asked(client: Client, script: Script) -> None:
    script.on("plan/engine", PlanRefused("version '9' is not allowed"))
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await create(client, script.spec())
    assert refusal_of(refused.value) == "version '9' is not allowed"
    assert script.calls == ["plan/engine"]


async def test_a_plan_that_runs_out_of_time_says_what_the_cloud_said(
    client: Client, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attempt that is cut off has told nothing: the one before it has."""
    monkeypatch.setattr("workflows.provision.PLAN_LIMIT", timedelta(seconds=4))
    again = await held(script, "plan/cloud")
    hang = script.answers["plan/cloud"]
    script.on("plan/cloud", ProviderError("cloud lab: no backend is up"), *hang)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await create(client, script.spec())
    assert again.is_set()
    assert refusal_of(refused.value) == "plan did not end in time; last error: cloud lab: no backend is up"


async def test_cancelling_the_build_fails_it(client: Client, script: Script) -> None:
    started = await held(script, f"prepare/{(spec := script.spec()).name}-1")
    handle = await create(client, spec)
    await started.wait()
    await client.get_workflow_handle(f"{spec.name}/provision").cancel()
    record = await until(handle, Status.FAILED)
    assert record.fault is not None
    assert record.fault.message == "the operation was cancelled"


async def test_a_lost_server_sends_its_member_back(client: Client, script: Script) -> None:
    spec = script.spec(2)
    member = f"{spec.name}-2"
    script.on(f"wait_for_server/{member}", ServerLost("it vanished"), server(member, "x", ServerStatus.ACTIVE))
    await until(await create(client, spec), Status.ACTIVE)
    assert script.calls.count(f"create_server/{member}") == 2
    assert script.calls.count(f"create_server/{spec.name}-1") == 1


async def test_a_member_lost_at_the_end_is_built_again_and_joins_again(client: Client, script: Script) -> None:
    spec = script.spec(2)
    member = f"{spec.name}-2"
    script.on("cluster_complete", ServerLost("it does not stream", member), None)
    await until(await create(client, spec), Status.ACTIVE)
    assert script.calls.count(f"prepare/{member}") == script.calls.count(f"post_prepare/{member}") == 2
    assert script.calls.count(f"prepare/{spec.name}-1") == 1


async def test_a_server_lost_too_often_fails_the_build(client: Client, script: Script) -> None:
    spec = script.spec()
    member = f"{spec.name}-1"
    script.on(
        f"create_server/{member}", *(server(member, "x", ServerStatus.BUILD, f"server-{number}") for number in range(9))
    )
    script.on(f"wait_for_server/{member}", ServerLost("no valid host was found"))
    record = await until(await create(client, spec), Status.FAILED)
    assert record.fault is not None
    assert record.fault.message == "no valid host was found"
    assert script.calls.count(f"create_server/{member}") == 4


async def test_a_step_that_keeps_failing_ends_at_the_deadline_with_its_last_error(
    client: Client, script: Script
) -> None:
    script.options = script.options.model_copy(update={"usage_timeout": 300})
    spec = script.spec()
    script.on(f"prepare/{spec.name}-1", GuestError("initdb failed: no space left on device"))
    record = await until(await create(client, spec), Status.FAILED)
    assert record.fault is not None
    assert record.fault.message == "initdb failed: no space left on device"
    assert record.fault.attempt is not None
    assert record.fault.attempt > 5


async def test_a_member_that_never_answers_fails_at_the_deadline_with_what_ssh_said(
    client: Client, script: Script
) -> None:
    script.options = script.options.model_copy(update={"usage_timeout": 120})
    spec = script.spec()
    script.on(f"prepare/{spec.name}-1", GuestUnreachable("waited for SSH: connection refused"))
    record = await until(await create(client, spec), Status.FAILED)
    assert record.fault is not None
    assert (record.fault.step, record.fault.message) == ("prepare", "waited for SSH: connection refused")
    assert script.calls.count(f"create_server/{spec.name}-1") > 3
