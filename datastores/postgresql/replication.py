"""Streaming replication: the primary's slots and role, a replica's copy, and who streams."""

import re

from datastores.context import InstanceContext, address_of
from datastores.postgresql import layout, sql
from datastores.postgresql.client import conninfo
from datastores.postgresql.parameters import configuration_manager
from datastores.postgresql.psql import Psql
from model.base import refusal
from model.cluster import Instance
from model.errors import PlanRefused
from model.spec import ClusterSpec
from temporal.heartbeat import note

SYNCHRONOUS = "synchronous_standby_names"


def check_synchronous(spec: ClusterSpec) -> None:
    """Refuse to wait for more standbys than there are, by PlanRefused: every commit would hang."""
    value = str(spec.configuration.get(SYNCHRONOUS, "")).strip()
    counted = re.match(r"(?i:(?:any|first)\s+)?(\d+)\s*\(", value)
    wanted = int(counted[1]) if counted else int(bool(value))
    if wanted >= spec.nodes:
        allowed = f"for at most {spec.nodes - 1} of the replicas that {spec.nodes} nodes have"
        raise PlanRefused(str(refusal(f"configuration.{SYNCHRONOUS}", value, allowed)))


def primary_conninfo(context: InstanceContext) -> str:
    """Return how a replica reaches the primary; its password is in a file of its own."""
    return conninfo(
        host=address_of(context.primary),
        port=str(layout.PORT),
        user=layout.REPLICATION,
        application_name=context.instance.name,
        passfile=context.guest.path(layout.REPLICATION_PASSFILE),
        options=sql.options(sql.REPLICATION, configuration_manager(context.task.version).parameters),
    )


def create_slots(psql: Psql, replicas: list[Instance]) -> None:
    """Create each replica's slot on the primary unless it is there; a slot keeps the WAL that its replica lacks."""
    for replica in replicas:
        psql.execute(sql.create_slot(layout.slot(replica.name)))


def copy_primary(context: InstanceContext, new: str) -> None:
    """Copy the primary's data directory to `new`, as a standby's; a slot that an earlier copy left may be of no use."""
    primary, slot = Psql(context, context.primary), layout.slot(context.instance.name)
    primary.execute(sql.drop_idle_slot(slot))
    primary.execute(sql.create_slot(slot))
    size = primary.query("SELECT pg_size_pretty(sum(pg_database_size(oid))) FROM pg_database")
    note(f"copies {size[0]} from {context.primary.name}")
    command = [
        context.programs["pg_basebackup"],
        f"--dbname={primary_conninfo(context)}",
        f"--pgdata={new}",
        "--checkpoint=fast",
        "--wal-method=stream",
        # The primary would write it to a temporary file, whose size a request may limit for this role, too.
        "--no-manifest",
        f"--slot={slot}",
        "--no-password",
    ]
    context.guest.run(command, user=layout.SYSTEM_USER, timeout=context.seconds_left)
    context.guest.run(["touch", f"{new}/standby.signal"], user=layout.SYSTEM_USER)


def reason_not_streaming(psql: Psql, replicas: list[Instance]) -> str | None:
    """Return which replicas the primary does not stream to, None if it does to all."""
    rows = psql.query("SELECT application_name || ' ' || state FROM pg_stat_replication")
    states = dict(row.rsplit(" ", 1) for row in rows)
    missing = {replica.name: states.get(replica.name, "not connected") for replica in replicas}
    late = [f"{name} is {state}" for name, state in missing.items() if state != "streaming"]
    return ", ".join(late) or None


def reason_not_synchronous(psql: Psql, wanted: str) -> str | None:
    """Let the primary read its files, and return why its synchronous standbys are others."""
    present = psql.query(f"SHOW {SYNCHRONOUS}")[0]
    if present == wanted:
        return None
    psql.execute("SELECT pg_reload_conf()")
    return f"it is {present!r} and not yet {wanted!r}"
