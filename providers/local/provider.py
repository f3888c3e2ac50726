"""LocalProvider: the embedded cloud, on this host and without privileges."""

import shutil
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Concatenate, ParamSpec, TypeVar

from model.base import refusal
from model.cloud import CheckRequest, Flavor, Server, ServerRequest, Volume, VolumeRequest
from model.errors import ProviderError, ProviderRefused
from providers.base import NoOptions, Provider, options_of
from providers.local.host import check_host
from providers.local.power import Booted, boot_all
from providers.local.servers import Servers
from providers.local.state import StateDirectory
from providers.local.volumes import Volumes

GIB = 1024**3

FLAVORS = (
    Flavor(id="small", name="small", vcpus=1, memory=512, disk=1),
    Flavor(id="medium", name="medium", vcpus=2, memory=2048, disk=1),
    Flavor(id="large", name="large", vcpus=4, memory=8192, disk=1),
)


P = ParamSpec("P")
T = TypeVar("T")


def _typed(
    method: "Callable[Concatenate[LocalProvider, P], T]",
) -> "Callable[Concatenate[LocalProvider, P], T]":
    """Turn what the host refuses (a full disk, a missing permission) into ProviderError, in the host's words."""

    @wraps(method)
    def typed(self: "LocalProvider", /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(self, *args, **kwargs)
        except OSError as error:
            raise ProviderError(f"cloud {self.cloud}: {error}") from error

    return typed


class LocalProvider(Provider):
    """Servers and volumes as directories below `<state_dir>/local/`; safe for many processes at once.

    A server has its own address in 127.0.0.0/8, an SSH endpoint with its own host key, and services under
    supervisor that outlive the caller. What it does not do: servers are not isolated from each other or from the
    host, and sizes are not enforced: a flavor only scales configuration files, a volume only records its size.
    """

    packaging: ClassVar[str | None] = "wheel"
    supports_volumes: ClassVar[bool] = True
    supports_snapshots: ClassVar[bool] = False
    request_limit = 8.0
    """A create writes a few small files and renames them into place; a busy disk may take seconds for that."""
    listing_interval = 0.1
    """A listing reads a few small files: looking more seldom would only slow a build down."""

    def __init__(self, cloud: str, state_dir: Path, options: Mapping[str, Any] = MappingProxyType({})) -> None:
        options_of(cloud, options, NoOptions)
        self.cloud = cloud
        self._state = StateDirectory(state_dir)
        self._servers = Servers(self._state)
        self._volumes = Volumes(self._state, self._servers)

    def flavors(self) -> list[Flavor]:
        """Return the sizes of server that may be asked for, smallest first."""
        return list(FLAVORS)

    @_typed
    def check(self, request: CheckRequest) -> None:
        """Refuse a host that cannot run servers, networks to let in, and volumes that could never be filled.

        No flavor is enforced, and there are no images: one of the catalogue is for other clouds.
        """
        if request.allowed_cidrs is not None:
            allowed = f"left out on cloud {self.cloud}, which has no firewall: its servers are reached from this host"
            raise ProviderRefused(str(refusal("allowed_cidrs", ", ".join(request.allowed_cidrs), allowed)))
        check_host(self.cloud)
        nodes, volume_size = request.nodes, request.volume_size
        folder = next(folder for folder in (self._state.root, *self._state.root.parents) if folder.exists())
        free = shutil.disk_usage(folder).free // GIB
        if nodes * volume_size > free:
            raise ProviderRefused(
                f"volume_size {volume_size} is not allowed: {nodes} of it must fit the {free} GiB that are free "
                f"in {folder}"
            )

    @_typed
    def list_servers(self) -> list[Server]:
        """Return every server, oldest first."""
        return self._servers.all()

    @_typed
    def create(self, request: ServerRequest) -> Server:
        """Make a server's directory and begin to boot it."""
        check_host(self.cloud)
        self._state.sweep()
        server_id = self._servers.make(request, self.flavor(request.flavor))
        self._servers.boot(server_id)
        return self._servers.get(server_id)

    @_typed
    def start(self, server_id: str) -> None:
        """Boot a server that is SHUTOFF, with the address, keys, services and volumes that it had."""
        self._servers.boot(server_id)

    @_typed
    def destroy(self, server_id: str) -> None:
        """Stop a server and remove it; its volumes are kept. Returns when no process or directory of it is left."""
        self._servers.remove(server_id)

    @_typed
    def list_volumes(self) -> list[Volume]:
        """Return every volume, oldest first."""
        return self._volumes.all()

    @_typed
    def create_volume(self, request: VolumeRequest) -> Volume:
        """Make an empty volume."""
        self._state.sweep()
        return self._volumes.make(request)

    @_typed
    def delete_volume(self, volume_id: str) -> None:
        """Delete a volume and what it holds."""
        self._volumes.remove(volume_id)

    @_typed
    def attach_volume(self, server_id: str, volume_id: str) -> None:
        """Attach a volume, also to a server that runs."""
        self._volumes.attach(server_id, volume_id)

    def snapshot(self, volume_id: str, name: str) -> str:
        """Refuse: a directory cannot be copied while a database writes into it."""
        raise ProviderRefused(f"cloud {self.cloud} takes no snapshots, so none of volume {volume_id} named {name!r}")

    @_typed
    def power_on_all(self) -> list[Booted]:
        """Boot every server that is SHUTOFF, as after a reboot of the host; return those, and what did not come back.

        Takes 30 s at most after the last boot: that is how long a service may take to be given up.
        """
        return boot_all(self._servers)
