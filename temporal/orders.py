"""Orders: an update, or an operation's start, carries a header that only a holder of a payload key can write.

It holds for that one alone. Many updates take no argument, so there would be nothing encrypted to know a stranger's by;
and an encrypted argument can be copied out of a history and sent again. The header names the workflow, its run, the
update and its id, which Temporal takes once only within a run, and the time. A start has neither a run nor an update.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from pydantic import ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.client import (
    DescribeWorkflowInput,
    Interceptor,
    OutboundInterceptor,
    StartWorkflowInput,
    StartWorkflowUpdateInput,
    WorkflowHandle,
    WorkflowUpdateHandle,
)

from model.base import Noun

HEADER = "durabase-order"

VALID = timedelta(minutes=5)
"""How far the clocks of a command line and of Temporal may be apart, and how long an order may be under way."""

START = "start"
"""What the order of a start names in place of an update; it has neither a run nor an update's id."""

WITHOUT = frozenset({"accepted"})
"""Updates that need no header: it changes nothing, and an older command line's `create` sends none."""

OLDER = (
    "it carries no proof that it comes from a holder of a payload key, as a command line from before version 0.2 sends "
    "none: use the version that the workers have"
)


class Order(Noun):
    """What the header says: which update of which workflow it was made for, and when.

    `run_id` is that of the run which was open then, so that a copy does not hold for a later cluster of the same name.
    """

    workflow_id: str
    run_id: str
    update: str
    update_id: str
    at: datetime


class OrderInterceptor(Interceptor):
    """Adds the header to every update that a client sends, and to every start."""

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - the SDK's name
        """Put this module's behaviour around one client."""
        return _Ordering(next)


class _Ordering(OutboundInterceptor):
    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:  # noqa: A002 - the SDK's name
        input.headers = with_order(input.headers, input.id, "", START, "")
        return await super().start_workflow(input)

    async def start_workflow_update(self, input: StartWorkflowUpdateInput) -> WorkflowUpdateHandle[Any]:  # noqa: A002 - the SDK's name
        input.update_id = input.update_id or str(uuid4())
        if input.update not in WITHOUT:
            run_id = input.run_id or await self._open_run(input.id)
            input.headers = with_order(input.headers, input.id, run_id, input.update, input.update_id)
        return await super().start_workflow_update(input)

    async def _open_run(self, workflow_id: str) -> str:
        asked = DescribeWorkflowInput(id=workflow_id, run_id=None, rpc_metadata={}, rpc_timeout=None)
        return (await self.describe_workflow(asked)).run_id


def with_order(
    headers: Mapping[str, Payload], workflow_id: str, run_id: str, update: str, update_id: str
) -> Mapping[str, Payload]:
    """Return headers with an order made now; the client's codec encrypts it."""
    order = Order(workflow_id=workflow_id, run_id=run_id, update=update, update_id=update_id, at=datetime.now(UTC))
    payload = Payload(metadata={"encoding": b"json/plain"}, data=order.model_dump_json().encode())
    return {**headers, HEADER: payload}


def refuse_order(
    header: Payload | None, workflow_id: str, run_id: str, update: str, update_id: str, now: datetime
) -> str | None:
    """Return why an update is refused by its decrypted header, None if it may go on; `now` is Temporal's time.

    Invariant: what was not written with a key of the ring for this very update of this very run of a workflow, a few
    minutes ago at most, is refused.
    """
    if update in WITHOUT:
        return None
    what = "a start" if update == START else f"update {update!r}"
    if header is None:
        return f"{what} is refused: {OLDER}"
    try:
        order = Order.model_validate_json(header.data)
    except ValidationError:
        return f"{what} is refused: its header was written by no payload key"
    if (order.workflow_id, order.run_id, order.update, order.update_id) != (workflow_id, run_id, update, update_id):
        return f"{what} is refused: its header was made for another one"
    if abs(now - order.at) > VALID:
        return (
            f"{what} is refused: it was made at {order.at:%Y-%m-%d %H:%M:%S} UTC, and it is "
            f"{now:%Y-%m-%d %H:%M:%S} UTC at Temporal: the clocks must not differ by more than "
            f"{VALID.total_seconds() / 60:g} minutes"
        )
    return None
