"""The local cloud behind a network that loses, delays, refuses and doubles."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

from model.cloud import Server, ServerRequest, Volume, VolumeRequest
from model.errors import ProviderError
from providers.local.provider import LocalProvider
from tests.chaos.faults import Chance, Fault, Journal

Answer = TypeVar("Answer")

CHANGE_RATE, LISTING_RATE = 0.15, 0.03
"""Share of requests that meet a fault: of those that change something, and of the many that look."""

STALL_SECONDS = 2.0, 5.0
LATE_SECONDS = 0.5, 2.5
"""Well within the time after which the cloud promises that nothing comes any more (LocalProvider.request_limit)."""

RETRY_AFTER_SECONDS = 3.0

CHANGES = (Fault.ANSWER_LOST, Fault.SERVER_ERROR, Fault.TOO_MANY, Fault.LATE, Fault.STALLED, Fault.TWICE)
LISTINGS = (Fault.ANSWER_LOST, Fault.SERVER_ERROR, Fault.TOO_MANY, Fault.STALLED)


class ChaosProvider(LocalProvider):
    """The real local cloud; each call may meet a fault on its way. The worker sets the dice and the journal."""

    chance: ClassVar[Chance]
    journal: ClassVar[Journal]

    def __init__(self, cloud: str, state_dir: Path, options: Mapping[str, Any] = MappingProxyType({})) -> None:
        super().__init__(cloud, state_dir, options)
        self._closed_until = 0.0

    def list_servers(self) -> list[Server]:
        return self._sent(super().list_servers, None, LISTING_RATE, *LISTINGS)

    def list_volumes(self) -> list[Volume]:
        return self._sent(super().list_volumes, None, LISTING_RATE, *LISTINGS)

    def create(self, request: ServerRequest) -> Server:
        return self._sent(partial(super().create, request), request.tag.cluster, CHANGE_RATE, *CHANGES)

    def create_volume(self, request: VolumeRequest) -> Volume:
        return self._sent(partial(super().create_volume, request), request.tag.cluster, CHANGE_RATE, *CHANGES)

    def start(self, server_id: str) -> None:
        self._sent(partial(super().start, server_id), self._cluster(server_id), CHANGE_RATE, *CHANGES)

    def destroy(self, server_id: str) -> None:
        self._sent(partial(super().destroy, server_id), self._cluster(server_id), CHANGE_RATE, *CHANGES)

    def attach_volume(self, server_id: str, volume_id: str) -> None:
        self._sent(
            partial(super().attach_volume, server_id, volume_id), self._cluster(server_id), CHANGE_RATE, *CHANGES
        )

    def delete_volume(self, volume_id: str) -> None:
        self._sent(partial(super().delete_volume, volume_id), None, CHANGE_RATE, *CHANGES)

    def _cluster(self, server_id: str) -> str | None:
        """Return whose a server is, past the faults."""
        return next((each.tag.cluster for each in LocalProvider.list_servers(self) if each.id == server_id), None)

    def _sent(self, request: Callable[[], Answer], cluster: str | None, rate: float, *faults: Fault) -> Answer:
        if time.monotonic() < self._closed_until:
            raise ProviderError("429 Too Many Requests")
        fault = self.chance.fault(rate, *faults)
        if fault is not None:
            self.journal.note(fault, cluster)
        match fault:
            case Fault.SERVER_ERROR:
                raise ProviderError("500 Internal Server Error")
            case Fault.TOO_MANY:
                self._closed_until = time.monotonic() + RETRY_AFTER_SECONDS
                raise ProviderError(f"429 Too Many Requests, Retry-After: {RETRY_AFTER_SECONDS:g}")
            case Fault.LATE:
                late = threading.Timer(self.chance.seconds(*LATE_SECONDS), _whatever_comes, [request])
                late.daemon = True
                late.start()
                raise ProviderError("no answer in time")
            case Fault.STALLED:
                time.sleep(self.chance.seconds(*STALL_SECONDS))
            case Fault.TWICE:
                _whatever_comes(request)
        answer = request()
        if fault is Fault.ANSWER_LOST:
            raise ProviderError("connection reset by peer")
        return answer


def _whatever_comes(request: Callable[[], object]) -> None:
    """Carry out a request whose answer nobody gets."""
    with suppress(ProviderError):
        request()
