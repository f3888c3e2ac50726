"""`delete` on a terminal: what would be lost, and the question. A program that deletes is not asked."""

import sys

import typer
from temporalio.client import WorkflowExecutionStatus

from cli.attributes import attributes_of
from cli.observe import ask_record, describe
from cli.session import Session
from cli.voice import Voice
from model.base import BadInput
from model.cluster import ClusterRecord
from workflows.requests import refuse_delete


async def confirm(session: Session, name: str, voice: Voice) -> None:
    """Say what a delete takes with it, and ask. Raises Abort for a no, BadInput for a protected or unknown cluster."""
    if sys.stdin is None or not sys.stdin.isatty():
        return
    description = await describe(session.client, name)
    is_open = description.status is WorkflowExecutionStatus.RUNNING
    record = await ask_record(session.client, name) if is_open else None
    if record is not None and (refused := refuse_delete(record)):
        raise BadInput(refused)
    cloud = attributes_of(description).cloud
    voice.note(losses(record) if record else f"what is on cloud {cloud} of {name} goes for good")
    typer.confirm(f"Delete {name}?", abort=True, err=True)


def losses(record: ClusterRecord) -> str:
    """Return what goes with a cluster, in one sentence."""
    servers = sum(member.server is not None for member in record.members)
    volumes = sum(member.volume is not None for member in record.members)
    what = [_counted(servers, "server"), _counted(volumes, "volume")]
    if record.databases:
        what.append(f"database{'s' if len(record.databases) > 1 else ''} {', '.join(record.databases)}")
    identity = record.identity
    engine = f"{identity.datastore} {record.version}" if record.version else identity.datastore
    gone = ", ".join(each for each in what if each)
    return f"{identity.name} is {engine} on {identity.cloud}: {f'{gone}, and ' if gone else ''}all its data go for good"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}" if number else ""
