"""What several commands take, checked as far as a name can be before anything is asked."""

from collections.abc import Callable
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from cli import completion
from model.base import described, refusal
from model.spec import ClusterName, Identifier, MemberName, PlainName


def checked(kind: Any) -> Callable[[typer.CallbackParam, Any], Any]:
    """Return a callback that refuses, by BadInput, what is not of a type such as `ClusterName`, or not a list of it."""
    adapter: TypeAdapter[str] = TypeAdapter(kind)

    def check(param: typer.CallbackParam, value: str | list[str] | None) -> str | list[str] | None:
        for each in [value] if isinstance(value, str) else value or ():
            try:
                adapter.validate_python(each)
            except ValidationError:
                raise refusal(str(param.name), each, described(kind)) from None
        return value

    return check


Name = Annotated[
    str,
    typer.Argument(
        help="The cluster's name.",
        show_default=False,
        callback=checked(ClusterName),
        autocompletion=completion.cluster_names,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print a JSON document; all else goes to standard error.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Follow it to its end, or only ask for it.")]
Cloud = Annotated[
    str | None,
    typer.Option(
        help="A configured cloud, or 'local' for this host.",
        show_default="from the settings",
        callback=checked(PlainName),
        autocompletion=completion.clouds,
    ),
]
Member = Annotated[
    str | None,
    typer.Option(
        help="A member's name.",
        show_default="the primary",
        callback=checked(MemberName),
        autocompletion=completion.member_names,
    ),
]
DiscardData = Annotated[
    str | None,
    typer.Option(
        help="The primary, if its data is gone for good and no replica has it: begin with an empty database.",
        show_default=False,
        metavar="MEMBER",
        callback=checked(MemberName),
        autocompletion=completion.member_names,
    ),
]
User = Annotated[
    str | None,
    typer.Option(help="A user's name.", show_default="the first requested user", callback=checked(Identifier)),
]
Database = Annotated[
    str | None, typer.Option(help="A database.", show_default="the user's first", callback=checked(Identifier))
]
