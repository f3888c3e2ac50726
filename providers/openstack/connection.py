"""One keystoneauth session for one cloud: openstacksdk and novaclient share its token, connections and timeouts."""

import logging
from functools import cached_property
from typing import Any

import keystoneauth1.exceptions
import openstack.config
import openstack.connection
import openstack.exceptions
from novaclient import api_versions
from novaclient.client import Client

from model.base import BadInput, shown
from model.errors import ProviderRefused
from providers.openstack.options import OpenStackOptions
from providers.openstack.patience import CALL_SECONDS, PatientAdapter
from temporal.heartbeat import require_current

OLDEST = "2.26"
"""Of Newton; what durabase sends is understood from here on."""

NEWEST = "2.69"
"""From here on a listing says that servers of a cell are out of reach, in place of leaving them out; newer
microversions change nothing that durabase uses."""

LOOKS = ("GET", "HEAD", "OPTIONS")
"""HTTP's safe methods (RFC 9110, 9.2.1)."""


class Connection:
    """What the parts of the provider call the cloud with. Made without asking the cloud anything."""

    def __init__(self, cloud: str, options: OpenStackOptions) -> None:
        """Read the cloud's entry in clouds.yaml, or its OS_… variables. Raises BadInput if there is none."""
        # At DEBUG keystoneauth logs what it sends, and a server's host key stands in its user data; what it warns of
        # is raised, too.
        logging.getLogger("keystoneauth").setLevel(logging.ERROR)
        chosen: dict[str, Any] = {"region_name": options.region, "interface": options.interface}
        name = options.os_cloud or cloud
        try:
            # Nothing repeats a request by itself: activities look first what became of the one before.
            self._region = openstack.config.OpenStackConfig().get_one(
                cloud=name,
                api_timeout=CALL_SECONDS,
                connect_retries=0,
                status_code_retries=0,
                **{key: value for key, value in chosen.items() if value},
            )
        except (openstack.exceptions.SDKException, keystoneauth1.exceptions.ClientException) as error:
            raise BadInput(f"clouds.{cloud}.options.os_cloud {shown(name)} cannot be used: {error}") from error
        self.session = self._region.get_session()
        _renew_for_all(self.session.auth)
        _guard(self.session)
        adapter = PatientAdapter()
        for scheme in ("http://", "https://"):
            self.session.session.mount(scheme, adapter)
        self.sdk: Any = openstack.connection.Connection(config=self._region)

    @cached_property
    def nova(self) -> Any:
        """Novaclient, with the newest microversion that both sides know. Raises ProviderRefused for an old Nova."""
        newest = api_versions.discover_version(self._client("2.1"), api_versions.APIVersion("2.latest"))
        if newest < api_versions.APIVersion(OLDEST):
            raise ProviderRefused(f"Nova's newest microversion is {newest.get_string()}; durabase needs {OLDEST}")
        return self._client(min(newest, api_versions.APIVersion(NEWEST)))

    @property
    def project_id(self) -> str:
        """The project's id: an administrator's listing of a network would hold every project's."""
        return str(self.session.get_project_id())

    @property
    def is_administrator(self) -> bool:
        """Whether the credentials have Keystone's role admin, which Nova's and Cinder's default policies ask for."""
        auth: Any = self.session.auth
        return "admin" in auth.get_access(self.session).role_names

    def _client(self, version: Any) -> Any:
        return Client(
            version,
            session=self.session,
            region_name=self._region.get_region_name("compute"),
            endpoint_type=self._region.get_interface("compute"),
            endpoint_override=self._region.get_endpoint("compute"),
        )


def _guard(session: Any) -> None:
    """Let no request that may have an effect leave for an attempt that is over (temporal/heartbeat.py)."""
    request = session.request

    def guarded(url: str, method: str, **options: Any) -> Any:
        if method.upper() not in LOOKS and options.get("authenticated") is not False:  # else it fetches a token
            require_current()
        return request(url, method, **options)

    session.request = guarded


def _renew_for_all(auth: Any) -> None:
    """Let each call that meets a token which Keystone has forgotten be sent once more with a new one.

    keystoneauth does so for the first only: of several that are under way at once, the others would be refused (401).
    """
    invalidate = auth.invalidate

    def invalidated() -> bool:
        invalidate()
        return True

    auth.invalidate = invalidated
