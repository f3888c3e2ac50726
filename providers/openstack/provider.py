"""OpenStackProvider: servers by Nova, volumes by Cinder, addresses by Neutron, images by Glance."""

import logging
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from model.cloud import (
    Belonging,
    CheckRequest,
    Flavor,
    Image,
    Server,
    ServerRequest,
    ServerStatus,
    Tag,
    Volume,
    VolumeRequest,
    of_cluster,
)
from model.errors import ProviderError, ProviderRefused, StepError
from providers.base import Provider, options_of
from providers.openstack import floating_ips, ports, security_groups, server_groups
from providers.openstack.attachments import Attachments
from providers.openstack.checks import DISTRIBUTION, Checks
from providers.openstack.connection import Connection
from providers.openstack.errors import FAILURES, failure_of, status_of, typed
from providers.openstack.images import described_image, find_image, image_called
from providers.openstack.limits import Lacking, quotas
from providers.openstack.memory import Memory
from providers.openstack.networks import find_network
from providers.openstack.options import OpenStackOptions
from providers.openstack.patience import CALL_SECONDS, within
from providers.openstack.quotas import quota_refusal
from providers.openstack.server_records import GUEST
from providers.openstack.servers import Servers
from providers.openstack.volumes import Volumes

CREATE_SECONDS = 30.0
"""One `create` begins no request later than this; the activity goes on where it stood."""

QUEUE_SECONDS = 30.0
"""How long a request that nobody waits for any more may still stand in the cloud's own queues."""

LOCKS = 64
"""Clusters whose groups are made at once; two members of one cluster make them one after the other."""

logger = logging.getLogger("durabase.openstack")


