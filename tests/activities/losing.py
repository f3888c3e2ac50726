"""Losing: a real cloud behind a connection that loses requests and answers."""

from collections import Counter
from collections.abc import Callable
from typing import ClassVar, ParamSpec, TypeVar

from model.cloud import (
    Belonging,
    CheckRequest,
    Flavor,
    Server,
    ServerRequest,
    Tag,
    Volume,
    VolumeRequest,
    VolumeStatus,
)
from model.errors import ProviderError
from providers.base import Provider

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Losing(Provider):
    """Forwards every call to `cloud`, except those it was told to lose; `calls` has every call by name, in order.

    `checked` has what `check` was asked.
    """

    supports_volumes: ClassVar[bool] = True
    supports_snapshots: ClassVar[bool] = False
    request_limit: ClassVar[float] = 40.0
    listing_interval: ClassVar[float] = 0.02

    def __init__(self, cloud: Provider) -> None:
        self.calls: list[str] = []
        self.checked: list[CheckRequest] = []
        self._cloud = cloud
        self._requests_to_lose: Counter[str] = Counter()
        self._answers_to_lose: Counter[str] = Counter()
        self._ignored: set[str] = set()
        self._afterwards: dict[str, Callable[[], object]] = {}
        self._beforehand: dict[str, Callable[[], object]] = {}
        self._shown: dict[str, VolumeStatus] = {}
        self._belongings: dict[str, Belonging] = {}

    def lose_request(self, method: str, times: int = 1) -> None:
        """The next calls of a method raise ProviderError and have no effect."""
        self._requests_to_lose[method] = times

    def lose_answer(self, method: str, times: int = 1) -> None:
        """The next calls of a method take effect and then raise ProviderError."""
        self._answers_to_lose[method] = times

    def ignore(self, method: str) -> None:
        """`destroy`, `delete_volume` or `delete_belonging` is accepted and never takes effect."""
        self._ignored.add(method)

    def after(self, method: str, happens: Callable[[], object]) -> None:
        """Something happens right after the next call of a method, behind the caller's back."""
        self._afterwards[method] = happens

    def before(self, method: str, happens: Callable[[], object]) -> None:
        """Something happens right before the next call of a method takes effect."""
        self._beforehand[method] = happens

    def show(self, volume: Volume, status: VolumeStatus) -> None:
        """List a volume in a status that the local cloud never has; a second call changes it."""
        self._shown[volume.id] = status

    def belongs(self, port: str, cluster_id: str) -> None:
        """A cluster has a port, which the local cloud never has."""
        tag = Tag(cluster_id=cluster_id, cluster="orders", member="orders-1")
        self._belongings[port] = Belonging(id=port, name=port, tag=tag, kind="port")

    def flavors(self) -> list[Flavor]:
        return self._forward(self._cloud.flavors)

    def check(self, request: CheckRequest) -> None:
        self.checked.append(request)
        self._forward(self._cloud.check, request)

    def list_servers(self) -> list[Server]:
        return self._forward(self._cloud.list_servers)

    def create(self, request: ServerRequest) -> Server:
        return self._forward(self._cloud.create, request)

    def start(self, server_id: str) -> None:
        self._forward(self._cloud.start, server_id)

    def destroy(self, server_id: str) -> None:
        if "destroy" not in self._ignored:
            self._forward(self._cloud.destroy, server_id)

    def list_volumes(self) -> list[Volume]:
        listed = self._forward(self._cloud.list_volumes)
        return [each.model_copy(update={"status": self._shown.get(each.id, each.status)}) for each in listed]

    def create_volume(self, request: VolumeRequest) -> Volume:
        return self._forward(self._cloud.create_volume, request)

    def delete_volume(self, volume_id: str) -> None:
        if "delete_volume" not in self._ignored:
            self._forward(self._cloud.delete_volume, volume_id)

    def attach_volume(self, server_id: str, volume_id: str) -> None:
        self._forward(self._cloud.attach_volume, server_id, volume_id)

    def snapshot(self, volume_id: str, name: str) -> str:
        return self._forward(self._cloud.snapshot, volume_id, name)

    def list_belongings(self) -> list[Belonging]:
        def list_belongings() -> list[Belonging]:
            return list(self._belongings.values())

        return self._forward(list_belongings)

    def delete_belonging(self, belonging: Belonging) -> None:
        def delete_belonging() -> None:
            self._belongings.pop(belonging.id, None)

        if "delete_belonging" not in self._ignored:
            self._forward(delete_belonging)

    def _forward(
        self, method: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result:
        name = method.__name__
        self.calls.append(name)
        if _taken(self._requests_to_lose, name):
            raise ProviderError(f"the request {name} was lost")
        if name in self._beforehand:
            self._beforehand.pop(name)()
        answer = method(*args, **kwargs)
        if name in self._afterwards:
            self._afterwards.pop(name)()
        if _taken(self._answers_to_lose, name):
            raise ProviderError(f"the answer to {name} was lost")
        return answer


def _taken(left: Counter[str], name: str) -> bool:
    left[name] -= 1
    return left[name] >= 0
