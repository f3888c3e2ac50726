"""The real worker with one fault a cluster: it dies, or its answer hangs, right after a step took effect.

DURABASE_TEST_FAULTS is JSON: cluster → {"step": …, "fault": "die" or "hold", "member": …}. A death happens once.
"""

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

import worker
from plugin import DurabasePlugin
from temporal.codec import PayloadKeys

FAULTS = json.loads(os.environ["DURABASE_TEST_FAULTS"])
STATE = Path(os.environ["DURABASE_STATE_DIR"])


class FaultInterceptor(Interceptor):
    """Injects the faults behind the real activities."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _Faulty(next)


class _Faulty(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        result = await super().execute_activity(input)
        cluster = (activity.info().workflow_id or "").split("/")[0]
        fault = FAULTS.get(cluster)
        if fault is not None and activity.info().activity_type == fault["step"]:
            await _inject(cluster, fault["fault"])
        return result


async def _inject(cluster: str, fault: str) -> None:
    once = STATE / f"fault-{cluster}"
    if fault == "hold":
        once.touch()
        await asyncio.Event().wait()
    if not once.exists():
        once.touch()
        os.kill(os.getpid(), signal.SIGKILL)


class FaultyPlugin(DurabasePlugin):
    """The plugin with the injector inside of everything else: a held activity goes on beating."""

    def __init__(self, ring: PayloadKeys) -> None:
        super().__init__(ring)
        self.interceptors = [*(self.interceptors or []), FaultInterceptor()]


if __name__ == "__main__":
    worker.DurabasePlugin = FaultyPlugin  # type: ignore[misc]
    worker.run()
