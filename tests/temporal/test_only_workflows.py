"""An activity that somebody starts alone, on the real server: a worker does not run it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.client import ActivityFailureError, Client
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from temporal.only_workflows import OnlyWorkflows
from tests.patience import PATIENCE


async def test_a_step_that_no_workflow_asked_for_is_refused(client: Client) -> None:
    ran: list[str] = []

    @activity.defn
    async def restart(member: str) -> None:
        ran.append(member)

    queue = f"alone-{uuid4()}"
    async with Worker(client, task_queue=queue, activities=[restart], interceptors=[OnlyWorkflows()]):
        with pytest.raises(ActivityFailureError) as refused:
            await client.execute_activity(
                restart, "orders-1", id=queue, task_queue=queue, start_to_close_timeout=timedelta(seconds=PATIENCE)
            )
    assert isinstance(refused.value.cause, ApplicationError)
    assert refused.value.cause.message == "a step that no workflow asked for is refused"
    assert ran == []
