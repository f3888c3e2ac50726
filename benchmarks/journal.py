"""What a run's journal says: what is complete, how long it took, what was done twice. Pure but for Tail."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from benchmarks.five_steps import BEGIN, CLUSTER_COMPLETE, END, SUBMIT, Entry, entries


class Tail:
    """Reads a journal as it grows."""

    def __init__(self, file: Path) -> None:
        self.entries: list[Entry] = []
        self._file = file
        self._read = 0

    def more(self) -> list[Entry]:
        """Return the lines that came since the last time."""
        if not self._file.exists():
            return []
        with self._file.open() as journal:
            journal.seek(self._read)
            text = journal.read()
        whole = text[: text.rfind("\n") + 1]
        self._read += len(whole)
        new = list(entries(whole))
        self.entries += new
        return new


def durations(journal: Iterable[Entry]) -> dict[str, float]:
    """Return the seconds from a cluster's submission to the first end of its last step, of those that came there."""
    submitted: dict[str, float] = {}
    taken: dict[str, float] = {}
    for entry in sorted(journal):
        if entry.step == SUBMIT:
            submitted.setdefault(entry.cluster, entry.at)
        elif (entry.step, entry.mark) == (CLUSTER_COMPLETE, END):
            taken.setdefault(entry.cluster, entry.at - submitted[entry.cluster])
    return taken


def doubled(journal: Iterable[Entry], mark: str = END) -> int:
    """Return how many steps have this mark more often than once: ended twice, or begun again."""
    times = Counter((entry.cluster, entry.step) for entry in journal if entry.mark == mark and entry.step != SUBMIT)
    return sum(count - 1 for count in times.values())


def begun_again(journal: Iterable[Entry]) -> int:
    """Return how often a step was begun that had begun before."""
    return doubled(journal, BEGIN)


def resumed(journal: Iterable[Entry], after: float) -> float | None:
    """Return the seconds from a moment until each build that was under way has gone on; None if one never did."""
    entries = sorted(journal)
    complete = durations(entry for entry in entries if entry.at <= after)
    under_way = {entry.cluster for entry in entries} - complete.keys()
    went_on: dict[str, float] = {}
    for entry in entries:
        if entry.at > after and entry.step != SUBMIT:
            went_on.setdefault(entry.cluster, entry.at - after)
    if not under_way or not under_way <= went_on.keys():
        return None
    return max(went_on[cluster] for cluster in under_way)
