"""OnlyWorkflows: refuses activities that no workflow asked for, as anyone who reaches Temporal may start them."""

from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from model.errors import NotEncrypted


class OnlyWorkflows(Interceptor):
    """Stands before every activity of a worker: an input may be a copy of one in a history, encrypted as it is."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's name
        """Put the check before one activity."""
        return _Asked(next)


class _Asked(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        if not activity.info().workflow_id:
            raise ApplicationError(
                "a step that no workflow asked for is refused", type=NotEncrypted.__name__, non_retryable=True
            )
        return await super().execute_activity(input)
