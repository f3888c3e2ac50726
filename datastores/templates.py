"""An engine's templates and tables: files in the folder `templates` beside its modules."""

import csv
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import jinja2


@cache
def templates_of(module: str) -> jinja2.Environment:
    """Return the templates of the engine that has that module; an unknown value in one is an error."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_folder(module)),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        autoescape=False,  # noqa: S701 - configuration files, not HTML
    )


@cache
def parameter_rows(module: str, version: str) -> Sequence[dict[str, str]]:
    """Return what a version of that module's engine knows of its parameters: `<version>/parameters.tsv`, read once."""
    with (_folder(module) / version / "parameters.tsv").open(newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def _folder(module: str) -> Path:
    return Path(str(sys.modules[module].__file__)).parent / "templates"
