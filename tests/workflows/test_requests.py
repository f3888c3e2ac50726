"""Which requests a cluster takes in which state."""

from typing import Any

import pytest

from model.cloud import ServerStatus
from model.cluster import ClusterRecord, Operation, Status
from model.command import CommandRequest
from model.data import Holding
from model.operations import RetryRequest
from tests.scripted import server
from tests.workflows.records import record
from workflows.requests import refuse_change, refuse_claim, refuse_command, refuse_delete, refuse_restart, refuse_retry

SHOWN = {Status.BUILD: "being built", Status.INSTANCE_READY: "being built"}
"""A status on the way says what is done instead."""


def test_a_create_that_is_repeated_is_taken_and_another_s_is_refused() -> None:
    assert refuse_claim(record(), "mine", "mine") is None
    assert refuse_claim(record(status=Status.ACTIVE), "mine", "another's") == (
        "name 'orders' is not allowed: it must be a name not in use, and a cluster orders is ACTIVE"
    )


@pytest.mark.parametrize("status", Status)
def test_retry_takes_up_what_failed_and_nothing_else(status: Status) -> None:
    refusal = refuse_retry(record(status=status), busy=False)
    if status is Status.FAILED:
        assert refusal is None
    else:
        assert refusal == f"cluster orders is {SHOWN.get(status, status)}: retry takes up a cluster that is FAILED"


def test_data_is_discarded_only_by_its_own_name_and_while_no_replica_has_a_copy() -> None:
    def refused(record: ClusterRecord, member: str) -> str | None:
        return refuse_retry(record, False, RetryRequest(discard_data=member))

    both = record(status=Status.FAILED, holdings=(Holding(member="orders-1"), Holding(member="orders-2")))
    for member in ("orders-2", "orders-3"):
        assert refused(both, member) == (
            f"discard-data '{member}' is not allowed: it must be the primary orders-1: "
            "what a replica has lost is copied from the primary without a word"
        )
    assert refused(both, "orders-1") == (
        "the data of orders-1 cannot be discarded while orders-2 may have a copy, and durabase cannot make a replica "
        "the primary yet: bring its volume back and retry, or save what you need and delete cluster orders"
    )
    assert refused(both.model_copy(update={"holdings": (Holding(member="orders-1"),)}), "orders-1") is None
    assert refused(both.model_copy(update={"holdings": ()}), "orders-1") is None
    assert refuse_retry(both, False, RetryRequest()) is None
    assert refused(both.model_copy(update={"status": Status.ACTIVE}), "orders-1") == (
        "cluster orders is ACTIVE: retry takes up a cluster that is FAILED"
    )


@pytest.mark.parametrize("status", Status)
def test_restart_needs_a_whole_cluster(status: Status) -> None:
    refusal = refuse_restart(record(status=status), busy=False)
    if status is Status.ACTIVE:
        assert refusal is None
    else:
        assert refusal == f"cluster orders is {SHOWN.get(status, status)}: restart needs a cluster that is ACTIVE"


@pytest.mark.parametrize(
    ("operation", "doing"),
    [
        (Operation.PROVISION, "being built"),
        (Operation.RESTART, "being restarted"),
        (Operation.DELETE, "being deleted"),
    ],
)
def test_a_busy_cluster_says_what_it_is_at(operation: Operation, doing: str) -> None:
    assert refuse_retry(record(operation, Status.FAILED), busy=True) == (
        f"cluster orders is {doing}: retry takes up a cluster that is FAILED"
    )
    assert refuse_restart(record(operation, Status.ACTIVE), busy=True) == (
        f"cluster orders is {doing}: restart needs a cluster that is ACTIVE"
    )


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("operation", Operation)
def test_only_a_protected_cluster_that_stays_is_not_deleted(operation: Operation, status: Status) -> None:
    assert refuse_delete(record(operation, status)) is None
    refusal = refuse_delete(record(operation, status, protected=True))
    assert (refusal is None) is (operation is Operation.DELETE)


def test_a_cluster_that_goes_is_not_changed() -> None:
    assert refuse_change(record(status=Status.FAILED), ends=False) is None
    deleted = "cluster orders is being deleted: set needs a cluster that stays"
    assert refuse_change(record(), ends=True) == refuse_change(record(Operation.DELETE), ends=False) == deleted


def command_refusal(number: int = 1, running: int = 0, ends: bool = False, **changes: Any) -> str | None:
    """What a command on a member is told of a cluster whose first member has a server."""
    first, second = record().members
    members = (first.model_copy(update={"server": server("orders-1", "uuid-1", ServerStatus.ACTIVE)}), second)
    request = CommandRequest(member=f"orders-{number}", command=("uptime",))
    return refuse_command(record(**{"members": members, **changes}), ends, running, 2, request)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("operation", [Operation.PROVISION, Operation.RESTART])
def test_a_command_runs_on_a_member_with_a_server_whatever_else_goes_on(operation: Operation, status: Status) -> None:
    assert command_refusal(operation=operation, status=status, running=1) is None


def test_a_command_is_refused_where_it_cannot_run() -> None:
    assert command_refusal(3) == "member 'orders-3' is not allowed: it must be one of orders-1, orders-2"
    assert command_refusal(2) == "member orders-2 has no server yet: run needs one"
    deleted = "cluster orders is being deleted: run needs a cluster that stays"
    assert command_refusal(ends=True) == command_refusal(operation=Operation.DELETE) == deleted
    assert command_refusal(running=2) == (
        "2 of at most 2 commands run on cluster orders now: one must end before the next begins"
    )
