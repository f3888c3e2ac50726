"""Security groups in Neutron: who may reach a cluster's servers."""

import logging
from collections.abc import Iterable, Mapping
from ipaddress import ip_network
from typing import Any

import openstack.exceptions

from model.cloud import Belonging, CheckRequest, ServerRequest, Tag
from providers.openstack.connection import Connection
from providers.openstack.identity import cluster_name, neutron_tags, tag_of_cluster
from providers.openstack.options import OpenStackOptions

KIND = "security group"

SSH = 22

Rule = dict[str, Any]

logger = logging.getLogger("durabase.openstack")


class SecurityGroups:
    """One for each cluster, by its name."""

    def __init__(self, connection: Connection, options: OpenStackOptions) -> None:
        self._connection = connection
        self._options = options

    def ensure(self, request: ServerRequest) -> str:
        """Return the id of the cluster's group with every rule that a member of it needs, made or completed.

        Of several, which two workers made at once, all keep the oldest, then the lowest id. Rules that a person added
        stay.
        """
        tag = request.tag
        kept = self._settle(tag)
        if kept is None:
            description = f"durabase: members of cluster {tag.cluster}"
            made = self._neutron.create_security_group(name=cluster_name(tag), description=description)
            kept = self._settle(tag) or made
        self._complete(kept, rules(kept.id, self._options, request))
        if sorted(kept.tags or ()) != neutron_tags(tag):
            self._neutron.set_tags(kept, neutron_tags(tag))
        return str(kept.id)

    def all(self) -> list[Belonging]:
        """Return every cluster's group."""
        found = self._neutron.security_groups(project_id=self._connection.project_id)
        return [
            Belonging(id=each.id, name=each.name, tag=tag, kind=KIND)
            for each in found
            if (tag := tag_of_cluster(each.name)) is not None
        ]

    def delete(self, group_id: str) -> None:
        """Delete a group; one that is not there is no error."""
        self._neutron.delete_security_group(group_id, ignore_missing=True)

    @property
    def _neutron(self) -> Any:
        return self._connection.sdk.network

    def _settle(self, tag: Tag) -> Any | None:
        found = sorted(
            self._neutron.security_groups(name=cluster_name(tag), project_id=self._connection.project_id),
            key=lambda each: (each.created_at, each.id),
        )
        for extra in found[1:]:
            logger.warning("security group %s doubles %s and is deleted", extra.id, found[0].id)
            try:
                self.delete(extra.id)
            except openstack.exceptions.ConflictException:
                # A port made meanwhile uses it: it goes with the cluster.
                logger.warning("security group %s is in use", extra.id)
        return found[0] if found else None

    def _complete(self, group: Any, wanted: Iterable[Rule]) -> None:
        there = {_key(each) for each in group.security_group_rules or ()}
        missing = [rule for rule in wanted if _key(rule) not in there]
        if not missing:
            return
        try:
            list(self._neutron.create_security_group_rules(missing))
        except openstack.exceptions.ConflictException as error:
            # Another member's attempt made one of them in between; Neutron takes all or none, so that had the others.
            logger.info("rules of security group %s are there already: %s", group.id, error)


def rules(group_id: str, options: OpenStackOptions, request: ServerRequest | CheckRequest) -> list[Rule]:
    """Return what may come in: SSH from the workers, the database's ports from its users and from the other members.

    Its users are in the request's networks, or, where it says nothing of them, in the cloud's. `member_ports` are for
    the other members only.
    """
    users = options.allowed_cidrs if request.allowed_cidrs is None else request.allowed_cidrs
    ports = [("tcp", port) for port in request.tcp_ports] + [("udp", port) for port in request.udp_ports]
    incoming = [_rule(group_id, "tcp", SSH, cidr=options.management_cidr)]
    for protocol, port in sorted(set(ports)):
        incoming += [_rule(group_id, protocol, port, cidr=cidr) for cidr in sorted(set(users))]
    for protocol, port in sorted({*ports, *(("tcp", port) for port in request.member_ports)}):
        incoming += [_rule(group_id, protocol, port, ethertype=each) for each in ("IPv4", "IPv6")]
    return list({_key(rule): rule for rule in incoming}.values())


def _rule(group_id: str, protocol: str, port: int, cidr: str | None = None, ethertype: str | None = None) -> Rule:
    """Return a rule for a network, or for the group's own members."""
    rule: Rule = {
        "security_group_id": group_id,
        "direction": "ingress",
        "ethertype": ethertype or f"IPv{ip_network(cidr or '').version}",
        "protocol": protocol,
        "port_range_min": port,
        "port_range_max": port,
    }
    return rule | ({"remote_ip_prefix": cidr} if cidr else {"remote_group_id": group_id})


def _key(rule: Mapping[str, Any]) -> tuple[Any, ...]:
    fields = ("direction", "ethertype", "protocol", "port_range_min", "port_range_max")
    return (*(rule.get(field) for field in fields), rule.get("remote_ip_prefix"), rule.get("remote_group_id"))
