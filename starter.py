"""The command line: starts workflows, asks them, follows them."""

import os
import sys
from importlib.metadata import version as installed_version
from typing import Annotated

import typer

import worker
from cli import codec, commands, completion, services, session
from cli.arguments import Cloud, Database, DiscardData, Json, Member, Name, User, Wait, checked
from cli.change import set_cluster
from cli.create import create
from cli.datastores import datastores
from cli.demo import demo as build_demo
from cli.engine_keys import engine_keys
from cli.exits import run, tell_loss
from cli.flavors import flavors
from cli.output import hold_outputs
from cli.payload_keys import payload_keys
from cli.replay import replay
from cli.root_keys import root_keys
from cli.run_command import run_command
from cli.schema import print_schema
from cli.voice import DONE, Voice, program
from model.spec import Identifier

app = typer.Typer(
    help="Provision databases durably: a Temporal workflow owns every step.",
    epilog="Exit codes: 0 done, 1 failed, 2 bad input, 130 interrupted (what was asked for goes on).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def options(
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    """Hold what stands before any command."""
    if version:
        voice = Voice()
        voice.result(f"durabase {installed_version('durabase')}")
        raise typer.Exit(voice.told())


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


app.command("create")(create)


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
def wait(name: Name, json: Json = False) -> int:
    """Follow whatever goes on in a cluster to its end."""
    return session.run(commands.wait(name, Voice(json)))


@app.command()
def retry(name: Name, discard_data: DiscardData = None, wait: Wait = True, json: Json = False) -> int:
    """Take up a failed build again; what exists is adopted."""
    return session.run(commands.retry(name, discard_data, wait, Voice(json)))


@app.command()
def restart(name: Name, wait: Wait = True, json: Json = False) -> int:
    """Restart the database of every member, the primary last."""
    return session.run(commands.restart(name, wait, Voice(json)))


app.command("set")(set_cluster)


@app.command()
def delete(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before, on a terminal.")] = False,
    wait: Wait = True,
    json: Json = False,
) -> int:
    """Delete a cluster and everything it has, at any moment, unless it is protected."""
    return session.run(commands.delete(name, wait, yes, Voice(json)))


@app.command("connect")
def connect_to(
    name: Name,
    arguments: Annotated[
        list[str] | None, typer.Argument(help="More arguments for the client, after '--'.", show_default=False)
    ] = None,
    member: Member = None,
    user: User = None,
    database: Database = None,
    url: Annotated[bool, typer.Option("--url", help="Print the connection URL, password included.")] = False,
) -> int:
    """Open the engine's client on a cluster, or print its connection URL."""
    return commands.connect_to(name, member, user, database, None if url else arguments or [], Voice())


@app.command()
def password(
    name: Name,
    user: Annotated[
        str | None,
        typer.Argument(help="A user's name.", show_default="the first requested user", callback=checked(Identifier)),
    ] = None,
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


app.command("run")(run_command)
app.command("replay")(replay)
app.command("datastores")(datastores)
app.command("flavors")(flavors)
app.command("schema")(print_schema)
app.command("completion")(completion.print_script)
app.command("worker")(worker.run)
app.command("codec")(codec.codec)
app.command("payload-keys")(payload_keys)
app.command("root-keys")(root_keys)
app.command("engine-keys")(engine_keys)


def main() -> None:
    """Run one command and leave with its exit code."""
    hold_outputs()
    code = completion.answer(app) if completion.is_asked() else run(app, sys.argv[1:], program())
    tell_loss()
    # A clean interpreter exit crashes in the SDK's threads now and then (temporalio/sdk-python#300).
    os._exit(code)


if __name__ == "__main__":
    main()
