"""What the benchmark found: the table it prints and the file it keeps."""

import json
import os
import platform
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

from rich.console import Console
from rich.table import Table

from benchmarks.calls import Parts, parts
from benchmarks.sides import Run

DURABASE, PLAIN = "durabase", "plain"

PARTS = ("before the first call", "between calls", "asked for, not begun", "in calls", "after the last call")
"""What people read for the fields of Parts."""


@dataclass
class Comparison:
    """The runs of both sides for one size of cluster."""

    nodes: int
    runs: dict[str, list[Run]] = field(default_factory=lambda: {DURABASE: [], PLAIN: []})

    def seconds(self, side: str) -> list[float]:
        """Return a side's durations."""
        return [run.seconds for run in self.runs[side]]

    @property
    def ratios(self) -> list[float]:
        """durabase's duration over the plain script's, of each pair: the two were built one after the other."""
        return [ours / plain for ours, plain in zip(self.seconds(DURABASE), self.seconds(PLAIN), strict=True)]

    def cpu(self, side: str) -> dict[str, float]:
        """Return the medians of the processor's seconds, by process."""
        runs = self.runs[side]
        return {process: median(run.cpu[process] for run in runs) for process in runs[0].cpu}

    def parts(self, side: str) -> Parts:
        """Return the median of each part of the duration."""
        taken = [parts(run.calls, run.seconds) for run in self.runs[side]]
        return Parts(*(median(each) for each in zip(*taken, strict=True)))

    def steps(self, side: str) -> dict[str, float]:
        """Return the median duration of each step's calls, in the order of a build."""
        found = defaultdict(list)
        for call in sorted((call for run in self.runs[side] for call in run.calls), key=lambda call: call.asked):
            found[call.name.partition("/")[0]].append(call.ended - call.began)
        return {step: median(seconds) for step, seconds in found.items()}


def print_report(comparisons: Sequence[Comparison]) -> None:
    """Print one table: the ratios, and what the durations consist of."""
    table = Table("medians (and quartiles), in seconds")
    columns = [(each, side) for each in comparisons for side in each.runs]
    for each, side in columns:
        table.add_column(f"{each.nodes} member{'s' * (each.nodes > 1)}\n{side}", justify="right")
    table.add_row("from create to ACTIVE", *(_spread(each.seconds(side)) for each, side in columns))
    ratios = [_spread(each.ratios) if side == DURABASE else "1" for each, side in columns]
    table.add_row("ratio, of each pair", *ratios, style="bold", end_section=True)
    for number, name in enumerate(PARTS):
        table.add_row(name, *(f"{each.parts(side)[number]:.3f}" for each, side in columns))
    table.add_section()
    for step in comparisons[0].steps(DURABASE):
        table.add_row(step, *(f"{each.steps(side)[step]:.3f}" for each, side in columns))
    table.add_section()
    for process in ("worker", "Temporal", "command line", "script"):
        seconds = [each.cpu(side).get(process) for each, side in columns]
        table.add_row(f"processor: {process}", *("" if each is None else f"{each:.2f}" for each in seconds))
    Console(highlight=False, width=110).print(table)


def write_report(comparisons: Sequence[Comparison], file: Path) -> None:
    """Keep every number in a file."""
    document = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors, "
        f"Python {platform.python_version()}",
        "load": os.getloadavg(),
        "ratios": {each.nodes: round(median(each.ratios), 3) for each in comparisons},
        "runs": {
            each.nodes: {side: [run._asdict() for run in runs] for side, runs in each.runs.items()}
            for each in comparisons
        },
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document) + "\n")


def _spread(seconds: Sequence[float]) -> str:
    if len(seconds) == 1:
        return f"{seconds[0]:.2f}"
    low, middle, high = quantiles(seconds, method="inclusive")
    return f"{middle:.2f} ({low:.2f}-{high:.2f})"
