from pathlib import Path

from benchmarks.five_steps import BEGIN, CLUSTER_COMPLETE, END, PREPARE, SUBMIT, Entry
from benchmarks.journal import Tail, begun_again, doubled, durations, resumed

JOURNAL = [
    Entry(1.0, "orders", SUBMIT, BEGIN),
    Entry(2.0, "orders", PREPARE, BEGIN),
    Entry(5.0, "orders", PREPARE, BEGIN),
    Entry(6.0, "orders", PREPARE, END),
    Entry(7.0, "orders", CLUSTER_COMPLETE, BEGIN),
    Entry(8.0, "orders", CLUSTER_COMPLETE, END),
    Entry(9.0, "orders", CLUSTER_COMPLETE, END),
    Entry(3.0, "users", SUBMIT, BEGIN),
    Entry(4.0, "users", PREPARE, BEGIN),
]


def test_a_cluster_takes_from_its_submission_to_the_first_end_of_its_last_step() -> None:
    assert durations(JOURNAL) == {"orders": 7.0}


def test_what_ended_twice_is_doubled_and_what_began_twice_is_begun_again() -> None:
    assert (doubled(JOURNAL), begun_again(JOURNAL)) == (1, 1)


def test_progress_resumes_when_each_open_build_has_gone_on() -> None:
    assert resumed(JOURNAL, 3.5) == 1.5
    assert resumed(JOURNAL, 4.5) is None
    assert resumed([entry for entry in JOURNAL if entry.cluster == "orders"], 6.5) == 0.5


def test_a_tail_reads_whole_lines_only_and_each_once(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    tail = Tail(file)
    assert tail.more() == []
    file.write_text("1.0 orders prepare begin\n2.0 orders pre")
    assert tail.more() == [Entry(1.0, "orders", "prepare", "begin")]
    file.write_text("1.0 orders prepare begin\n2.0 orders prepare end\n")
    assert tail.more() == [Entry(2.0, "orders", "prepare", "end")]
    assert len(tail.entries) == 2
