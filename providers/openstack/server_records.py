"""Servers as Nova lists them, and what durabase makes of them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from model.cloud import Server, ServerStatus, Tag
from model.errors import ProviderError
from providers.openstack.identity import REQUEST, tag_of

GUEST = "debian"

DELETING = "deleting"
"""The task state of a server that is going; its status stays what it was."""

POWERING_ON = "powering-on"
"""The task state of a server that was asked to start; its status stays what it was until it runs."""

STATUSES = {
    "ACTIVE": ServerStatus.ACTIVE,
    "BUILD": ServerStatus.BUILD,
    "DELETED": ServerStatus.DELETED,
    "ERROR": ServerStatus.ERROR,
    "SHUTOFF": ServerStatus.SHUTOFF,
    "SOFT_DELETED": ServerStatus.DELETED,
    # It runs, whatever an administrator does to it.
    "MIGRATING": ServerStatus.ACTIVE,
    "PASSWORD": ServerStatus.ACTIVE,
    "VERIFY_RESIZE": ServerStatus.ACTIVE,
    # Somebody stopped it: create_server starts it, and if Nova refuses that, its words say what is to be done.
    "PAUSED": ServerStatus.SHUTOFF,
    "RESCUE": ServerStatus.SHUTOFF,
    "SHELVED": ServerStatus.SHUTOFF,
    "SHELVED_OFFLOADED": ServerStatus.SHUTOFF,
    "SUSPENDED": ServerStatus.SHUTOFF,
    # It will be ACTIVE again by itself (REBOOT, HARD_REBOOT, REBUILD, RESIZE, REVERT_RESIZE): the rest is waited for.
}
"""Nova's statuses (api-ref/compute, "Server status"); whoever waits, waits for what is not here."""


def server_of(
    record: Mapping[str, Any], login: str, floating: Mapping[Tag, str] | None, memory: Mapping[str, int]
) -> Server | None:
    """Return a server of durabase's from a detailed listing; None for anybody else's.

    `floating` has the address of each member that has a floating IP; None if servers are reached at their own.
    `memory` is each flavor's by id, for clouds older than microversion 2.47, which do not say it with the server.
    Raises ProviderError if Nova itself does not know what the server is: its cell is out of reach (UNKNOWN).
    """
    if record["status"] == "UNKNOWN":
        raise ProviderError(
            f"Nova cannot say what server {record['id']} is at: the database of its cell is not reached"
        )
    tag = tag_of(record["metadata"])
    if tag is None:
        return None
    status, flavor = status_of(record), record["flavor"]
    return Server(
        id=record["id"],
        name=record["name"],
        tag=tag,
        request=record["metadata"].get(REQUEST, ""),
        created_at=datetime.fromisoformat(record["created"]),
        status=status,
        progress=100 if status is ServerStatus.ACTIVE else int(record.get("progress") or 0),
        fault=(record.get("fault") or {}).get("message"),
        address=fixed_address(record) if floating is None else floating.get(tag),
        login=login,
        guest=GUEST,
        memory=flavor["ram"] if "ram" in flavor else memory[flavor["id"]],
        volumes=tuple(sorted(each["id"] for each in record.get("os-extended-volumes:volumes_attached", ()))),
    )


def status_of(record: Mapping[str, Any]) -> ServerStatus:
    """Return a server's status in durabase's five words; one that is being deleted is nobody's to adopt."""
    task, status = record.get("OS-EXT-STS:task_state"), STATUSES.get(record["status"], ServerStatus.BUILD)
    if task == DELETING:
        return ServerStatus.DELETED
    return ServerStatus.BUILD if (status, task) == (ServerStatus.SHUTOFF, POWERING_ON) else status


def fixed_address(record: Mapping[str, Any]) -> str | None:
    """Return the address of the server's port, IPv4 first; None while Nova has not told it."""
    addresses: Iterable[Mapping[str, Any]] = (each for network in record["addresses"].values() for each in network)
    fixed = [each for each in addresses if each.get("OS-EXT-IPS:type", "fixed") == "fixed"]
    return min(fixed, key=lambda each: (each["version"], each["addr"]))["addr"] if fixed else None


def flavors_without_memory(records: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the ids of the flavors of durabase's servers whose size the listing does not say."""
    ours = (each["flavor"] for each in records if tag_of(each.get("metadata", {})))
    return {flavor["id"] for flavor in ours if "ram" not in flavor}
