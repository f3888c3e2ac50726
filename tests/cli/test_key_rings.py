"""A ring's listing: which keys it shows, in which order, and what needs them in words."""

from datetime import UTC, datetime

import pytest

from cli.key_rings import KeyState, Need, listing, needed_by

AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
LATER = datetime(2026, 1, 3, tzinfo=UTC)


def is_open(name: str) -> Need:
    return Need(workflow_id=name, run_id=f"run-of-{name}")


def closed(name: str, until: datetime = AT) -> Need:
    return Need(workflow_id=name, run_id=f"closed-{until}", until=until)


def test_the_current_key_comes_first_and_a_missing_one_last() -> None:
    listed = listing("3", {"1": b"", "2": b"", "3": b""}, {"2": {is_open("orders")}, "0": {closed("lost")}})
    assert [(key.id, key.state) for key in listed] == [
        ("3", KeyState.CURRENT),
        ("1", KeyState.KEPT),
        ("2", KeyState.KEPT),
        ("0", KeyState.MISSING),
    ]
    assert [key.needed_by for key in listed] == [(), (), (is_open("orders"),), (closed("lost"),)]


def test_open_workflows_come_before_closed_ones_each_by_name() -> None:
    [key] = listing("1", ["1"], {"1": {closed("a"), is_open("c"), is_open("b")}})
    assert [need.workflow_id for need in key.needed_by] == ["b", "c", "a"]


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        ([], "nothing"),
        ([is_open("orders")], "orders"),
        ([is_open(name) for name in "cabed"], "a, b, c, 2 more that are open"),
        ([closed("a")], "1 closed run until 2026-01-02 03:04 UTC"),
        ([closed("a"), closed("a", LATER), is_open("b")], "b, 2 closed runs until 2026-01-03 00:00 UTC"),
    ],
)
def test_in_words(needs: list[Need], words: str) -> None:
    assert needed_by(needs) == words
