"""`create`: a new cluster, from options or from a file."""

from typing import Annotated

import typer

from cli import commands, completion, session
from cli.arguments import Cloud, Json, Wait, checked
from cli.request import FILE, Options, cluster_spec, file_spec
from cli.voice import Voice
from model.base import BadInput, refusal
from model.spec import ClusterName, OnFailure
from settings import load_settings

BESIDE_FILE = ("file", "passwords", "wait", "json")
"""What may stand beside a file: passwords because the file may be public, and how the command behaves."""


def create(
    ctx: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            help="The cluster's name; left out with --file.", callback=checked(ClusterName), show_default=False
        ),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            "--file", "-f", metavar="FILE", help="The whole request in YAML, as `schema` says; '-' is standard input."
        ),
    ] = None,
    datastore: Annotated[
        str, typer.Option(help="The database engine.", autocompletion=completion.engines)
    ] = Options.datastore,
    version: Annotated[
        str | None, typer.Option(help="The engine's version.", show_default="the engine's default")
    ] = None,
    nodes: Annotated[int, typer.Option(help="How many members: one primary, the rest replicas.")] = Options.nodes,
    flavor: Annotated[str, typer.Option(help="The size of each server.")] = Options.flavor,
    volume_size: Annotated[int, typer.Option(help="The size of each volume in GiB.")] = Options.volume_size,
    allowed_cidr: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NETWORK",
            help="A network that may use the database; may be repeated.",
            show_default="what the cloud's settings say",
        ),
    ] = None,
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
    on_failure: Annotated[OnFailure, typer.Option(help="What becomes of a build that fails.")] = Options.on_failure,
    protected: Annotated[
        bool, typer.Option("--protected", help="Refuse to delete it until `set --no-protected`.")
    ] = Options.protected,
    wait: Wait = True,
    json: Json = False,
) -> int:
    """Create a cluster, or a single instance, which is a cluster of one; from options, or from a file."""
    if file is not None:
        _refuse_beside_file(ctx)
        spec = file_spec(file, passwords, load_settings())
        return session.run(commands.create(spec, wait, Voice(json)))
    if name is None:
        raise BadInput(f"NAME is missing: it must be the new cluster's name, or {FILE} the whole request")
    wanted = Options(
        name=name,
        cloud=load_settings().cloud_named(cloud),
        datastore=datastore,
        version=version,
        nodes=nodes,
        flavor=flavor,
        volume_size=volume_size,
        allowed_cidrs=allowed_cidr,
        databases=database or (),
        users=user or (),
        passwords=passwords,
        configuration=config or (),
        on_failure=on_failure,
        protected=protected,
    )
    return session.run(commands.create(cluster_spec(wanted), wait, Voice(json)))


def _refuse_beside_file(ctx: typer.Context) -> None:
    """Refuse what the file says: which of the two were meant could only be guessed."""
    for param in ctx.command.params:
        source = ctx.get_parameter_source(param.name)
        if param.name not in BESIDE_FILE and source is not None and source.name == "COMMANDLINE":
            option = param.opts[0] if param.opts[0].startswith("-") else param.opts[0].upper()
            given = ctx.params[param.name]
            value = str(given) if isinstance(given, OnFailure) else given
            raise refusal(option, value, f"left out beside {FILE}, which holds the whole request")
