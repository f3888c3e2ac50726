"""The document of `show`, merged from what each side knows."""

from typing import Any

import pytest

from cli.view import ClusterView, cluster_view, with_probes
from model.cluster import FilesystemStats, OperatingStatus, Operation, Probe, Status
from model.operations import OperationReport
from tests.cli.samples import LATER, NOW, QUEUE, attributes, building, instance, pending, record

KEYS = {
    *("name", "id", "datastore", "version", "cloud", "operation", "status", "displayed", "operating_status"),
    *("stale", "protected", "fault", "deadline", "members"),
}
MEMBER_KEYS = {
    *("name", "role", "status", "address", "port", "server_id", "volume_id", "step", "progress", "attempt"),
    *("last_error", "next_retry"),
}


def member_of(view: ClusterView, number: int) -> dict[str, Any]:
    found: dict[str, Any] = view.model_dump(mode="json")["members"][number - 1]
    return found


def test_the_document_has_exactly_its_keys() -> None:
    for view in (cluster_view(attributes(), record(), None, ()), cluster_view(attributes(), None, None, ())):
        assert set(view.model_dump()) == KEYS
    view = building(pending("prepare", "orders-1"))
    assert {frozenset(member) for member in view.model_dump()["members"]} == {frozenset(MEMBER_KEYS)}


def test_a_standing_cluster() -> None:
    view = cluster_view(attributes(), record(), None, ())
    assert (view.status, view.displayed, view.stale, view.busy) == (Status.ACTIVE, "ACTIVE", False, False)
    member = member_of(view, 1)
    assert (member["address"], member["port"], member["role"]) == ("127.1.1.1", 5432, "primary")
    assert (member["server_id"], member["volume_id"]) == ("server-of-orders-1", "volume-of-orders-1")
    assert (member["step"], member["attempt"], member["last_error"]) == (None, None, None)


def test_whether_a_cluster_is_protected_only_its_worker_knows() -> None:
    assert cluster_view(attributes(), record(protected=True), None, ()).protected is True
    assert cluster_view(attributes(), record(), None, ()).protected is False
    assert cluster_view(attributes(), None, None, ()).protected is None


def test_instance_ready_is_displayed_as_build() -> None:
    view = cluster_view(attributes(), record(Status.INSTANCE_READY), None, ())
    assert (view.status, view.displayed) == (Status.INSTANCE_READY, "BUILD")


def test_what_the_running_child_says_is_newer_than_the_record() -> None:
    members = (instance(1, Status.INSTANCE_READY, progress=85), instance(2, Status.BUILD))
    report = OperationReport(status=Status.BUILD, members=members, deadline=NOW, doing="orders-2: install")
    view = building(report=report)
    assert (view.deadline, view.doing) == (NOW, "orders-2: install")
    assert [member.status for member in view.members] == [Status.INSTANCE_READY, Status.BUILD]
    assert view.members[0].progress == 85


def test_a_child_of_another_operation_is_not_mixed_in() -> None:
    report = OperationReport(status=Status.DELETED)
    view = cluster_view(attributes(Operation.DELETE), record(), report, [pending("delete_server", "orders-1")])
    assert (view.status, view.operation) == (Status.ACTIVE, Operation.PROVISION)
    assert view.members[0].step is None
    assert view.busy


def test_a_retried_step_says_why_and_when_it_goes_on() -> None:
    view = building(pending("create_server", "orders-1", attempt=4, failure="503 from Nova", next_retry=LATER))
    member = member_of(view, 1)
    assert (member["step"], member["attempt"]) == ("create_server", 4)
    assert member["last_error"] == "503 from Nova"
    assert member["next_retry"] == "2026-03-01T12:00:30Z"


def test_a_waiting_step_gives_the_last_reason_as_error() -> None:
    view = building(pending("wait_for_server", "orders-2", note="waits: server 7 is in BUILD, 40 %"))
    assert view.members[1].last_error == "waits: server 7 is in BUILD, 40 %"
    working = building(pending("prepare", "orders-2", note="initialises the data directory"))
    assert working.members[1].last_error is None
    assert working.members[1].doing == "initialises the data directory"


def test_a_real_failure_beats_a_reason_to_wait() -> None:
    view = building(pending("prepare", "orders-1", attempt=2, failure="no space", note="waits for postgresql"))
    assert view.members[0].last_error == "no space"
    assert view.members[0].doing == "waits for postgresql"


@pytest.mark.parametrize(
    ("more", "doing"),
    [
        ({"unclaimed": True}, f"waits for a worker on task queue {QUEUE}"),
        ({"paused": True}, "waits for an operator, who has paused it in Temporal"),
        ({}, None),
    ],
)
def test_a_step_that_nobody_works_on_says_what_it_waits_for(more: dict[str, Any], doing: str | None) -> None:
    assert building(pending("prepare", "orders-1", **more)).members[0].doing == doing


def test_of_two_steps_the_failing_one_is_shown_else_the_first() -> None:
    both = pending("wait_for_server", "orders-1"), pending("create_volume", "orders-1")
    assert building(*both).members[0].step == "wait_for_server"
    failing = both[0], pending("create_volume", "orders-1", attempt=2, failure="quota")
    assert building(*failing).members[0].step == "create_volume"


def test_a_step_of_the_whole_cluster_is_everybodys_without_one_of_its_own() -> None:
    view = building(pending("plan"), pending("prepare", "orders-2"))
    assert [member.step for member in view.members] == ["plan", "prepare"]


def test_a_member_that_is_ready_waits_for_the_others() -> None:
    members = (instance(1, Status.BUILD), instance(2, Status.INSTANCE_READY, step="prepare"))
    view = building(pending("prepare", "orders-1"), members=members)
    assert (view.members[1].step, view.members[1].doing) == ("prepare", "waits for the other members")


def test_without_a_worker_temporal_knows_this_much() -> None:
    steps = [
        pending("plan"),
        pending("prepare", "orders-2", attempt=2, failure="the worker died", unclaimed=True),
    ]
    view = cluster_view(attributes(Operation.PROVISION), None, None, steps)
    assert view.stale
    assert (view.name, view.id, view.datastore, view.cloud) == ("orders", "uuid", "postgresql", "here")
    assert (view.operation, view.status, view.displayed) == (Operation.PROVISION, Status.BUILD, "BUILD")
    (member,) = view.members
    assert (member.name, member.step, member.attempt) == ("orders-2", "prepare", 2)
    assert member.last_error == "the worker died"
    assert member.doing == f"waits for a worker on task queue {QUEUE}"


def test_a_probe_adds_what_it_found() -> None:
    stats = FilesystemStats(total=100, used=40, free=60)
    probes = [Probe(member="orders-1", operating_status=OperatingStatus.HEALTHY, filesystem=stats)]
    view = with_probes(cluster_view(attributes(), record(), None, ()), probes)
    first, second = (member_of(view, number) for number in (1, 2))
    assert set(first) == MEMBER_KEYS | {"operating_status", "reason", "filesystem", "probe_error"}
    assert (first["operating_status"], first["filesystem"]["used"]) == ("HEALTHY", 40)
    assert (second["operating_status"], second["probe_error"]) == ("UNKNOWN", "it has no server")
