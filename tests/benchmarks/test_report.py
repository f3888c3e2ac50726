"""The ratio that the benchmark prints."""

import json
from pathlib import Path

import pytest

from benchmarks.calls import Call
from benchmarks.report import DURABASE, PLAIN, Comparison, print_report, write_report
from benchmarks.sides import Run


def run(seconds: float, process: str) -> Run:
    return Run(seconds, {process: 0.5}, [Call("plan/engine", 0.0, 0.0, 0.1), Call("prepare/a-1", 0.2, 0.3, 0.9)])


@pytest.fixture
def comparison() -> Comparison:
    """Three pairs, between the second and third of which the machine became twice as slow."""
    ours, plain = [11.0, 22.0, 48.0], [10.0, 20.0, 40.0]
    return Comparison(
        3, {DURABASE: [run(each, "worker") for each in ours], PLAIN: [run(each, "script") for each in plain]}
    )


def test_the_ratio_is_that_of_neighbours(comparison: Comparison) -> None:
    assert comparison.ratios == pytest.approx([1.1, 1.1, 1.2])


def test_the_table_has_the_ratio_the_parts_the_steps_and_the_processor(
    comparison: Comparison, capsys: pytest.CaptureFixture[str]
) -> None:
    print_report([comparison])
    table = capsys.readouterr().out
    assert "1.10 (1.10-1.15)" in table
    for row in ("between calls", "prepare", "processor: worker"):
        assert row in table


def test_every_number_is_kept(comparison: Comparison, tmp_path: Path) -> None:
    write_report([comparison], tmp_path / "results" / "overhead.json")
    document = json.loads((tmp_path / "results" / "overhead.json").read_text())
    assert document["ratios"] == {"3": 1.1}
    assert [each["seconds"] for each in document["runs"]["3"][PLAIN]] == [10.0, 20.0, 40.0]
