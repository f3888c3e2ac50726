"""Cloud: one provider as activities use it, off the event loop, bounded, and watched."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from activities.watcher import Watcher
from model.cloud import Server, Volume
from providers.base import Provider

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Cloud:
    """A provider, its bounded executor of `threads` calls at once, and the watchers of its servers and volumes."""

    def __init__(self, name: str, provider: Provider, threads: int) -> None:
        self.name = name
        self.provider = provider
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=f"cloud-{name}")
        self.servers: Watcher[Server] = Watcher(lambda: self.call(provider.list_servers), provider.listing_interval)
        self.volumes: Watcher[Volume] = Watcher(lambda: self.call(provider.list_volumes), provider.listing_interval)

    async def call(
        self, function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result:
        """Run a blocking call of the provider's. A cancelled caller waits until the call has ended.

        Else an activity would be over while its request still acts, and what comes after it could not be sure.
        """
        loop = asyncio.get_running_loop()
        running = loop.run_in_executor(self._executor, lambda: function(*args, **kwargs))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            # Nobody is left to hear of it; unasked, asyncio would log it as forgotten.
            running.exception()
            raise
