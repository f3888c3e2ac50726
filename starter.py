"""The command line: starts workflows, asks them, follows them."""

import os
import sys
from contextlib import suppress
from importlib.metadata import version as installed_version
from typing import Annotated

import typer

import worker
from cli import commands, services, session
from cli.demo import demo as build_demo
from cli.exits import run
from cli.request import Options
from cli.voice import DONE, Voice, program
from model.spec import OnFailure

app = typer.Typer(
    help="Provision databases durably: a Temporal workflow owns every step.",
    epilog="Exit codes: 0 done, 1 failed, 2 bad input, 130 interrupted (what was asked for goes on).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Name = Annotated[str, typer.Argument(help="The cluster's name.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print a JSON document; all else goes to standard error.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Follow it to its end, or only ask for it.")]
Cloud = Annotated[
    str | None, typer.Option(help="A configured cloud, or 'local' for this host.", show_default="from the settings")
]
Member = Annotated[str | None, typer.Option(help="A member's name.", show_default="the primary")]
User = Annotated[str | None, typer.Option(help="A user's name.", show_default="the first requested user")]


@app.callback(invoke_without_command=True)
def options(
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    """Hold what stands before any command."""
    if version:
        Voice().result(f"durabase {installed_version('durabase')}")
        raise typer.Exit


@app.command()
def demo() -> int:
    """Build a replicated PostgreSQL on this machine, with all that it needs; start here."""
    return session.run(build_demo(Voice()))


@app.command()
def up() -> int:
    """Start a local Temporal server with its Web UI, and a worker, unless they run."""
    session.run(services.up(Voice()))
    return DONE


@app.command()
def down() -> int:
    """Stop the worker and the local Temporal server; databases go on."""
    services.down(Voice())
    return DONE


@app.command()
def create(
    name: Name,
    datastore: Annotated[str, typer.Option(help="The database engine.")] = "postgresql",
    version: Annotated[
        str | None, typer.Option(help="The engine's version.", show_default="the engine's default")
    ] = None,
    nodes: Annotated[int, typer.Option(help="How many members: one primary, the rest replicas.")] = 1,
    flavor: Annotated[str, typer.Option(help="The size of each server.")] = "small",
    volume_size: Annotated[int, typer.Option(help="The size of each volume in GiB.")] = 1,
    database: Annotated[list[str] | None, typer.Option(help="A database to create; may be repeated.")] = None,
    user: Annotated[
        list[str] | None,
        typer.Option(
            help="A user to create, NAME for all requested databases or NAME:DATABASE,DATABASE; may be repeated. "
            "durabase makes its password unless --passwords gives one."
        ),
    ] = None,
    passwords: Annotated[
        str | None, typer.Option(metavar="FILE", help="Lines of USER:PASSWORD; '-' is standard input.")
    ] = None,
    config: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="A configuration override; may be repeated.")
    ] = None,
    cloud: Cloud = None,
    on_failure: Annotated[OnFailure, typer.Option(help="What becomes of a build that fails.")] = OnFailure.KEEP,
    wait: Wait = True,
    json: Json = False,
) -> int:
    """Create a cluster, or a single instance, which is a cluster of one."""
    wanted = Options(
        name=name,
        cloud=commands.default_cloud(cloud),
        datastore=datastore,
        version=version,
        nodes=nodes,
        flavor=flavor,
        volume_size=volume_size,
        databases=database or (),
        users=user or (),
        passwords=passwords,
        configuration=config or (),
        on_failure=on_failure,
    )
    return session.run(commands.create(wanted, wait, Voice(json)))


@app.command("list")
def list_clusters(
    closed: Annotated[
        bool, typer.Option("--all", help="Also those that are no more, as long as Temporal knows.")
    ] = False,
    json: Json = False,
) -> int:
    """List the clusters."""
    return session.run(commands.list_all(closed, Voice(json)))


@app.command()
def show(
    name: Name,
    probe: Annotated[bool, typer.Option("--probe", help="Ask every database whether it answers now.")] = False,
    json: Json = False,
) -> int:
    """Show a cluster: its members, what they wait for, why, and when they go on."""
    return session.run(commands.show(name, probe, Voice(json)))


@app.command()
def wait(name: Name) -> int:
    """Follow whatever goes on in a cluster to its end."""
    return session.run(commands.wait(name, Voice()))


@app.command()
def retry(name: Name, wait: Wait = True) -> int:
    """Take up a failed build again; what exists is adopted."""
    return session.run(commands.retry(name, wait, Voice()))


@app.command()
def restart(name: Name, wait: Wait = True) -> int:
    """Restart the database of every member, the primary last."""
    return session.run(commands.restart(name, wait, Voice()))


@app.command()
def delete(name: Name, wait: Wait = True) -> int:
    """Delete a cluster and everything it has, at any moment."""
    return session.run(commands.delete(name, wait, Voice()))


@app.command("connect")
def connect_to(
    name: Name,
    arguments: Annotated[
        list[str] | None, typer.Argument(help="More arguments for the client, after '--'.", show_default=False)
    ] = None,
    member: Member = None,
    user: User = None,
    database: Annotated[str | None, typer.Option(help="A database.", show_default="the user's first")] = None,
    url: Annotated[bool, typer.Option("--url", help="Print the connection URL, password included.")] = False,
) -> int:
    """Open the engine's client on a cluster, or print its connection URL."""
    return commands.connect_to(name, member, user, database, None if url else arguments or [], Voice())


@app.command()
def password(
    name: Name,
    user: Annotated[str | None, typer.Argument(help="A user's name.", show_default="the first requested user")] = None,
) -> int:
    """Print a password that durabase made."""
    return session.run(commands.password(name, user, Voice()))


@app.command()
def orphans(
    cloud: Cloud = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete them for good.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before that.")] = False,
    json: Json = False,
) -> int:
    """List what carries durabase's tag on a cloud, but belongs to no open cluster."""
    return session.run(commands.find_orphans(cloud, delete, yes, Voice(json)))


app.command("worker")(worker.run)


def main() -> None:
    """Run one command and leave with its exit code."""
    code = run(app, sys.argv[1:], program())
    with suppress(BrokenPipeError):
        sys.stdout.flush()
    with suppress(BrokenPipeError):
        sys.stderr.flush()
    # A clean interpreter exit crashes in the SDK's threads now and then (temporalio/sdk-python#300).
    os._exit(code)


if __name__ == "__main__":
    main()
