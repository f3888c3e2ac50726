"""Which reports a cluster takes over."""

from model.cluster import Operation, Status
from model.operations import OperationReport
from tests.activities.attempts import ORDERS
from tests.scripted import WHEN
from tests.workflows.records import record
from workflows.news import is_news
from workflows.record import begun, reported


def test_only_what_the_operation_at_hand_has_not_told_yet_is_news() -> None:
    before = begun(record(), Operation.RESTART, WHEN)
    told = OperationReport(
        number=2,
        cluster_id=before.identity.id,
        operation=before.number,
        status=Status.INSTANCE_READY,
        members=before.members,
    )
    assert is_news(before, told, 1)
    assert not is_news(before, told, 2)
    assert not is_news(reported(before, told.model_copy(update={"status": Status.ACTIVE})), told, 0)
    other = before.members[0].model_copy(update={"name": "cache-1"})
    for copied in (
        {"cluster_id": "another"},
        {"operation": before.number + 1},
        {"number": 0},
        {"members": (other,)},
        {"identity": ORDERS.model_copy(update={"id": "another"})},
    ):
        assert not is_news(before, told.model_copy(update=copied), 1), copied


def test_what_version_0_1_tells_is_news_unless_it_is_about_another_cluster() -> None:
    told = OperationReport(number=2, status=Status.INSTANCE_READY)
    assert is_news(record(), told, 1)
    assert is_news(record(), told.model_copy(update={"number": 0}), 1)
    another = ORDERS.model_copy(update={"id": "another"})
    assert not is_news(record(), told.model_copy(update={"identity": another}), 1)
