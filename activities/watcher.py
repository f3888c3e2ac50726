"""Watcher: everybody who waits for a cloud shares one listing per tick."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

from activities.lag import Lag
from activities.shared_call import SharedCall
from model.errors import DEADLINE_MARGIN, DeadlineExceeded, ProviderError
from temporal.heartbeat import note


class Listed(Protocol):
    """What a listing holds."""

    @property
    def id(self) -> str:
        """The resource's id."""


Item = TypeVar("Item", bound=Listed)
Result = TypeVar("Result")

AHEAD = 10
"""How many listings new waits may have ahead of the tick: on a quick cloud a lone build would wait for little else."""


@dataclass(frozen=True)
class Waiting:
    """A judge's answer that the wait goes on, and why."""

    reason: str


class Watcher(Generic[Item]):
    """Lists one kind of resource every `interval` seconds while anybody waits, however many they are.

    A new wait gets a listing at once, ahead of the tick, AHEAD times; each tick gives one of these back. So in the long
    run there are at most two listings for each `interval`, and one where nobody comes anew. Who cannot wait for a tick
    asks for one `now`.
    """

    def __init__(
        self, list_all: Callable[[], Awaitable[Sequence[Item]]], interval: float, lag: Lag | None = None
    ) -> None:
        self.now = SharedCall(self._list)
        """Lists from now on, whatever the tick, once for all who ask meanwhile: what there is, by id."""
        self._list_all = list_all
        self._interval = interval
        self._lag = lag or Lag()
        self._waiting: list[asyncio.Future[Mapping[str, Item]]] = []
        self._ticking: asyncio.Task[None] | None = None
        self._new = asyncio.Event()
        self._ahead = AHEAD

    async def until(self, judge: Callable[[Mapping[str, Item]], Result | Waiting], deadline: datetime) -> Result:
        """Give each new listing to `judge` until it answers with anything but Waiting, whose reason is noted.

        A listing counts only if it was begun after the wait for it: an absence in an older one means nothing.
        Raises what `judge` raises, and DeadlineExceeded with the last reason shortly before the deadline.
        """
        reason = "the first listing"
        left = deadline - DEADLINE_MARGIN - datetime.now(UTC)
        self._new.set()
        try:
            async with self._lag.waiting(), asyncio.timeout(left.total_seconds()) as limit:
                while True:
                    try:
                        answer = judge(await self._next_listing())
                    except ProviderError as error:
                        if not error.retryable:
                            raise
                        answer = Waiting(str(error))
                    if not isinstance(answer, Waiting):
                        return answer
                    reason = answer.reason
                    note(f"waits: {reason}")
        except TimeoutError:
            if not limit.expired():
                raise
            raise DeadlineExceeded(f"gave up at the deadline; at last: {reason}") from None

    async def _next_listing(self) -> Mapping[str, Item]:
        listing: asyncio.Future[Mapping[str, Item]] = asyncio.get_running_loop().create_future()
        self._waiting.append(listing)
        if self._ticking is None or self._ticking.done():
            self._ticking = asyncio.create_task(self._tick())
        return await listing

    async def _tick(self) -> None:
        while self._waiting:
            self._new.clear()
            served, self._waiting = self._waiting, []
            try:
                listing = await self.now()
            except Exception as error:  # noqa: BLE001 - each waiting activity raises or notes it
                for future in served:
                    if not future.done():
                        future.set_exception(error)
            else:
                for future in served:
                    if not future.done():
                        future.set_result(listing)
            await self._pause()

    async def _list(self) -> Mapping[str, Item]:
        with self._lag.listing():
            return {item.id: item for item in await self._list_all()}

    async def _pause(self) -> None:
        """Wait for the tick, or for a new wait that may go ahead of it."""
        if self._ahead:
            try:
                async with asyncio.timeout(self._interval):
                    await self._new.wait()
            except TimeoutError:
                pass
            else:
                self._ahead -= 1
                return
        else:
            await asyncio.sleep(self._interval)
        self._ahead = min(self._ahead + 1, AHEAD)
