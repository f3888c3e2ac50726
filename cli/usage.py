"""What typer refuses of a command line, in durabase's words and on one line."""

from pathlib import Path

from pydantic import ValidationError
from typer.core import TyperArgument, TyperOption
from typer.exceptions import TyperException

from model.base import refusal

LONGEST = 300
"""Characters of typer's own words, which hold what was typed, whole."""

ALLOWED = {int: "a whole number", float: "a number", Path: "a path"}


def usage_sentence(error: TyperException) -> str:
    """Return why a command line is refused: the option, the value and what is allowed."""
    param, cause = getattr(error, "param", None), error.__cause__
    if isinstance(param, TyperArgument | TyperOption) and isinstance(cause, ValidationError):
        value = cause.errors(include_url=False)[0]["input"]
        name = param.opts[0] if isinstance(param, TyperOption) else param.name
        return str(refusal(str(name), value, _allowed(param, str(error))))
    return _one_line(error.format_message())


def _allowed(param: TyperArgument | TyperOption, otherwise: str) -> str:
    kind = param.type_descriptor
    if kind.choices is not None:
        return f"one of {', '.join(str(choice) for choice in kind.choices)}"
    return ALLOWED.get(kind.annotation, otherwise)


def _one_line(message: str) -> str:
    line = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in " ".join(message.split()))
    return line if len(line) <= LONGEST else f"{line[: LONGEST // 2]} … {line[-LONGEST // 2 :]}"
