"""Servers without power: to boot one and to stop one properly takes seconds, which few tests are about."""

from model.cloud import ServerRequest
from providers.local.processes import kill_all
from providers.local.provider import FLAVORS
from providers.local.servers import Servers
from providers.local.state import StateDirectory
from tests.providers.local.local_servers import Cloud


def cut_power(local: Cloud, server_id: str) -> None:
    """Kill every process of a server, as a power cut would; its files stay."""
    assert kill_all(server_id, local.home(server_id))


def dark_server(local: Cloud, request: ServerRequest) -> str:
    """Make a server that was never booted, and return its id: a name, a tag and a place for volumes."""
    return Servers(StateDirectory(local.state_dir)).make(request, FLAVORS[0])
