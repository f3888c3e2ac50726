"""A replica's link to its primary, judged from both ends; what broke it stands in the replica's log."""

import re
from collections.abc import Sequence

from datastores.context import InstanceContext
from datastores.postgresql import layout, sql
from datastores.postgresql.psql import Psql
from model.errors import ReplicationBroken

LINKED = ("catchup", "streaming")
"""States of a WAL sender whose replica gets what it lacks."""

LOST = "lost"
"""The state of a slot whose WAL was removed (`wal_status`)."""

FIRST_WORDS = (
    r"streaming replication receiver .* could not connect|could not connect to the primary|could not start WAL stream"
    r"|could not receive (data from WAL stream|timeline history)|could not send data to WAL stream"
    r"|database system identifier differs|highest timeline|new timeline|primary server contains no more WAL"
    r"|requested starting point|terminating walreceiver|replication terminated"
)
"""How the messages begin that say why a WAL receiver ended (walreceiver.c, libpqwalreceiver.c, xlogrecovery.c)."""

GOOD_WORDS = "started streaming WAL|entering standby mode"
"""What a replica says when it has a link, and at its start: nothing earlier counts."""

MESSAGES = rf"(FATAL|ERROR|LOG):  ({FIRST_WORDS}|{GOOD_WORDS})"
"""For grep; the line's beginning is the request's (`log_line_prefix`)."""

FINAL = re.compile(
    "has already been removed|can no longer|identifier differs|is behind recovery timeline|new timeline .* forked off"
)
"""What waiting does not change: the WAL is gone, or the primary's history is another."""


def reason_not_following(context: InstanceContext) -> str | None:
    """Return why a replica does not stream from its primary, in the server's words, None if it does.

    Raises ReplicationBroken if it never will: its slot is lost, or the primary's history is another.
    """
    receiver = Psql(context, context.instance).attempt(sql.RECEIVER)
    slot = layout.slot(context.instance.name)
    primary = Psql(context, context.primary).attempt(sql.link(context.instance.name, slot))
    if primary.code != 0:
        return f"its primary does not answer: {' '.join(primary.stderr.split())}"
    sender, _, kept = primary.stdout.strip().partition("|")
    status = receiver.stdout.strip() or "not there"
    if status == "streaming" and sender in LINKED:
        return None
    said = last_words(context.guest.log_lines(context.datastore.manager, MESSAGES))
    if kept == LOST:
        lost = f"its slot {slot} is lost: {context.primary.name} has removed WAL that it lacks"
        raise ReplicationBroken(f"{lost}; {said}" if said else lost, context.instance.name)
    if said and FINAL.search(said):
        raise ReplicationBroken(said, context.instance.name)
    return said or f"its WAL receiver is {status}, {context.primary.name}'s WAL sender {sender or 'not there'}"


def last_words(lines: Sequence[str]) -> str | None:
    """Return what the last of a log's lines says against the link, None if there is none or it is good."""
    found = re.search(rf"(?:FATAL|ERROR|LOG):  (?:{FIRST_WORDS}).*", lines[-1]) if lines else None
    return found[0].partition(":  ")[2] if found else None
