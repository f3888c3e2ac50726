"""An engine's templates: Jinja2 files in the folder `templates` beside its manager's module."""

import sys
from functools import cache
from pathlib import Path

import jinja2


@cache
def templates_of(module: str) -> jinja2.Environment:
    """Return the templates of the engine whose manager is in that module; an unknown value in one is an error."""
    folder = Path(str(sys.modules[module].__file__)).parent / "templates"
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        autoescape=False,  # noqa: S701 - configuration files, not HTML
    )
