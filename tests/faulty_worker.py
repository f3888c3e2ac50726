"""The real worker with one fault a cluster: it dies, or its answer hangs, right after a step took effect.

DURABASE_TEST_FAULTS is JSON: cluster → {"step": …, "fault": "die" or "hold"}. A death happens once; where the step is
"every", once after each step.
"""

import asyncio
import inspect
import json
import os
import signal
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import typer
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

import worker
from plugin import DurabasePlugin
from temporal.codec import PayloadKeys

FAULTS = json.loads(os.environ.pop("DURABASE_TEST_FAULTS", "{}"))
EVERY = "every"
HOLD_SECONDS = 0.05
STATE = Path(os.environ["DURABASE_STATE_DIR"])
RELEASED = STATE / "released"
"""Whoever makes this file ends every hold."""


class FaultInterceptor(Interceptor):
    """Injects the faults behind the real activities."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _Faulty(next)


class _Faulty(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        cluster = (activity.info().workflow_id or "").split("/")[0]
        fault = FAULTS.get(cluster)
        step = activity.info().activity_type
        if fault is not None and fault["step"] in (step, EVERY):
            once = f"fault-{cluster}-{step}" if fault["step"] == EVERY else f"fault-{cluster}"
            input.fn = _faulty(input.fn, STATE / once, fault["fault"])
        return await super().execute_activity(input)


def _faulty(function: Callable[..., Any], once: Path, fault: str) -> Callable[..., Any]:
    """Return the activity with its fault after the effect, of its colour: only a thread's own code is cancelled."""
    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def faulty_async(*args: Any) -> Any:
            result = await function(*args)
            while _holds(once, fault):
                await asyncio.sleep(HOLD_SECONDS)
            return result

        return faulty_async

    @wraps(function)
    def faulty(*args: Any) -> Any:
        result = function(*args)
        while _holds(once, fault):
            time.sleep(HOLD_SECONDS)
        return result

    return faulty


def _holds(once: Path, fault: str) -> bool:
    """Inject the fault; return whether the answer is held back."""
    first = not once.exists()
    once.touch()
    if first and fault == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    return fault == "hold" and not RELEASED.exists()


class FaultyPlugin(DurabasePlugin):
    """The plugin with the injector inside of everything else: a held activity goes on beating."""

    def __init__(self, ring: PayloadKeys) -> None:
        super().__init__(ring)
        self.interceptors = [*(self.interceptors or []), FaultInterceptor()]


if __name__ == "__main__":
    setattr(worker, "DurabasePlugin", FaultyPlugin)  # noqa: B010 - mypy rightly knows no such export
    typer.run(worker.run)
