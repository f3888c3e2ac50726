"""Replication: who is primary, whose link is up, and who has what the primary has. Answers of INFO, judged."""

import re
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

BAD_WORDS = (
    r"Error (condition|reply) .*|Unable to (AUTH|connect|send PSYNC) .*|(MASTER|PRIMARY) (aborted|timeout).*"
    r"|(I/O|Write) error .*|Timeout (connecting|receiving) .*|Failed trying to .*|Unexpected reply to PSYNC .*"
    r"|(Master|Primary) (is currently unable|does not support|did not reply|replied with wrong) .*"
    r"|Connection with (master|primary) lost.*"
)
"""What a replica's log says against its link (replication.c), in Redis' words and in Valkey's."""

GOOD_WORDS = "sync: Finished with success|Successful partial resynchronization|Ready to accept connections"
"""What a replica says when it has a link, and at its start: nothing earlier counts."""

MESSAGES = f"{BAD_WORDS}|{GOOD_WORDS}"


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


def reason_not_linked(context: InstanceContext) -> str | None:
    """Return why a replica does not follow its primary, with the last words of its log; None if it does."""
    reason = reason_in(ask(context, context.instance))
    said = last_words(context.guest.log_lines(context.datastore.manager, MESSAGES)) if reason else None
    return f"{reason}: {said}" if said else reason


def reason_in(info: Info) -> str | None:
    """Return why a replica with this INFO does not follow its primary, None if it does or if it is one itself."""
    if info["role"] == "master" or info["master_link_status"] == "up":
        return None
    if info["master_sync_in_progress"]:
        return "it copies the primary's data"
    since = int(info.get("master_link_down_since_seconds", -1))
    return f"its link to the primary is down{f' for {since} s' if since >= 0 else ''}"


def last_words(lines: Sequence[str]) -> str | None:
    """Return what the last of a log's lines says against the link, without its time; None if it is a good one."""
    found = re.search(BAD_WORDS, lines[-1]) if lines else None
    return lines[-1][found.start() :].strip() if found else None


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
