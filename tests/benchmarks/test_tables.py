from benchmarks import tables
from benchmarks.cloud_calls import Calls
from benchmarks.death import Death
from benchmarks.scale import Costs, Scale
from benchmarks.throughput import Throughput

DONE = Throughput("durabase", 2.0, 50, 50, 49, 4.126, 3.0, 4.0, 5 * 2**20)


def last(table: str) -> str:
    return table.splitlines()[-1]


def test_throughput() -> None:
    row = last(tables.throughput([DONE]))
    assert row == "| durabase | 2 s | 50 | 49 of 50 | 4.13 | 3.00 s | 4.00 s | 5 MiB |"


def test_what_was_not_measured_says_why() -> None:
    row = last(tables.throughput([Throughput("Celery", 0, 1, 5, error="a stack\nno broker\n")]))
    assert row == "| Celery | 0 s | 1 | no broker |  |  |  |  |"
    assert last(tables.death([Death("Celery", "prepare", 4, error="no broker")])).count("|") == 7


def test_death() -> None:
    never, soon = Death("Celery", "prepare", 4, 1, 0, 1, None), Death("DBOS", "prepare", 4, 4, 1, 2, 1.25)
    assert last(tables.death([never])) == "| Celery | prepare | 1 of 4 | 1 | 0 | never |"
    assert last(tables.death([soon])) == "| DBOS | prepare | 4 of 4 | 2 | 1 | 1.2 s |"


def test_cloud_calls() -> None:
    calls = {"list_servers": 6.0, "create": 1.0}
    assert last(tables.cloud_calls([Calls(0, 1, calls)])).startswith("| none: one whole build | 7 in all | create 1,")
    assert last(tables.cloud_calls([Calls(100, 99, {"list_servers": 2.0})])).startswith("| 99 of 100 | 2 a second |")


def test_scale() -> None:
    costs = Costs("durabase", {"cluster": 20, "provision": 60}, {"cluster": 900, "provision": 800}, {"worker": 0.5})
    text = tables.scale(Scale(2, 2**20, 3 * 2**20, {2: DONE}, [costs]))
    assert text.startswith("2 builds parked on one worker: 1 MiB before, 3 MiB after, 1024 KiB a build\n")
    assert "| 2 | 49 of 50 | 4.13 |" in text
    assert last(text) == "| durabase | 20 | 60 | 900 | 800 | 0.500 s |"
