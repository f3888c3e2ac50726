"""Plain columns: aligned, never cut, and never wrapped where a program reads them. Pure."""

from collections.abc import Sequence

from rich.text import Text

GAP = "  "

Cell = Text | str | None


def columns(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> list[Text]:
    """Return a line for the header and one for each row, every column as wide as its widest cell."""
    table = [[Text(title, "dim") for title in header], *([_text(cell) for cell in row] for row in rows)]
    widths = [max(line[column].cell_len for line in table) for column in range(len(header))]
    return [_line(line, widths) for line in table]


def _line(cells: Sequence[Text], widths: Sequence[int]) -> Text:
    line = Text()
    for cell, width in zip(cells, widths, strict=True):
        line.append_text(cell)
        line.append(" " * (width - cell.cell_len) + GAP)
    line.rstrip()
    return line


def _text(cell: Cell) -> Text:
    return cell if isinstance(cell, Text) else Text(cell or "")
