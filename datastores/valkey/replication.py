"""Replication: who is primary, whose link is up, and who has what the primary has. Answers of INFO, judged."""

from collections.abc import Mapping, Sequence
from typing import Any

from datastores.context import InstanceContext, address_of
from datastores.valkey.parameters import text_of
from datastores.valkey.session import open_session
from model.base import refusal
from model.cluster import Instance, Role
from model.errors import PlanRefused
from model.spec import ClusterSpec

Info = Mapping[str, Any]

ROLES = {"master": Role.PRIMARY, "slave": Role.REPLICA}
"""INFO's words for a member's part."""

LEAST_REPLICAS = "min-replicas-to-write"


def check_least_replicas(spec: ClusterSpec) -> None:
    """Refuse to wait for more replicas than there are, by PlanRefused: no write would ever be taken."""
    value = spec.configuration.get(LEAST_REPLICAS, 0)
    number = text_of(value)
    if number.isdecimal() and int(number) >= spec.nodes:
        allowed = f"at most {spec.nodes - 1}, the replicas that {spec.nodes} nodes have"
        raise PlanRefused(str(refusal(f"configuration.{LEAST_REPLICAS}", value, allowed)))


def ask(context: InstanceContext, member: Instance) -> Info:
    """Return what a member says of itself; it says so while it loads its data, too. Raises GuestError."""
    with open_session(context, member) as client:
        answer: Info = client.info("replication", "persistence")
        return answer


def reason_not_in_role(info: Info, role: Role) -> str | None:
    """Return why a member does not serve in its role, None if it does."""
    if info["loading"]:
        return "it loads its data"
    actual = ROLES[info["role"]]
    return None if actual is role else f"it runs as {actual}, not as {role}"


def reason_not_linked(info: Info) -> str | None:
    """Return why a replica does not follow its primary, None if it does or if it is one itself."""
    if info["role"] == "master" or info["master_link_status"] == "up":
        return None
    return "it copies the primary's data" if info["master_sync_in_progress"] else "its link to the primary is down"


def wait_for_replicas(context: InstanceContext) -> None:
    """Return once every replica has confirmed all that the primary has now. Raises DeadlineExceeded, GuestError."""
    with open_session(context, context.primary) as client:
        offset = client.info("replication")["master_repl_offset"]
        context.wait_until(
            lambda: reason_behind(client.info("replication"), context.replicas, offset), "replicas to follow"
        )


def reason_behind(info: Info, replicas: Sequence[Instance], offset: int) -> str | None:
    """Return which replicas have not confirmed the primary's data up to `offset`, None if all have."""
    known = {value["ip"]: value for key, value in info.items() if key.startswith("slave") and isinstance(value, dict)}
    reasons = ((replica.name, _reason_behind(known.get(address_of(replica)), offset)) for replica in replicas)
    return ", ".join(f"{name} {reason}" for name, reason in reasons if reason) or None


def _reason_behind(replica: Info | None, offset: int) -> str | None:
    if replica is None:
        return "is not connected"
    if replica["state"] != "online":
        return f"is in state {replica['state']}"
    return None if replica["offset"] >= offset else f"lacks {offset - replica['offset']} bytes"