class OpenStackProvider(Provider):
    """One OpenStack project in one region; safe for many threads, and for many processes at once."""

    packaging: ClassVar[str | None] = "apt"
    distribution: ClassVar[str | None] = DISTRIBUTION
    supports_volumes: ClassVar[bool] = True
    supports_snapshots: ClassVar[bool] = True
    request_limit = CREATE_SECONDS + CALL_SECONDS + QUEUE_SECONDS
    """The last request of a create is begun within the first, answered or given up within the second."""

    def __init__(self, cloud: str, state_dir: Path, options: Mapping[str, Any]) -> None:  # noqa: ARG002 - nothing is kept on this host
        self.cloud = cloud
        self._options = options_of(cloud, options, OpenStackOptions)
        self.connection = Connection(cloud, self._options)
        self.memory = Memory()
        self._servers = Servers(self.connection, self._options)
        self._volumes = Volumes(self.connection, self._options)
        self._attachments = Attachments(self.connection)
        self._ports = ports.Ports(self.connection)
        self._floating_ips = floating_ips.FloatingIps(self.connection)
        self._security_groups = security_groups.SecurityGroups(self.connection, self._options)
        self._server_groups = server_groups.ServerGroups(self.connection, self._options.locality)
        self._locks = tuple(threading.Lock() for _ in range(LOCKS))

    @typed
    def flavors(self) -> list[Flavor]:
        """Return the flavors that the project may use, smallest first."""
        return self._servers.flavors()

    @typed
    def check(self, request: CheckRequest) -> None:
        """Refuse what settings name and the cloud has not, a flavor that does not fit, and what exceeds a quota."""
        floating = self._options.floating_network is not None
        refused = Checks(self.cloud, self.connection, self._options).all(request) or quota_refusal(
            self.cloud, request.nodes, quotas(self.connection, request, self._lacking(request), floating=floating)
        )
        if refused:
            raise ProviderRefused(str(refused))

    @typed
    def list_servers(self) -> list[Server]:
        """Return every server of durabase's in the project."""
        floating = self._floating_ips.addresses() if self._options.floating_network else None
        return self._servers.all(floating)

    @typed
    def create(self, request: ServerRequest) -> Server:
        """Make or take up the cluster's groups and the member's port, then ask for a server on it."""
        began, ask = time.monotonic(), self.memory.ask
        with within(CREATE_SECONDS):
            flavor = ask(("flavor", request.flavor), lambda: self.flavor(request.flavor))
            image_id = ask(("image", request.image), lambda: self._image_id(request.image))
            network_id = self._network_id(self._options.network)
            used: list[str] = []
            try:
                server_id = self._create(request, flavor, image_id, network_id, used)
            except FAILURES as error:
                failure = failure_of(self.cloud, error)
                # What this very attempt found or made: another one settled it meanwhile, and the next one sees that. So
                # it does if what it remembered is no more.
                passing = any(each in str(failure) for each in used)
                passing |= isinstance(failure, ProviderRefused) and self.memory.forget(before=began)
                raise ProviderError(str(failure)) if passing else failure from error
        return Server(
            id=server_id,
            name=request.name,
            tag=request.tag,
            created_at=datetime.now(UTC),
            status=ServerStatus.BUILD,
            login=self._options.login,
            guest=GUEST,
            memory=flavor.memory,
        )

    @typed
    def start(self, server_id: str) -> None:
        """Power on a server that is SHUTOFF."""
        self._servers.start(server_id)

    @typed
    def destroy(self, server_id: str) -> None:
        """Ask for a server's removal. Its volumes are kept, and its port: the server that takes its place gets it."""
        self._servers.delete(server_id)

    @typed
    def list_volumes(self) -> list[Volume]:
        """Return every volume of durabase's in the project."""
        return self._volumes.all()

    @typed
    def create_volume(self, request: VolumeRequest) -> Volume:
        """Ask for a volume."""
        with within(CREATE_SECONDS):
            return self._volumes.create(request)

    @typed
    def delete_volume(self, volume_id: str) -> None:
        """Ask for a volume's removal; one in use is refused, and one with snapshots, by Cinder."""
        self._volumes.delete(volume_id)

    @typed
    def attach_volume(self, server_id: str, volume_id: str) -> None:
        """Ask for a volume to be attached to a server."""
        self._attachments.attach(server_id, volume_id)

    @typed
    def snapshot(self, volume_id: str, name: str) -> str:
        """Ask for a snapshot of a volume, also of one in use, and return its id."""
        return self._volumes.snapshot(volume_id, name)

    @typed
    def list_belongings(self) -> list[Belonging]:
        """Return floating IPs, ports, security groups and server groups of durabase's: each before what it needs."""
        kinds = self._floating_ips, self._ports, self._security_groups, self._server_groups
        return [each for kind in kinds for each in kind.all()]

    @typed
    def delete_belonging(self, belonging: Belonging) -> None:
        """Remove one of them."""
        kinds = {
            floating_ips.KIND: self._floating_ips.delete,
            ports.KIND: self._ports.delete,
            security_groups.KIND: self._security_groups.delete,
            server_groups.KIND: self._server_groups.delete,
        }
        kinds[belonging.kind](belonging.id)

    def _lacking(self, request: CheckRequest) -> Lacking:
        """Return what the cluster lacks beside its members: a retry's has its groups already."""
        security_group, server_group = (
            of_cluster(request.cluster_id, kind.all()) for kind in (self._security_groups, self._server_groups)
        )
        rules = 0 if security_group else len(security_groups.rules("", self._options, request))
        return Lacking(rules, server_group=not server_group)

    def _create(self, request: ServerRequest, flavor: Flavor, image_id: str, network_id: str, used: list[str]) -> str:
        """Make what a server needs, then the server; `used` tells the ids of what it needs, even if that fails."""
        tag = request.tag
        with self._locks[hash(tag.cluster_id) % LOCKS]:
            used.append(self._security_groups.ensure(request))
            used.append(self._server_groups.ensure(tag))
        security_group, server_group = used
        used.append(port := self._free_port(tag, network_id, security_group))
        if self._options.floating_network:
            self._floating_ips.ensure(tag, self._network_id(self._options.floating_network), port)
        self._ports.claim(port, self.request_limit)
        try:
            self._require_none(tag)
            server_id = self._servers.create(request, flavor.id, image_id, port, server_group)
        except Exception as error:
            # Without an answer nobody knows whether the server comes: the claim stays.
            if isinstance(error, StepError) or status_of(error) is not None:
                self._free(port)
            raise
        self._free(port)
        return server_id

    def _require_none(self, tag: Tag) -> None:
        """Look once more: what another attempt made before the claim is there, and is for the next one to adopt."""
        there = next((each for each in self._servers.all({}) if each.tag == tag), None)
        if there is not None:
            raise ProviderError(f"server {there.id} of {tag.member} is there already")

    def _free(self, port_id: str) -> None:
        """End a claim; if that fails, it ends by itself."""
        try:
            self._ports.free(port_id)
        except (*FAILURES, StepError) as error:
            logger.warning("port %s stays claimed for %g s: %s", port_id, self.request_limit, error)

    def _free_port(self, tag: Tag, network_id: str, security_group: str) -> str:
        """Return the id of the member's port, which no server has."""
        port = self._ports.ensure(tag, network_id, security_group)
        if port.device_id:
            if self._servers.get(port.device_id) is not None:
                raise ProviderError(f"port {port.id} of {tag.member} is still that of server {port.device_id}")
            self._ports.delete(port.id)
            port = self._ports.ensure(tag, network_id, security_group)
        return str(port.id)

    def _image_id(self, wanted: Image | None) -> str:
        image = find_image(self.connection, chosen := wanted or image_called(self._options.image))
        if image is None:
            raise ProviderRefused(f"cloud {self.cloud}: there is no active image with {described_image(chosen)}")
        return str(image.id)

    def _network_id(self, wanted: str) -> str:
        return self.memory.ask(("network", wanted), lambda: self._found_network_id(wanted))

    def _found_network_id(self, wanted: str) -> str:
        network = find_network(self.connection, wanted)
        if network is None:
            raise ProviderRefused(f"cloud {self.cloud}: there is no network {wanted!r}")
        return str(network.id)
