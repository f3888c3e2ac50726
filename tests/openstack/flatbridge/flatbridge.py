"""A mechanism driver for Neutron's ML2 that needs no agent: it binds every port of a flat network as a plain tap.

Stands in for Linux bridge support, which is gone from Neutron and Nova. Nova then makes tap<port's id>, and tap-watcher
puts it on the bridge. Installed into the OpenStack environment; nothing of durabase imports it.
"""

from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from neutron_lib.plugins.ml2 import api

DETAILS = {
    portbindings.CAP_PORT_FILTER: False,
    portbindings.VIF_DETAILS_CONNECTIVITY: portbindings.CONNECTIVITY_L2,
}


class FlatBridgeMechanismDriver(api.MechanismDriver):
    """Binds ports on any host, at once ACTIVE."""

    @property
    def connectivity(self):
        """Return what Neutron tells Nova about the network's kind."""
        return portbindings.CONNECTIVITY_L2

    def initialize(self):
        """Need nothing."""

    def bind_port(self, context):
        """Bind a port to the first segment that is flat."""
        if context.current.get(portbindings.VNIC_TYPE) != portbindings.VNIC_NORMAL:
            return
        for segment in context.segments_to_bind:
            if segment[api.NETWORK_TYPE] in (constants.TYPE_FLAT, constants.TYPE_LOCAL):
                vif_type, status = portbindings.VIF_TYPE_TAP, constants.PORT_STATUS_ACTIVE
                context.set_binding(segment[api.ID], vif_type, dict(DETAILS), status=status)
                return
