"""What the Web UI shows while a workflow runs."""

from model.cloud import ServerStatus
from model.cluster import Fault, Status
from model.operations import OperationReport
from tests.scripted import WHEN, server
from tests.workflows.records import spec
from workflows.details import table_of_members
from workflows.placement import members_of

MEMBERS = members_of(spec(2))


def lines(**report: object) -> list[str]:
    return table_of_members(OperationReport.model_validate({"members": MEMBERS, **report})).splitlines()


def test_a_build_shows_its_status_what_it_does_its_deadline_and_its_members() -> None:
    first = MEMBERS[0].model_copy(
        update={"step": "prepare", "progress": 71, "server": server("orders-1", "x", ServerStatus.ACTIVE)}
    )
    shown = lines(status=Status.BUILD, doing="orders-1: install", deadline=WHEN, members=(first, MEMBERS[1]))
    assert shown == [
        "**BUILD** · orders-1: install",
        "",
        "Deadline: 2026-01-01 00:00:00 UTC",
        "",
        "| member | role | status | step | progress | address |",
        "|---|---|---|---|---|---|",
        "| orders-1 | primary | BUILD | prepare | 71 % | 127.1.1.1 |",
        "| orders-2 | replica | BUILD |  | 0 % |  |",
    ]


def test_a_member_that_is_ready_shows_as_trove_s_users_know_it_in_the_headline() -> None:
    assert lines(status=Status.INSTANCE_READY)[0] == "**BUILD**"


def test_a_fault_names_its_step_and_member() -> None:
    fault = Fault(member="orders-2", step="prepare", message="no space left", attempt=3, at=WHEN)
    assert "**Failed** at prepare of orders-2: no space left" in lines(status=Status.FAILED, fault=fault)
    whole = fault.model_copy(update={"member": None, "step": "plan"})
    assert "**Failed** at plan: no space left" in lines(status=Status.FAILED, fault=whole)


def test_a_removal_of_unknown_members_still_shows_a_table() -> None:
    assert lines(status=Status.DELETING, members=())[-1] == "|---|---|---|---|---|---|"
