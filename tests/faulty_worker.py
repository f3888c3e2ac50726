"""The real worker with one fault a cluster: it dies, or its answer hangs, right after a step took effect.

DURABASE_TEST_FAULTS is JSON: cluster → {"step": …, "fault": "die" or "hold"}. A death happens once; where the step is
"every", once after each step. With the faults "freeze" (the attempt alone stands still, and beats no more) and "stop"
(the process does: SIGSTOP) it is the step's first attempt that is hit, in the worst moment: right after it has looked
for the n-th time whether it may go on ("effect": n).
"""

import asyncio
import inspect
import json
import os
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import typer
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

import worker
from plugin import DurabasePlugin
from temporal import interceptor
from temporal.codec import PayloadKeys
from temporal.heartbeat import Note

FAULTS = json.loads(os.environ.pop("DURABASE_TEST_FAULTS", "{}"))
EVERY = "every"
FREEZING = ("freeze", "stop")
HOLD_SECONDS = 0.05
STATE = Path(os.environ["DURABASE_STATE_DIR"])
RELEASED = STATE / "released"
"""Whoever makes this file ends every hold, and every freeze."""

effects: defaultdict[str, int] = defaultdict(int)


class FaultInterceptor(Interceptor):
    """Injects the faults behind the real activities."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _Faulty(next)


class _Faulty(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        cluster = (activity.info().workflow_id or "").split("/")[0]
        fault = FAULTS.get(cluster)
        step = activity.info().activity_type
        if fault is not None and fault["step"] == step and fault["fault"] in FREEZING and activity.info().attempt == 1:
            try:
                return await super().execute_activity(input)
            finally:
                (STATE / f"ended-{cluster}").touch()
        if fault is not None and fault["step"] in (step, EVERY) and fault["fault"] not in FREEZING:
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


class FreezingNote(Note):
    """Stands still in a thread that has just been told that it may have its next effect."""

    frozen = False

    def beat(self) -> None:
        if self.frozen:
            raise RuntimeError("it is frozen, and beats no more")
        super().beat()

    def require_current(self) -> None:
        super().require_current()
        if threading.current_thread() is threading.main_thread() or not activity.in_activity():
            return
        info = activity.info()
        cluster = (info.workflow_id or "").split("/")[0]
        fault = FAULTS.get(cluster)
        if fault is None or fault["fault"] not in FREEZING or (info.activity_type, info.attempt) != (fault["step"], 1):
            return
        effects[cluster] += 1
        if effects[cluster] == fault.get("effect", 1):
            self._stand_still(STATE / f"fault-{cluster}", fault["fault"])

    def _stand_still(self, mark: Path, fault: str) -> None:
        mark.touch()
        if fault == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
            return
        self.frozen = True
        with activity.shield_thread_cancel_exception():  # what stands still is not cancelled either
            while not RELEASED.exists():
                time.sleep(HOLD_SECONDS)


class FaultyPlugin(DurabasePlugin):
    """The plugin with the injector inside of everything else: a held activity goes on beating."""

    def __init__(self, ring: PayloadKeys) -> None:
        super().__init__(ring)
        self.interceptors = [*(self.interceptors or []), FaultInterceptor()]


if __name__ == "__main__":
    setattr(interceptor, "Note", FreezingNote)  # noqa: B010
    setattr(worker, "DurabasePlugin", FaultyPlugin)  # noqa: B010 - mypy rightly knows no such export
    typer.run(worker.run)
