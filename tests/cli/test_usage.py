"""What typer refuses, in durabase's words."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.exceptions import TyperException

from cli.usage import LONGEST, usage_sentence

app = typer.Typer(add_completion=False)


class Color(StrEnum):
    RED = "red"
    BLUE = "blue"


@app.command()
def paint(
    what: Color,
    times: int = 1,
    share: float = 0.5,
    color: Annotated[Color, typer.Option("--color", "-c")] = Color.RED,
    out: Path = Path(),
) -> None:
    pass


def sentence(*arguments: str) -> str:
    with pytest.raises(TyperException) as refused:
        app(args=arguments, standalone_mode=False)
    return usage_sentence(refused.value)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["red", "--times", "many"], "--times 'many' is not allowed: it must be a whole number"),
        (["red", "--times="], "--times '' is not allowed: it must be a whole number"),
        (["red", "--times", "\udcff"], "--times '\\udcff' is not allowed: it must be a whole number"),
        (["red", "--share", "half"], "--share 'half' is not allowed: it must be a number"),
        (["red", "-c", "gr\nay"], "--color 'gr\\nay' is not allowed: it must be one of red, blue"),
        (["gray"], "what 'gray' is not allowed: it must be one of red, blue"),
        (["red", "--out", "a\0b"], "--out 'a\\x00b' is not allowed: it must be a path"),
        (["red", "--times"], "Option '--times' requires an argument."),
        (["red", "--tim\x1bes"], "No such option: --tim\\x1bes"),
        (["red", "b\tlue\n"], "Got unexpected extra argument(s) (b\\x09lue\\x0a)"),
    ],
)
def test_it_is_one_line_with_option_value_and_what_is_allowed(arguments: list[str], said: str) -> None:
    assert sentence(*arguments).startswith(said)
    assert sentence(*arguments).isprintable()


def test_a_missing_argument_is_said_on_one_line() -> None:
    assert sentence() == "Missing argument 'what'. Choose from: red, blue"


def test_what_is_long_is_cut() -> None:
    assert len(sentence("red", "--" + "x" * 2**20)) < LONGEST + 9
    assert len(sentence("red", "--times", "9" * 2**20)) < LONGEST
