"""VolumelessProvider: a cloud of one flavor, with servers and nothing else; a subclass says what its servers are."""

from typing import ClassVar

from model.cloud import CheckRequest, Flavor, Volume, VolumeRequest
from providers.base import Provider


class VolumelessProvider(Provider):
    """For clouds that exist in a test or a benchmark only; nobody asks one for a volume."""

    supports_volumes: ClassVar[bool] = False
    supports_snapshots: ClassVar[bool] = False
    request_limit: ClassVar[float] = 0.1

    def flavors(self) -> list[Flavor]:
        return [Flavor(id="1", name="small", vcpus=1, memory=512, disk=1)]

    def check(self, request: CheckRequest) -> None:
        pass

    def list_volumes(self) -> list[Volume]:
        return []

    def create_volume(self, request: VolumeRequest) -> Volume:
        raise NotImplementedError

    def delete_volume(self, volume_id: str) -> None:
        raise NotImplementedError

    def attach_volume(self, server_id: str, volume_id: str) -> None:
        raise NotImplementedError

    def snapshot(self, volume_id: str, name: str) -> str:
        raise NotImplementedError
