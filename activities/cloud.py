"""Cloud: one provider as activities use it, off the event loop, bounded, and watched."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context, copy_context
from functools import partial, wraps
from typing import ParamSpec, TypeVar

from temporalio.common import MetricMeter

from activities.lag import Lag
from activities.watcher import Watcher
from model.cloud import Resource, Server, Volume
from model.errors import AttemptOver, ProviderError
from providers.base import Provider
from temporal.heartbeat import confirm_current, require_current

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Item = TypeVar("Item", bound=Resource)


class Cloud:
    """A provider, its bounded executors, and the watchers of its servers and volumes.

    Each kind of call has `threads` threads of its own: where many servers are asked for, or a cloud is slow to make
    them, a listing does not wait behind that, nor does a removal.
    """

    def __init__(
        self,
        name: str,
        provider: Provider,
        threads: int,
        meter: MetricMeter = MetricMeter.noop,
        heard: Callable[[Sequence[Resource]], None] | None = None,
    ) -> None:
        """`heard` is told of each listing."""
        self.name = name
        self.provider = provider
        self._heard = heard
        self._looking: asyncio.Task[None] | None = None
        self._executors: defaultdict[str, ThreadPoolExecutor] = defaultdict(
            lambda: ThreadPoolExecutor(threads, thread_name_prefix=f"cloud-{name}")
        )
        self.servers: Watcher[Server] = Watcher(
            lambda: self._listed(provider.list_servers), provider.listing_interval, Lag(meter, name, "servers")
        )
        self.volumes: Watcher[Volume] = Watcher(
            lambda: self._listed(provider.list_volumes), provider.listing_interval, Lag(meter, name, "volumes")
        )

    async def change(
        self, function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result:
        """Run a blocking call that has an effect, unless the running attempt is over: then it raises AttemptOver.

        What such an attempt may still have made is listed when it can have come: there may be nothing else that lists.
        """
        try:
            await confirm_current()
            answer = await self.call(_guarded(function), *args, **kwargs)
            require_current()
        except (AttemptOver, asyncio.CancelledError):
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look_again(), context=Context())
            raise
        return answer

    async def call(
        self, function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result:
        """Run a blocking call of the provider's. A cancelled caller waits until a call that has begun has ended.

        Else an activity would be over while its request still acts, and what comes after it could not be sure.
        """
        context = copy_context()  # the provider looks before each effect whether the attempt is still the current one
        running = self._executors[function.__name__].submit(context.run, partial(function, *args, **kwargs))
        answer = asyncio.wrap_future(running)
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            if not running.cancel():
                await asyncio.wait([answer])
                # Nobody is left to hear of it; unasked, asyncio would log it as forgotten.
                answer.exception()
            raise

    async def _listed(self, function: Callable[[], Sequence[Item]]) -> Sequence[Item]:
        things = await self.call(function)
        if self._heard is not None:
            self._heard(things)
        return things

    async def _look_again(self) -> None:
        await asyncio.sleep(self.provider.request_limit)
        for watcher in (self.servers, self.volumes):
            with suppress(ProviderError):
                await watcher.now()


def _guarded(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Return a provider's call that looks once more when its thread begins."""

    @wraps(function)
    def guarded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        require_current()
        return function(*args, **kwargs)

    return guarded
