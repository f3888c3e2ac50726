"""The people of a chaos run: each wants one cluster, asks again until somebody answers, and changes their mind."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TypeVar
from uuid import uuid4

from temporalio.client import (
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.service import RPCError

from model.cluster import ClusterIdentity, Fault, Operation, Status
from model.spec import ClusterSpec
from tests.chaos import faults
from tests.house import House
from workflows.cluster import ClusterWorkflow

Answer = TypeVar("Answer")

POLL_SECONDS = 0.5
ANSWER_SECONDS = 60.0
RETRIES = 8
"""How often a user takes up a failed build again, before they leave it as it is."""


class End(StrEnum):
    """How a cluster ended, in the engine's own word; the verdict looks for itself."""

    ACTIVE = "ACTIVE"
    FAILED = "FAILED"
    DELETED = "DELETED"


@dataclass
class Wish:
    """One cluster that a user wants, and what becomes of it."""

    spec: ClusterSpec
    change: faults.Fault | None = None
    """A change of mind: delete, or cancel the build."""
    after: float = 0.0
    """Seconds after the create."""
    identity: ClusterIdentity | None = None
    end: End | None = None
    fault: Fault | None = None
    refusals: int = 0
    """How often a create was refused because no worker was there to plan it."""


class User:
    """Has one wish fulfilled, whatever dies meanwhile."""

    def __init__(self, house: House, wish: Wish, journal: faults.Journal) -> None:
        self._house, self._wish, self._journal = house, wish, journal

    async def live(self) -> None:
        """Create the cluster, change their mind, and wait until it has settled."""
        await self._create()
        async with asyncio.TaskGroup() as doing:
            changing = doing.create_task(self._change_mind())
            await self._settle()
            changing.cancel()

    async def delete(self) -> None:
        """Have the cluster removed and wait for that."""
        await _patiently(lambda: self._handle.execute_update("delete"))
        await _until(self._closed)

    @property
    def _handle(self) -> WorkflowHandle[ClusterWorkflow, None]:
        # The client is another one after each restart of the Temporal server.
        return self._house.client.get_workflow_handle_for(ClusterWorkflow.run, self._wish.spec.name)

    async def _create(self) -> None:
        while self._wish.identity is None:
            claim = str(uuid4())
            try:
                identity = await _patiently(partial(self._accepted, claim))
            except WorkflowUpdateFailedError:
                self._wish.refusals += 1
                await _until(self._closed)
            else:
                self._wish.identity = identity

    async def _accepted(self, claim: str) -> ClusterIdentity:
        await self._house.create(self._wish.spec, claim)
        return (await self._house.record(self._wish.spec.name)).identity

    async def _change_mind(self) -> None:
        if self._wish.change is None:
            return
        await asyncio.sleep(self._wish.after)
        self._journal.note(self._wish.change, self._wish.spec.name)
        if self._wish.change is faults.Fault.DELETED:
            await _patiently(lambda: self._handle.execute_update("delete"))
        else:
            build = f"{self._wish.spec.name}/{Operation.PROVISION}"
            await _patiently(lambda: self._house.client.get_workflow_handle(build).cancel())

    async def _settle(self) -> None:
        retries = 0
        while True:
            if await self._closed():
                self._wish.end = End.DELETED
                return
            record = await _patiently(lambda: self._handle.query(ClusterWorkflow.cluster))
            if record.operation is Operation.PROVISION and record.status is Status.ACTIVE and not self._deletes:
                self._wish.end = End.ACTIVE
                return
            if record.operation is Operation.PROVISION and record.status is Status.FAILED and not self._deletes:
                if retries == RETRIES:
                    self._wish.end, self._wish.fault = End.FAILED, record.fault
                    return
                retries += 1
                await self._retry()
            await asyncio.sleep(POLL_SECONDS)

    async def _retry(self) -> None:
        try:
            await _patiently(lambda: self._handle.execute_update("retry"))
        except WorkflowUpdateFailedError:
            # An earlier try was taken, though its answer was lost.
            return

    @property
    def _deletes(self) -> bool:
        return self._wish.change is faults.Fault.DELETED

    async def _closed(self) -> bool:
        description = await _patiently(lambda: self._handle.describe())
        return description.status is not WorkflowExecutionStatus.RUNNING


async def _patiently(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """Ask until Temporal, or a worker behind it, answers: a question in flight may be lost with either."""
    while True:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await ask()
        except (RPCError, TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
            await asyncio.sleep(POLL_SECONDS)


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    while not await condition():
        await asyncio.sleep(POLL_SECONDS)
