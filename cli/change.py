"""`set`: changes what is wanted of a cluster that is there."""

from typing import Annotated

import typer

from cli import clusters, session
from cli.arguments import Json, Name
from cli.commands import show_document
from cli.session import open_session
from cli.voice import DONE, Voice
from model.base import BadInput
from model.operations import Change


def set_cluster(
    name: Name,
    protected: Annotated[
        bool | None,
        typer.Option("--protected/--no-protected", help="Refuse to delete it, or no longer.", show_default=False),
    ] = None,
    json: Json = False,
) -> int:
    """Change what is wanted of a cluster; what is not named stays as it is."""
    wanted = Change(protected=protected)
    if not wanted.model_dump(exclude_none=True):
        raise BadInput("nothing is named to be set: it must be --protected or --no-protected")
    return session.run(_set(name, wanted, Voice(json)))


async def _set(name: str, wanted: Change, voice: Voice) -> int:
    opened = await open_session()
    await clusters.change(opened, name, wanted)
    if wanted.protected is not None:
        lifted = f"{name} is no longer protected: `durabase delete {name}` deletes it"
        held = f"{name} is protected: `durabase delete {name}` is refused until `durabase set {name} --no-protected`"
        voice.note(held if wanted.protected else lifted)
    await show_document(opened, name, voice)
    return DONE
