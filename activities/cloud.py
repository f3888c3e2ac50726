"""Cloud: one provider as activities use it, off the event loop, bounded, and watched."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from temporalio.common import MetricMeter

from activities.lag import Lag
from activities.watcher import Watcher
from model.cloud import Server, Volume
from providers.base import Provider

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Cloud:
    """A provider, its bounded executors, and the watchers of its servers and volumes.

    Each kind of call has `threads` threads of its own: where many servers are asked for, or a cloud is slow to make
    them, a listing does not wait behind that, nor does a removal.
    """

    def __init__(self, name: str, provider: Provider, threads: int, meter: MetricMeter = MetricMeter.noop) -> None:
        self.name = name
        self.provider = provider
        self._executors: defaultdict[str, ThreadPoolExecutor] = defaultdict(
            lambda: ThreadPoolExecutor(threads, thread_name_prefix=f"cloud-{name}")
        )
        self.servers: Watcher[Server] = Watcher(
            lambda: self.call(provider.list_servers), provider.listing_interval, Lag(meter, name, "servers")
        )
        self.volumes: Watcher[Volume] = Watcher(
            lambda: self.call(provider.list_volumes), provider.listing_interval, Lag(meter, name, "volumes")
        )

    async def call(
        self, function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result:
        """Run a blocking call of the provider's. A cancelled caller waits until a call that has begun has ended.

        Else an activity would be over while its request still acts, and what comes after it could not be sure.
        """
        running = self._executors[function.__name__].submit(function, *args, **kwargs)
        answer = asyncio.wrap_future(running)
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            if not running.cancel():
                await asyncio.wait([answer])
                # Nobody is left to hear of it; unasked, asyncio would log it as forgotten.
                answer.exception()
            raise
