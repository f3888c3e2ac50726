"""Recorded real runs, replayed: a change that would break a run in flight fails here."""

import base64
from typing import Any, cast

import pytest
from temporalio.api.common.v1 import Payloads
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from model.cluster import Operation, Status
from model.operations import OperationReport
from plugin import DurabasePlugin
from temporal.converter import data_converter
from tests.keys_for_tests import PAYLOAD_KEYS
from tests.recorded import HISTORIES, RECORDED, Recorded
from workflows.status import cluster_status, lawful, member_status

OPERATIONS = {
    "ProvisionWorkflow": Operation.PROVISION,
    "RestartWorkflow": Operation.RESTART,
    "DeprovisionWorkflow": Operation.DELETE,
}
CHILDREN = [each for each in RECORDED if each.workflow_type in OPERATIONS]
CLUSTERS = {
    "one": ("one", 1),
    "three": ("three", 3),
    "failure_and_retry": ("retried", 2),
    "delete_in_mid_build": ("deleted", 2),
    "worker_kill": ("killed", 3),
    "valkey": ("cache", 3),
    "terminated_build": ("ended", 1),
    "mysql": ("shop", 3),
}
"""Of each scenario: its cluster's name and members (tests/record_histories.py, tests/debian/life.py)."""


def members(recorded: Recorded) -> list[str]:
    name, nodes = CLUSTERS[recorded.path.parent.name]
    return [f"{name}-{number}" for number in range(1, nodes + 1)]


def test_every_scenario_is_recorded() -> None:
    assert {each.path.parent.name for each in RECORDED} == set(CLUSTERS)
    assert {each.workflow_type for each in RECORDED} == {"ClusterWorkflow", *OPERATIONS}


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda each: each.name)
async def test_replays(recorded: Recorded) -> None:
    await Replayer(workflows=[], plugins=[DurabasePlugin(PAYLOAD_KEYS)]).replay_workflow(recorded.history)


async def test_another_order_of_activities_would_not_replay() -> None:
    text = (HISTORIES / "one" / "2-ProvisionWorkflow.json").read_text()
    swapped = text.replace('"attach_volume', '"x').replace('"prepare', '"attach_volume').replace('"x', '"prepare')
    replayer = Replayer(workflows=[], plugins=[DurabasePlugin(PAYLOAD_KEYS)])
    with pytest.raises(NondeterminismError):
        await replayer.replay_workflow(WorkflowHistory.from_json("one/provision", swapped))


@pytest.mark.parametrize("recorded", CHILDREN, ids=lambda each: each.name)
async def test_the_law_holds_over_every_prefix(recorded: Recorded) -> None:
    """After every event the status is what the law says, never steps back, and is what ClusterWorkflow is told."""
    operation, names, told = OPERATIONS[recorded.workflow_type], members(recorded), 0
    before = {name: member_status(operation, name, names, (), failed=False) for name in names}
    for completed, failed, event in recorded.moments():
        after = {name: member_status(operation, name, names, completed, failed) for name in names}
        for name in names:
            lawful(before[name], after[name])
        before = after
        if report := await told_in(event):
            told += 1
            may = {cluster_status(after.values())} | ({Status.FAILED} if report.fault else set())
            assert report.status in may
    assert told > 0


async def told_in(event: dict[str, Any]) -> OperationReport | None:
    attributes = event.get("signalExternalWorkflowExecutionInitiatedEventAttributes", {})
    ended = event.get("workflowExecutionCompletedEventAttributes", {})
    encoded = attributes.get("input") or ended.get("result")
    if not encoded:
        return None
    payloads = Payloads()
    for each in encoded["payloads"]:
        metadata = {name: base64.b64decode(value) for name, value in each["metadata"].items()}
        payloads.payloads.add(metadata=metadata, data=base64.b64decode(each["data"]))
    decoded = await data_converter(PAYLOAD_KEYS).decode(
        list(payloads.payloads), [cast("type[OperationReport]", OperationReport | None)]
    )
    report: OperationReport | None = decoded[0]
    return report


def test_a_single_instance_is_built_in_the_order_of_the_design() -> None:
    order = [step for _, step in Recorded(HISTORIES / "one" / "2-ProvisionWorkflow.json").scheduled()]
    assert order[:2] == ["plan", "plan"]
    assert set(order[2:6]) == {"create_server", "wait_for_server", "create_volume", "wait_for_volume"}
    assert order[6:] == ["attach_volume", "prepare", "verify_resources", "post_prepare", "cluster_complete"]


def test_three_members_join_after_all_are_prepared_and_the_primary_joins_first() -> None:
    recorded = Recorded(HISTORIES / "three" / "2-ProvisionWorkflow.json")
    ids = [activity_id for activity_id, _ in recorded.scheduled()]
    joint = ids[ids.index("verify_resources") :]
    assert joint[:2] == ["verify_resources", "post_prepare/three-1"]
    assert set(joint[2:4]) == {"post_prepare/three-2", "post_prepare/three-3"}
    assert joint[4:] == ["cluster_complete"]
    for completed, _, event in recorded.moments():
        scheduled = event.get("activityTaskScheduledEventAttributes", {})
        if scheduled.get("activityId") == "verify_resources":
            assert {f"prepare/three-{number}" for number in (1, 2, 3)} <= completed


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda each: each.name)
def test_nothing_in_a_history_is_plain(recorded: Recorded) -> None:
    """Every payload and failure is encrypted; what search attributes must leave readable is no secret."""
    plain = set()
    for payload in payloads_in(recorded.events):
        plain.add(base64.b64decode(payload["metadata"]["encoding"]).decode())
    assert plain == {"binary/encrypted"}
    for word in ("password", "PRIVATE KEY", "ssh-ed25519", "volume_size", "tcp_ports", "127."):
        assert word not in recorded.text
    assert set(failures_in(recorded.events)) <= {"Encoded failure"}


def payloads_in(tree: Any) -> list[dict[str, Any]]:
    if isinstance(tree, dict):
        if "metadata" in tree and "data" in tree:
            return [tree]
        # A marker holds the id of a patch, and is written by the SDK's core.
        readable = ("searchAttributes", "markerRecordedEventAttributes")
        branches = [value for key, value in tree.items() if key not in readable]
        return [payload for branch in branches for payload in payloads_in(branch)]
    return [payload for value in tree for payload in payloads_in(value)] if isinstance(tree, list) else []


def failures_in(tree: Any) -> list[str]:
    """The messages of the failures that the SDK wrote; the server's own say nothing but "timeout"."""
    if isinstance(tree, dict):
        own = [tree["message"]] if tree.get("source") == "PythonSDK" else []
        return own + [message for value in tree.values() for message in failures_in(value)]
    return [message for value in tree for message in failures_in(value)] if isinstance(tree, list) else []
