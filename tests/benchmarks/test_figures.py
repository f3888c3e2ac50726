import pytest

from benchmarks.figures import markdown, mebibytes, percentile


@pytest.mark.parametrize(("share", "expected"), [(1, 1.0), (50, 2.0), (51, 3.0), (95, 4.0), (100, 4.0)])
def test_a_percentile_is_one_of_the_numbers(share: float, expected: float) -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], share) == expected


def test_the_only_number_is_every_percentile() -> None:
    assert [percentile([7.0], share) for share in (0, 50, 95, 100)] == [7.0] * 4


def test_a_table_in_markdown() -> None:
    table = markdown(("engine", "p50"), [("durabase", "1.00 s")])
    assert table == "| engine | p50 |\n| --- | ---: |\n| durabase | 1.00 s |"


def test_mebibytes_are_whole() -> None:
    assert mebibytes(3 * 2**20 + 1000) == "3"
