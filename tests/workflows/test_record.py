"""How a record changes: with the operation that begins, with what a child tells, and with a probe."""

import itertools

import pytest

from model.cluster import (
    Fault,
    Instance,
    OperatingStatus,
    Operation,
    Probe,
    Role,
    ServerOptions,
    Status,
)
from model.operations import Change, OperationReport
from tests.activities.attempts import ORDERS
from tests.scripted import WHEN
from tests.workflows.records import PASSWORD, record, spec
from workflows.record import (
    begun,
    changed,
    first_operation,
    first_record,
    operating_status,
    probed,
    reported,
    terminated,
)

FAULT = Fault(member="orders-1", step="prepare", message="no space left", attempt=3, at=WHEN)
OPTIONS = ServerOptions(tcp_ports=(5432,))


def members(status: Status, *operating: OperatingStatus) -> tuple[Instance, ...]:
    return tuple(
        Instance(
            name=f"orders-{number}",
            role=Role.PRIMARY if number == 1 else Role.REPLICA,
            status=status,
            operating_status=each,
            step="prepare",
            progress=50,
        )
        for number, each in enumerate(operating, 1)
    )


UNKNOWN = (OperatingStatus.UNKNOWN, OperatingStatus.UNKNOWN)


def test_the_first_record_has_what_was_requested_and_no_password() -> None:
    first = first_record(spec(), "uuid-1")
    assert (first.identity.id, first.identity.name, first.identity.cloud) == ("uuid-1", "orders", "local")
    assert (first.operation, first.status, first.nodes) == (Operation.PROVISION, Status.BUILD, 2)
    assert first.databases == ("app", "audit")
    assert [(user.name, user.derived_password, user.databases) for user in first.users] == [
        ("app", False, ("app",)),
        ("reader", True, ()),
    ]
    assert PASSWORD not in first.model_dump_json()


def test_a_cluster_without_a_record_is_built_first() -> None:
    assert first_operation(None) is Operation.PROVISION


def test_a_cluster_that_goes_on_waits_for_requests() -> None:
    assert first_operation(record(status=Status.ACTIVE)) is None
    assert first_operation(record(Operation.RESTART, Status.FAILED, fault=FAULT)) is None


def test_a_cluster_in_delete_mode_deletes_first_unless_that_has_failed_already() -> None:
    assert first_operation(record(Operation.DELETE)) is Operation.DELETE
    assert first_operation(record(Operation.DELETE, fault=FAULT)) is None


def test_an_operation_begins_without_the_traces_of_the_one_before() -> None:
    before = record(status=Status.FAILED, fault=FAULT, deadline=WHEN, members=members(Status.FAILED, *UNKNOWN))
    starts = {
        Operation.PROVISION: Status.BUILD,
        Operation.RESTART: Status.INSTANCE_READY,
        Operation.DELETE: Status.DELETING,
    }
    for operation, status in starts.items():
        after = begun(before, operation)
        assert (after.operation, after.status, after.fault, after.deadline) == (operation, status, None, None)
        assert [(each.status, each.step, each.progress) for each in after.members] == [(status, None, 0)] * 2
        assert [each.name for each in after.members] == ["orders-1", "orders-2"]


def test_a_cluster_whose_members_nobody_knows_can_begin_its_removal() -> None:
    assert begun(record(members=()), Operation.DELETE).status is Status.DELETING


def test_a_report_is_taken_over() -> None:
    report = OperationReport(
        status=Status.INSTANCE_READY,
        members=members(Status.INSTANCE_READY, *UNKNOWN),
        identity=ORDERS,
        version="18",
        options=OPTIONS,
        deadline=WHEN,
    )
    after = reported(record(), report)
    assert (after.status, after.identity, after.version, after.options) == (report.status, ORDERS, "18", OPTIONS)
    assert (after.members, after.deadline, after.fault) == (report.members, WHEN, None)


def test_what_a_child_does_not_know_stays_known() -> None:
    before = record(Operation.DELETE, identity=ORDERS, version="18", options=OPTIONS)
    after = reported(before, OperationReport(status=Status.DELETED))
    assert after == before.model_copy(update={"status": Status.DELETED})


def test_a_fault_is_taken_over_and_goes_with_the_next_report() -> None:
    failed = reported(record(), OperationReport(status=Status.FAILED, fault=FAULT))
    assert failed.fault == FAULT
    assert reported(failed, OperationReport(status=Status.BUILD)).fault is None


def test_a_report_never_touches_what_a_probe_found() -> None:
    before = record(members=members(Status.BUILD, OperatingStatus.HEALTHY, OperatingStatus.CRASHED))
    after = reported(before, OperationReport(status=Status.ACTIVE, members=members(Status.ACTIVE, *UNKNOWN)))
    assert [each.status for each in after.members] == [Status.ACTIVE] * 2
    assert [each.operating_status for each in after.members] == [OperatingStatus.HEALTHY, OperatingStatus.CRASHED]


def test_a_probe_never_touches_status_and_forgets_no_member() -> None:
    before = record(status=Status.ACTIVE, members=members(Status.ACTIVE, *UNKNOWN))
    probe = Probe(member="orders-2", operating_status=OperatingStatus.SHUTDOWN, filesystem=None)
    after = probed(before, [probe, probe.model_copy(update={"member": "gone"})])
    assert [each.operating_status for each in after.members] == [OperatingStatus.UNKNOWN, OperatingStatus.SHUTDOWN]
    assert (after.status, [each.status for each in after.members]) == (Status.ACTIVE, [Status.ACTIVE] * 2)


def test_the_worst_operating_status_is_the_cluster_s() -> None:
    crashed, shutdown, unknown, healthy = (
        OperatingStatus.CRASHED,
        OperatingStatus.SHUTDOWN,
        OperatingStatus.UNKNOWN,
        OperatingStatus.HEALTHY,
    )
    order = [crashed, shutdown, unknown, healthy]
    for worse, better in itertools.pairwise(order):
        assert operating_status(record(members=members(Status.ACTIVE, better, worse))) is worse
    assert operating_status(record(members=())) is unknown


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        (Operation.PROVISION, Status.FAILED),
        (Operation.RESTART, Status.FAILED),
        (Operation.DELETE, Status.DELETING),
    ],
)
def test_an_operation_that_was_ended_from_outside_has_a_fault(operation: Operation, status: Status) -> None:
    ended = terminated(begun(record(), operation), WHEN)
    assert ended.status is status
    assert {member.status for member in ended.members} <= {status}
    assert ended.fault == Fault(
        member=None,
        step="terminated",
        message=f"workflow orders/{operation} was ended from outside",
        attempt=None,
        at=WHEN,
    )


def test_what_is_changed_stays_through_every_operation() -> None:
    protected = changed(record(), Change(protected=True))
    report = OperationReport(status=Status.ACTIVE, members=members(Status.ACTIVE, OperatingStatus.HEALTHY))
    for operation in Operation:
        assert reported(begun(protected, operation), report).protected
        assert terminated(begun(protected, operation), WHEN).protected
    assert changed(protected, Change()) == protected
    assert changed(protected, Change(protected=False)) == record()
