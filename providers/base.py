"""The one interface to a cloud. It keeps dtrove's small vocabulary, each call with exactly one effect."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from pydantic import ValidationError

from model.base import Request, bad_input
from model.cloud import Belonging, CheckRequest, Flavor, Server, ServerRequest, ServerStatus, Volume, VolumeRequest
from model.errors import ProviderRefused

Options = TypeVar("Options", bound=Request)


def options_of(cloud: str, options: Mapping[str, Any], model: type[Options]) -> Options:
    """Return a cloud's options as its provider's model of them. Raises BadInput, one sentence for each wrong one."""
    try:
        return model.model_validate(options)
    except ValidationError as error:
        raise bad_input(error, model, f"clouds.{cloud}.options") from None


class NoOptions(Request):
    """The options of a provider that has none."""


class Provider(ABC):
    """One cloud. Methods block and are called in the cloud's bounded executor.

    What an entry point of `durabase.providers` names is called with the cloud's name, the state directory and the
    table of options that settings hold for it (`options_of`); it asks the cloud nothing, and raises BadInput.

    Every method raises ProviderRefused for what cannot change and ProviderError for what may pass, both in the
    cloud's own words. No method retries or waits for a state: activities do. Every call has a timeout.
    """

    packaging: ClassVar[str | None] = None
    """What its servers' guests install from (Guest.packaging), for a plan to choose by; None if that is not known."""
    distribution: ClassVar[str | None] = None
    """What its servers run (Guest.distribution), in words; None where any Linux will do."""
    supports_volumes: ClassVar[bool]
    supports_snapshots: ClassVar[bool]
    request_limit: ClassVar[float]
    """Seconds after which a create whose answer was lost takes effect no more: what is not there then never comes."""
    listing_interval: ClassVar[float] = 2.0
    """Seconds between two listings while anybody waits: the waits cost this much, whatever their number."""

    @abstractmethod
    def flavors(self) -> list[Flavor]:
        """Return the sizes of server that may be asked for, smallest first."""

    @abstractmethod
    def check(self, request: CheckRequest) -> None:
        """Refuse what could not be built now (quota, host limits, image) by ProviderRefused; create nothing."""

    @abstractmethod
    def list_servers(self) -> list[Server]:
        """Return every server that carries durabase's tag."""

    @abstractmethod
    def create(self, request: ServerRequest) -> Server:
        """Ask for one server; returns at once, in BUILD. A second call makes a second server: look first."""

    @abstractmethod
    def start(self, server_id: str) -> None:
        """Power on a server that is SHUTOFF; nothing happens to one that runs."""

    @abstractmethod
    def destroy(self, server_id: str) -> None:
        """Ask for a server's removal; its volumes are detached and kept. An unknown id is no error."""

    @abstractmethod
    def list_volumes(self) -> list[Volume]:
        """Return every volume that carries durabase's tag."""

    @abstractmethod
    def create_volume(self, request: VolumeRequest) -> Volume:
        """Ask for one volume. A second call makes a second volume: look first."""

    @abstractmethod
    def delete_volume(self, volume_id: str) -> None:
        """Ask for a volume's removal; one still attached is refused. An unknown id is no error."""

    @abstractmethod
    def attach_volume(self, server_id: str, volume_id: str) -> None:
        """Attach a volume; already attached there is no error, attached elsewhere is ProviderRefused."""

    @abstractmethod
    def snapshot(self, volume_id: str, name: str) -> str:
        """Return the id of a new snapshot of a volume; ProviderRefused where `supports_snapshots` is false."""

    def list_belongings(self) -> list[Belonging]:
        """Return what carries durabase's tag beside servers and volumes, in the order in which it is removed."""
        return []

    def delete_belonging(self, belonging: Belonging) -> None:
        """Remove one; asked for when its cluster has no server any more. One that is not there is no error."""
        raise ProviderRefused(f"there is no {belonging.kind} {belonging.id}")

    def flavor(self, name: str) -> Flavor:
        """Return the flavor of that name or id. Raises ProviderRefused naming those there are."""
        known = self.flavors()
        for flavor in known:
            if name in (flavor.name, flavor.id):
                return flavor
        allowed = ", ".join(flavor.name for flavor in known)
        raise ProviderRefused(f"flavor {name!r} is not allowed: it must be one of {allowed}")

    def update_status(self, server_id: str) -> tuple[ServerStatus, int]:
        """Return one server's status and progress in percent; (DELETED, 100) when it is gone."""
        for server in self.list_servers():
            if server.id == server_id:
                return server.status, server.progress
        return ServerStatus.DELETED, 100
