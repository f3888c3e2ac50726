"""What a build's duration consists of, along its longest chain of calls."""

import pytest

from benchmarks.calls import Call, longest_chain, parts

PLAN = Call("plan", 0.1, 0.2, 1.0)
SLOW = Call("create_server", 1.2, 1.3, 3.0)
QUICK = Call("create_volume", 1.2, 1.3, 2.0)
LAST = Call("prepare", 3.5, 3.6, 5.0)


def test_the_chain_goes_through_what_ended_last_before_each_call() -> None:
    assert longest_chain([LAST, QUICK, SLOW, PLAN]) == [PLAN, SLOW, LAST]


def test_the_parts_are_the_whole_duration() -> None:
    taken = parts([PLAN, SLOW, QUICK, LAST], 5.25)
    assert taken == pytest.approx((0.1, 0.7, 0.3, 3.9, 0.25))
    assert sum(taken) == pytest.approx(5.25)
