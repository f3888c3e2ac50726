"""Aligned columns."""

from rich.text import Text

from cli.columns import columns


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    lines = columns(("name", "status"), [("a", Text("ACTIVE", "green")), ("longer", None)])
    assert [line.plain for line in lines] == ["name    status", "a       ACTIVE", "longer"]


def test_wide_characters_count_as_two() -> None:
    lines = columns(("n", "x"), [("數據", "1"), ("abcd", "2")])
    assert [line.plain for line in lines] == ["n     x", "數據  1", "abcd  2"]


def test_no_rows_leave_the_header() -> None:
    assert [line.plain for line in columns(("a", "b"), [])] == ["a  b"]
