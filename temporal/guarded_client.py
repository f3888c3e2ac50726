"""A client that looks, before and after each request, whether it may still ask the server that it is connected to."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from google.protobuf.message import Message
from temporalio.client import ClientConfig, Plugin
from temporalio.service import ConnectConfig, ServiceClient

Answer = TypeVar("Answer", bound=Message)


class GuardedClient(Plugin):
    """Makes clients of which every request raises what `check` raises.

    The SDK reconnects to whatever listens at its address, without a word.
    """

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check

    def configure_client(self, config: ClientConfig) -> ClientConfig:
        """Change nothing."""
        return config

    async def connect_service_client(
        self,
        config: ConnectConfig,
        next: Callable[[ConnectConfig], Awaitable[ServiceClient]],  # noqa: A002 - the SDK's name
    ) -> ServiceClient:
        """Return the client that looks first."""
        return _Guarded(self._check, await next(config))


class _Guarded(ServiceClient):
    def __init__(self, check: Callable[[], None], inner: ServiceClient) -> None:
        super().__init__(inner.config)
        self._check = check
        self._inner = inner

    @property
    def worker_service_client(self) -> Any:
        """The SDK's own, which a worker's polls go through, unguarded."""
        return self._inner.worker_service_client

    def update_rpc_metadata(self, metadata: Mapping[str, str | bytes]) -> None:
        self._inner.update_rpc_metadata(metadata)

    def update_api_key(self, api_key: str | None) -> None:
        self._inner.update_api_key(api_key)

    async def _rpc_call(self, rpc: str, req: Message, resp_type: type[Answer], **how: Any) -> Answer:
        self._check()
        try:
            return await self._inner._rpc_call(rpc, req, resp_type, **how)
        finally:
            self._check()  # the SDK may have asked again and again, and at last another server, which refused
