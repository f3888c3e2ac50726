"""How a record changes: with the operation that begins, with what a child tells, and with a probe."""

import itertools
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.cloud import VolumeStatus
from model.cluster import (
    ClusterRecord,
    Fault,
    Instance,
    OperatingStatus,
    Operation,
    Probe,
    Role,
    ServerOptions,
    Status,
)
from model.data import Data, Holding
from model.operations import Change, OperationReport
from tests.activities.attempts import ORDERS
from tests.scripted import WHEN, volume
from tests.workflows.records import PASSWORD, record, spec
from workflows.record import (
    begun,
    changed,
    data_of,
    first_operation,
    first_record,
    given_up,
    operating_status,
    probed,
    reported,
    taken_over,
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
        after = begun(before, operation, WHEN)
        assert (after.operation, after.status, after.fault, after.deadline) == (operation, status, None, None)
        assert [(each.status, each.step, each.progress) for each in after.members] == [(status, None, 0)] * 2
        assert [each.name for each in after.members] == ["orders-1", "orders-2"]


def test_numbers_of_operations_grow_also_where_a_record_is_older_than_the_guests() -> None:
    first = begun(first_record(spec(), "uuid-1"), Operation.PROVISION, WHEN)
    second = begun(first, Operation.RESTART, WHEN)
    assert 0 < first.number < second.number
    assert begun(first, Operation.RESTART, WHEN + timedelta(minutes=1)).number > second.number


def test_a_cluster_whose_members_nobody_knows_can_begin_its_removal() -> None:
    assert begun(record(members=()), Operation.DELETE, WHEN).status is Status.DELETING


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
    ended = terminated(begun(record(), operation, WHEN), WHEN)
    assert ended.status is status
    assert {member.status for member in ended.members} <= {status}
    assert ended.fault == Fault(
        member=None,
        step="terminated",
        message=f"workflow orders/{operation} was ended from outside",
        attempt=None,
        at=WHEN,
    )


@dataclass(frozen=True)
class Life:
    """A cluster's record, and beside it what must be true of its primary's data."""

    record: ClusterRecord
    volume: str | None = None
    """The primary's volume when the cluster was ACTIVE last; None if it never was, or its data was given up since."""

    def told(self, status: Status, generation: int | None) -> "Life":
        """A child tells a status, and of volumes of some generation, or that it knows of none yet."""
        found = members(status, *UNKNOWN)
        if generation is not None:
            volumes = (volume(each.name, "uuid-1", VolumeStatus.IN_USE) for each in found)
            found = tuple(
                each.model_copy(update={"volume": own.model_copy(update={"id": f"{each.name}/{generation}"})})
                for each, own in zip(found, volumes, strict=True)
            )
        elif status is Status.ACTIVE:
            return self  # no build ends ACTIVE without its volumes
        after = reported(self.record, OperationReport(status=status, members=found))
        return Life(after, f"orders-1/{generation}" if status is Status.ACTIVE else self.volume)

    def goes_on_as_new(self) -> "Life":
        return replace(self, record=taken_over(ClusterRecord.model_validate_json(self.record.model_dump_json())))

    def happens(self, event: tuple[str, Status, Operation, int | None]) -> "Life":
        what, status, operation, generation = event
        match what:
            case "report":
                return self.told(status, generation)
            case "begin":
                return replace(self, record=begun(self.record, operation, WHEN))
            case "terminate":
                return replace(self, record=terminated(self.record, WHEN))
            case "continue":
                return self.goes_on_as_new()
            case "give up the replica's":
                return replace(self, record=given_up(self.record, "orders-2"))
            case _:
                return Life(given_up(self.record, "orders-1"))


EVENTS = ["report", "begin", "terminate", "continue", "give up the replica's", "give up"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(EVENTS),
            st.sampled_from([Status.BUILD, Status.INSTANCE_READY, Status.ACTIVE, Status.FAILED]),
            st.sampled_from(Operation),
            st.none() | st.integers(1, 3),
        ),
        max_size=30,
    )
)
def test_data_is_kept_from_the_moment_the_cluster_is_active_until_it_is_given_up(
    events: list[tuple[str, Status, Operation, int | None]],
) -> None:
    """Whatever happens: the primary's data is known, with the volume it is on, and never before it was ACTIVE."""
    life = Life(first_record(spec(), "uuid-1"))
    for event in events:
        life = life.happens(event)
        data = data_of(life.record)
        assert (data and data.volume) == life.volume


def test_replicas_that_were_there_when_the_cluster_was_active_have_a_copy() -> None:
    active = Life(first_record(spec(), "uuid-1")).told(Status.ACTIVE, 1).record
    assert data_of(active) == Data(volume="orders-1/1", copies=("orders-2",))
    assert data_of(given_up(active, "orders-2")) == Data(volume="orders-1/1")
    assert data_of(given_up(active, "orders-1")) is None
    assert given_up(active, None) == active


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.FAILED])
def test_a_record_of_an_older_version_is_taken_over_as_one_with_data(status: Status) -> None:
    known = Life(first_record(spec(), "uuid-1")).told(Status.ACTIVE, 1).record
    older = known.model_copy(update={"status": status, "holdings": None})
    assert taken_over(older).holdings == known.holdings
    forgotten = older.model_copy(update={"members": members(status, *UNKNOWN)})
    assert taken_over(forgotten).holdings == (Holding(member="orders-1"), Holding(member="orders-2"))
    assert taken_over(first_record(spec(), "uuid-1")).holdings == ()


def test_what_is_changed_stays_through_every_operation() -> None:
    protected = changed(record(), Change(protected=True))
    report = OperationReport(status=Status.ACTIVE, members=members(Status.ACTIVE, OperatingStatus.HEALTHY))
    for operation in Operation:
        assert reported(begun(protected, operation, WHEN), report).protected
        assert terminated(begun(protected, operation, WHEN), WHEN).protected
    assert changed(protected, Change()) == protected
    assert changed(protected, Change(protected=False)) == record()
