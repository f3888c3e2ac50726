"""`engine-keys`: what a worker gets that serves one engine and must not hold the root keys."""

import json
from pathlib import Path
from typing import Annotated

import typer

from cli import completion
from cli.arguments import checked
from cli.secret_file import write_secret
from cli.voice import DONE, Voice
from keys import EngineKeys, key_text
from model.spec import PlainName
from settings import load_settings


def engine_keys(
    engine: Annotated[
        str,
        typer.Argument(
            help="The database engine.",
            show_default=False,
            callback=checked(PlainName),
            autocompletion=completion.engines,
        ),
    ],
    output: Annotated[Path, typer.Option(metavar="FILE", help="A new file, for its owner alone.", show_default=False)],
) -> int:
    """Write an engine's own keys, which its worker needs in place of the root keys, as lines of durabase.toml."""
    keys = load_settings().root_ring().engine(engine)
    write_secret(output, _lines_of_settings(keys))
    Voice().note(
        f"{output}, which you alone may read, holds {engine}'s keys under root keys {', '.join(keys.keys)}: "
        "docs/root-keys.md says what its worker needs besides"
    )
    return DONE


def _lines_of_settings(keys: EngineKeys) -> str:
    held = "".join(f"{json.dumps(key_id)} = {json.dumps(key_text(key))}\n" for key_id, key in keys.keys.items())
    return f"root_key = {json.dumps(keys.current)}\n\n[engine_keys.{json.dumps(keys.engine)}]\n{held}"
