"""Numbers as people read them: percentiles and tables. All pure."""

from collections.abc import Sequence
from math import ceil


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest of the sorted numbers that at least `share` percent do not exceed (nearest rank)."""
    return ordered[max(ceil(share / 100 * len(ordered)), 1) - 1]


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, its columns but the first aligned right."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def mebibytes(count: float) -> str:
    """Return bytes as whole MiB."""
    return f"{count / 2**20:.0f}"
