"""`demo`: from nothing to a replicated PostgreSQL, and what to do with it."""

from urllib.parse import quote

from temporalio.client import WorkflowExecutionStatus

from cli.clusters import create
from cli.dev_server import web_ui
from cli.follow import follow, is_over, succeeded
from cli.observe import Observation, observe
from cli.outcome import tell_outcome
from cli.request import Options, cluster_spec
from cli.services import up
from cli.session import Session
from cli.voice import DONE, FAILED, Voice, program
from model.base import BadInput
from model.cluster import Operation
from temporal.client import configured_address

NAME = "demo"


async def demo(voice: Voice) -> int:
    """Start what is needed, provision the cluster unless it is there, follow it, and say how to use it."""
    session = await up(voice)
    there = await _look(session)
    if there is None:
        wanted = Options(NAME, session.settings.cloud_named(None), nodes=3, databases=[NAME], users=[NAME])
        await create(session, cluster_spec(wanted))
    elif there.view.operation is Operation.DELETE:
        voice.note(f"{NAME} is being deleted; run `durabase demo` again when it is gone")
        return FAILED
    elif not is_over(there):
        voice.note(f"{NAME} is being built already")
    elif succeeded(there):
        voice.note(f"{NAME} is there already")
    ended = there if there is not None and is_over(there) else await follow(session, NAME, voice)
    code = await tell_outcome(session, ended, voice)
    if code == DONE:
        voice.note(_what_now(session))
    return code


def workflow_page(session: Session, workflow_id: str) -> str | None:
    """Return the Web UI's address of a workflow; None if durabase does not know the Web UI of this Temporal."""
    ui = None if configured_address() else web_ui(session.settings.state_dir)
    path = f"namespaces/{session.client.namespace}/workflows/{quote(workflow_id, safe='')}"
    return f"{ui}/{path}" if ui else None


async def _look(session: Session) -> Observation | None:
    """Return the demo cluster as it stands; None if there is none."""
    try:
        there = await observe(session, NAME)
    except BadInput:
        return None
    return there if there.run_status is WorkflowExecutionStatus.RUNNING else None


def _what_now(session: Session) -> str:
    durabase = program()
    lines = [
        "",
        f"  connect    {durabase} connect {NAME}",
        f'  a program  psql "$({durabase} connect {NAME} --url)"',
        f"  its state  {durabase} show {NAME}",
        f"  remove it  {durabase} delete {NAME}",
        f"  stop all   {durabase} down  (databases go on)",
    ]
    page, build = workflow_page(session, NAME), workflow_page(session, f"{NAME}/provision")
    if page is not None:
        lines += [f"  Web UI     {page}", f"  its build  {build}"]
    return "\n".join(lines)
