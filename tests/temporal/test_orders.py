"""The header of an update: it holds for one update of one run of a workflow, for a few minutes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload

from temporal.orders import HEADER, VALID, Order, refuse_order, with_order

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
GIVEN = {"workflow_id": "orders", "run_id": "run", "update": "delete", "update_id": "7"}

words = st.text(min_size=1, max_size=5)
moments = st.timedeltas(min_value=-2 * VALID, max_value=2 * VALID)


def header(**changes: object) -> Payload:
    order = Order.model_validate({**GIVEN, "at": NOW, **changes})
    return Payload(data=order.model_dump_json().encode())


def refused(payload: Payload | None, update: str = "delete") -> str | None:
    return refuse_order(payload, "orders", "run", update, "7", NOW)


def test_an_order_made_now_for_this_update_is_taken() -> None:
    assert refused(header()) is None


@given(words, words, words, words, moments)
def test_no_other_order_is(workflow_id: str, run_id: str, update: str, update_id: str, late: timedelta) -> None:
    fits = (workflow_id, run_id, update, update_id) == tuple(GIVEN.values()) and abs(late) <= VALID
    payload = header(workflow_id=workflow_id, run_id=run_id, update=update, update_id=update_id, at=NOW + late)
    assert (refused(payload) is None) == fits


def test_an_update_without_one_names_the_cause() -> None:
    assert str(refused(None)).startswith("update 'delete' is refused: it carries no proof")


def test_the_clocks_are_named_when_they_differ() -> None:
    sentence = refused(header(at=NOW - timedelta(minutes=6)))
    assert sentence is not None
    assert "made at 2026-12-01 11:54:00 UTC, and it is 2026-12-01 12:00:00 UTC at Temporal" in sentence


@given(st.binary())
def test_what_is_no_order_is_refused(data: bytes) -> None:
    assert refused(Payload(data=data)) is not None


def test_an_older_command_lines_create_goes_on() -> None:
    assert refused(None, "accepted") is None


@pytest.mark.parametrize("other", [{}, {"x": Payload(data=b"1")}])
def test_a_client_keeps_other_headers(other: dict[str, Payload]) -> None:
    headers = with_order(other, "orders", "run", "delete", "7")
    assert {name: headers[name] for name in other} == other
    assert refuse_order(headers[HEADER], "orders", "run", "delete", "7", datetime.now(UTC)) is None
