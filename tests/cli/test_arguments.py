"""Names on the command line are checked before anything is asked."""

from typing import Annotated, Any

import pytest
import typer

from cli.arguments import checked
from cli.exits import run
from model.spec import ClusterName, MemberName

app = typer.Typer(add_completion=False)
taken: list[Any] = []


@app.command()
def take(
    name: Annotated[str | None, typer.Argument(callback=checked(ClusterName))] = None,
    member: Annotated[list[str] | None, typer.Option(callback=checked(MemberName))] = None,
) -> None:
    taken.append((name, member))


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [([], (None, None)), (["orders", "--member", "orders-1", "--member", "a-99"], ("orders", ["orders-1", "a-99"]))],
)
def test_a_good_name_arrives(arguments: list[str], meant: tuple[Any, Any]) -> None:
    taken.clear()
    assert run(app, arguments, "durabase") == 0
    assert taken == [meant]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["Orders"], "name 'Orders' is not allowed: it must be 1 to 40 lower-case letters"),
        ([""], "name '' is not allowed"),
        (["--member", "orders-1", "--member", "orders"], "member 'orders' is not allowed: it must be a member's name"),
        (["--member", "orders-100"], "member 'orders-100' is not allowed"),
    ],
)
def test_a_bad_one_is_a_sentence(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    taken.clear()
    assert run(app, arguments, "durabase") == 2
    assert capsys.readouterr().err.startswith(sentence)
    assert taken == []
