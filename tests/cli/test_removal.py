"""What a person is told and asked before a cluster goes."""

import os
import pty
import sys
from collections.abc import Iterator

import pytest
import typer

from cli import clusters
from cli.removal import confirm, losses
from cli.session import Session
from cli.voice import Voice
from model.base import BadInput
from model.cluster import Status
from tests.cli.samples import record
from tests.scripted import Script, until
from workflows.cluster import ClusterWorkflow


def test_what_goes_with_a_cluster_is_counted_and_named() -> None:
    assert losses(record()) == (
        "orders is postgresql 18 on here: 2 servers, 2 volumes, databases app, log, and all its data go for good"
    )
    single = losses(record(nodes=1, databases=("app",)))
    assert single.endswith(": 1 server, 1 volume, database app, and all its data go for good")
    (member,) = record(nodes=1).members
    bare = member.model_copy(update={"server": None, "volume": None})
    nothing = losses(record(nodes=1, members=(bare,), databases=(), version=None))
    assert nothing == "orders is postgresql on here: all its data go for good"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The descriptor on which a person types at the terminal that is standard input."""
    person, terminal = pty.openpty()
    with os.fdopen(terminal, "r") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield person
    os.close(person)


async def active(session: Session, script: Script, **more: object) -> str:
    spec = script.spec(1, **more)
    await clusters.create(session, spec)
    await until(session.client.get_workflow_handle_for(ClusterWorkflow.run, spec.name), Status.ACTIVE)
    return spec.name


async def test_a_person_at_a_terminal_is_asked(
    session: Session, script: Script, typed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    name = await active(session, script, databases=[{"name": "shop"}])
    os.write(typed, b"n\n")
    with pytest.raises(typer.Abort):
        await confirm(session, name, Voice())
    said = capsys.readouterr()
    assert f"{name} is postgresql 18 on {script.cloud}: 1 server, 1 volume, database shop, and all its data" in said.out
    os.write(typed, b"y\n")
    await confirm(session, name, Voice())


async def test_a_cluster_that_may_not_be_deleted_is_refused_before_the_question(
    session: Session, script: Script, typed: int
) -> None:
    name = await active(session, script, protected=True)
    with pytest.raises(BadInput, match=f"cluster {name} is protected"):
        await confirm(session, name, Voice())
    with pytest.raises(BadInput, match="there is no cluster 'nobody'"):
        await confirm(session, "nobody", Voice())


async def test_what_a_terminated_workflow_left_is_asked_for_too(
    session: Session, script: Script, typed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    name = await active(session, script, protected=True)
    await session.client.get_workflow_handle(name).terminate()
    os.write(typed, b"y\n")
    await confirm(session, name, Voice())
    assert f"what is on cloud {script.cloud} of {name} goes for good" in capsys.readouterr().out


async def test_a_program_is_not_asked(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    await confirm(session, "nobody", Voice())
    assert capsys.readouterr().out == ""
