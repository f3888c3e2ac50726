"""SharedCall: what many ask at once is asked once, and nobody's answer is older than the question."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")

PATIENCE = 2.0
"""Seconds after which a request under way is no longer waited for: one that hangs holds up those alone who share it."""


class SharedCall(Generic[Answer]):
    """A request that only looks, shared by all who ask before it begins; while one is under way, the next waits."""

    def __init__(self, request: Callable[[], Awaitable[Answer]]) -> None:
        self._request = request
        self._next: asyncio.Task[Answer] | None = None
        self._latest: asyncio.Task[Answer] | None = None

    async def __call__(self) -> Answer:
        """Return the answer to a request begun from now on. Raises what that raises."""
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._latest))
        # Who is cancelled leaves the request to those who share it.
        return await asyncio.shield(self._next)

    async def _after(self, latest: asyncio.Task[Answer] | None) -> Answer:
        if latest is not None:
            await asyncio.wait([latest], timeout=PATIENCE)
        self._latest, self._next = self._next, None
        return await self._request()
