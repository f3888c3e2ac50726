"""GTID replication: who a member is in it, whom it follows, and what it has of the primary's data."""

import hashlib
from collections.abc import Mapping

from datastores.context import InstanceContext, address_of
from datastores.mysql import layout, sql
from datastores.mysql.parameters import is_on
from datastores.mysql.session import Session
from model.base import refusal
from model.errors import PlanRefused, ReplicationBroken
from model.spec import ClusterSpec

SEMI_SYNCHRONOUS = "rpl_semi_sync_master_enabled"

NUMBER_BITS = 7
"""Bits of a server's id that hold the member's number, up to 99; the other 25 are the cluster's."""


def server_id(cluster_id: str, member: str) -> int:
    """Return a member's `server_id`: the same whenever it is made, another for each member of a cluster."""
    cluster = int.from_bytes(hashlib.sha256(cluster_id.encode()).digest()[:4], "big") >> NUMBER_BITS
    return cluster << NUMBER_BITS | int(member.rpartition("-")[2])


def check_semi_synchronous(spec: ClusterSpec) -> None:
    """Refuse to wait for replicas that a single node has not, by PlanRefused."""
    value = spec.configuration.get(SEMI_SYNCHRONOUS, False)
    if spec.nodes == 1 and is_on(value):
        raise PlanRefused(str(refusal(f"configuration.{SEMI_SYNCHRONOUS}", value, "off: one node has no replica")))


def follow_primary(context: InstanceContext, session: Session) -> None:
    """Let a replica follow the primary from where its own data is, unless it does."""
    primary = address_of(context.primary)
    if session.record(sql.SLAVE).get("Master_Host") != primary:
        password = context.secrets.password("replication")
        session.execute(sql.follow(primary, layout.PORT, layout.REPLICATION, password))


def reason_not_following(session: Session) -> str | None:
    """Return why a replica does not follow its primary, in the database's words, None if it does.

    Raises ReplicationBroken once the server itself has given up, GuestError if it does not answer.
    """
    status = session.record(sql.SLAVE)
    reason = reason_in(status)
    if reason and has_given_up(status):
        raise ReplicationBroken(reason, session.target.name)
    return reason


def has_given_up(status: Mapping[str, str]) -> bool:
    """Return whether a replica's server has ended a thread because of an error: it tries again what may pass."""
    threads = (("Slave_IO_Running", "Last_IO_Error"), ("Slave_SQL_Running", "Last_SQL_Error"))
    return any(status.get(thread) == "No" and status.get(error) for thread, error in threads)


def reason_behind(context: InstanceContext, position: str) -> str | None:
    """Return which replicas have not applied the primary's data up to a position, None if all have."""
    reasons = ((replica.name, _reason_behind(Session(context, replica), position)) for replica in context.replicas)
    return ", ".join(f"{name}: {reason}" for name, reason in reasons if reason) or None


def reason_not_semi_synchronous(context: InstanceContext) -> str | None:
    """Return why the primary does not wait for its replicas, None if it does or shall not."""
    if not is_on(context.task.configuration.get(SEMI_SYNCHRONOUS, False)):
        return None
    rows = Session(context, context.primary).query("SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_master_%'")
    status = dict(row.split("\t") for row in rows)
    clients = int(status["Rpl_semi_sync_master_clients"])
    if clients < len(context.replicas):
        return f"{clients} of {len(context.replicas)} replicas acknowledge"
    return None if status["Rpl_semi_sync_master_status"] == "ON" else "a replica has not caught up"


def _reason_behind(session: Session, position: str) -> str | None:
    if reason := reason_not_following(session):
        return reason
    return None if session.query(sql.reached(position)) == ["0"] else f"it has not reached {position}"


def reason_in(status: Mapping[str, str]) -> str | None:
    """Return why a replica with this status does not follow, None if it does."""
    if not status:
        return "it follows nobody"
    if error := status["Last_IO_Error"] or status["Last_SQL_Error"]:
        return error
    if status["Slave_SQL_Running"] != "Yes":
        return "it does not apply what it receives"
    return None if status["Slave_IO_Running"] == "Yes" else "it is not connected to its primary"
