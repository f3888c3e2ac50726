"""Who may use the throwaway cloud, and where its services are: Keystone's users, projects and endpoints."""

from typing import Any

from openstack.connection import Connection

from tests.openstack import layout
from tests.openstack.layout import DATA, MEMBER_PROJECT, PASSWORD, REGION, url

DOMAIN = "default"
MADE = DATA / "accounts-made"

SERVICES = {
    "placement": ("placement", url(layout.PLACEMENT_PORT)),
    "glance": ("image", url(layout.GLANCE_PORT)),
    "nova": ("compute", url(layout.NOVA_PORT, "/v2.1")),
    "neutron": ("network", url(layout.NEUTRON_PORT)),
    "cinder": ("block-storage", url(layout.CINDER_PORT, "/v3")),
}
"""Each service's user, which is also its name, with its type and its endpoint."""


def make_accounts(cloud: Connection) -> None:
    """Make what is missing: the services' users and endpoints, and a project with a user who is a plain member.

    Once made, nothing is asked: the answers would take Keystone ten seconds.
    """
    if MADE.exists():
        return
    identity: Any = cloud.identity  # openstacksdk's type is of version 2 or 3, and this is of 3
    for user in SERVICES:
        _make_user(identity, user, "service", ("admin", "service"))
    _make_user(identity, MEMBER_PROJECT, MEMBER_PROJECT, ("member",))
    services = {service.type: service for service in identity.services()}
    with_endpoints = {endpoint.service_id for endpoint in identity.endpoints()}
    for name, (kind, address) in SERVICES.items():
        service = services.get(kind) or identity.create_service(name=name, type=kind)
        if service.id in with_endpoints:
            continue
        for interface in ("public", "internal"):
            identity.create_endpoint(service_id=service.id, interface=interface, url=address, region_id=REGION)
    MADE.touch()


def _make_user(identity: Any, name: str, project_name: str, roles: tuple[str, ...]) -> None:
    project = next(iter(identity.projects(name=project_name, domain_id=DOMAIN)), None)
    project = project or identity.create_project(name=project_name, domain_id=DOMAIN)
    user = next(iter(identity.users(name=name, domain_id=DOMAIN)), None)
    user = user or identity.create_user(name=name, password=PASSWORD, domain_id=DOMAIN, default_project_id=project.id)
    for role_name in roles:
        role = identity.find_role(role_name) or identity.create_role(name=role_name)
        identity.assign_project_role_to_user(project, user, role)
