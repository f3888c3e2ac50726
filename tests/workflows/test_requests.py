"""Which requests a cluster takes in which state."""

import pytest

from model.cluster import Operation, Status
from tests.workflows.records import record
from workflows.requests import refuse_claim, refuse_restart, refuse_retry

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
