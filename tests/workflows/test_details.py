"""What the Web UI shows of a workflow."""

from model.cloud import ServerStatus
from model.cluster import Fault, Operation, Status
from model.operations import OperationReport
from model.spec import ClusterSpec
from tests.scripted import WHEN, server
from tests.workflows.records import PASSWORD, record, spec
from workflows.details import (
    GAP,
    cluster_details,
    details_of,
    summary_of,
    summary_of_operation,
    table_of_members,
)
from workflows.placement import members_of

MEMBERS = members_of(spec(2))
FAULT = Fault(member="orders-2", step="prepare", message="no space left", attempt=3, at=WHEN)


def lines(**report: object) -> list[str]:
    shown = table_of_members(OperationReport.model_validate({"members": MEMBERS, **report}))
    return shown.replace(GAP, "").splitlines()


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


def test_every_cell_ends_with_the_space_that_the_web_ui_does_not_leave() -> None:
    row = table_of_members(OperationReport(status=Status.BUILD, members=MEMBERS)).splitlines()[-1]
    assert row.count(GAP) == row.count("|") - 1


def test_what_is_over_has_neither_a_deadline_nor_a_step() -> None:
    done = MEMBERS[0].model_copy(update={"step": "post_prepare", "progress": 100, "status": Status.ACTIVE})
    shown = lines(status=Status.ACTIVE, deadline=WHEN, members=(done,))
    assert not [line for line in shown if "Deadline" in line]
    assert shown[-1] == "| orders-1 | primary | ACTIVE |  | 100 % |  |"


def test_a_member_that_is_ready_shows_as_trove_s_users_know_it_in_the_headline() -> None:
    assert lines(status=Status.INSTANCE_READY)[0] == "**BUILD**"


def test_a_fault_names_its_step_and_member() -> None:
    assert "**Failed** at prepare of orders-2: no space left" in lines(status=Status.FAILED, fault=FAULT)
    whole = FAULT.model_copy(update={"member": None, "step": "plan"})
    assert "**Failed** at plan: no space left" in lines(status=Status.FAILED, fault=whole)


def test_a_removal_of_unknown_members_still_shows_a_table() -> None:
    assert lines(status=Status.DELETING, members=())[-1] == "|---|---|---|---|---|---|"


def test_a_cluster_shows_what_it_is_and_whom_it_serves_and_no_password() -> None:
    shown = cluster_details(record(status=Status.ACTIVE, version="18"))
    assert shown.startswith("**ACTIVE** · postgresql 18 on local, 2 members\n")
    assert shown.endswith("\n\nDatabases: `app`, `audit`\n\nUsers: `app`, `reader`")
    assert PASSWORD not in shown


def test_a_failed_cluster_says_what_may_be_done() -> None:
    shown = cluster_details(record(status=Status.FAILED, fault=FAULT)).splitlines()
    assert "**Failed** at prepare of orders-2: no space left" in shown
    assert shown[-1] == "`durabase retry orders` goes on from here; `durabase delete orders` removes what there is."


def test_a_cluster_in_delete_mode_says_only_what_is_known() -> None:
    unknown = record(Operation.DELETE, nodes=0, members=(), databases=(), users=())
    shown = cluster_details(unknown).replace(GAP, "")
    table = "| member | role | status | step | progress | address |\n|---|---|---|---|---|---|"
    assert shown == f"**DELETING**\n\n{table}"


def test_a_request_is_summed_up_with_what_was_asked_for() -> None:
    assert summary_of(spec()) == "orders: postgresql on local, 2 members"
    exact = ClusterSpec.model_validate({**spec(1).model_dump(), "version": "18", "volume_size": 20})
    assert summary_of(exact) == "orders: postgresql 18 on local, 1 member"
    assert "**postgresql 18 on local, 1 member**, flavor small, a volume of 20 GiB for each member" in details_of(exact)
    assert "`durabase delete orders`" in details_of(exact)
    assert PASSWORD not in details_of(spec())


def test_an_operation_is_summed_up_in_words() -> None:
    told = [summary_of_operation(record(operation)) for operation in Operation]
    assert told == [
        "orders: build postgresql on local, 2 members",
        "orders: restart",
        "orders: delete everything it has",
    ]
