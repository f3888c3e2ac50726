"""What a build called and when, and the chain of calls that its duration consists of. All pure."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple


class Call(NamedTuple):
    """One call by its activity id; when it was asked for, began and ended, in seconds after the build's beginning."""

    name: str
    asked: float
    began: float
    ended: float


class Parts(NamedTuple):
    """A build's duration in seconds, along its longest chain of calls."""

    begin: float
    """Until the first call was asked for."""
    between: float
    """From a call's end until the next was asked for."""
    dispatch: float
    """From asking for a call until it began."""
    calls: float
    """In the calls themselves."""
    end: float
    """After the last call."""


def longest_chain(calls: Iterable[Call]) -> list[Call]:
    """Return the calls each of which was asked for when the one before it, the last of those in time, had ended."""
    calls = sorted(calls, key=lambda call: call.ended)
    chain = [calls[-1]]
    while earlier := [call for call in calls if call.ended <= chain[-1].asked]:
        chain.append(earlier[-1])
    return chain[::-1]


def parts(calls: Sequence[Call], duration: float) -> Parts:
    """Return what a build's duration consists of."""
    chain = longest_chain(calls)
    return Parts(
        begin=chain[0].asked,
        between=sum(after.asked - before.ended for before, after in pairwise(chain)),
        dispatch=sum(call.began - call.asked for call in chain),
        calls=sum(call.ended - call.began for call in chain),
        end=duration - chain[-1].ended,
    )
