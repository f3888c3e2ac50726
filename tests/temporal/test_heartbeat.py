"""The note and the lease of a running attempt: its own, and heard of nowhere else."""

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import AttemptOver
from temporal.heartbeat import Note, confirm_current, note, noting, require_current


def test_outside_an_activity_a_note_is_for_nobody() -> None:
    note("nobody hears this")
    with noting() as current:
        assert current.text == ""


def test_the_latest_note_counts_and_ends_with_its_activity() -> None:
    with noting() as current:
        note("first")
        note("second")
        assert current.text == "second"
    note("late")
    assert current.text == "second"


async def test_activities_side_by_side_have_notes_of_their_own() -> None:
    async def activity(name: str) -> str:
        with noting() as current:
            await asyncio.sleep(0)
            note(name)
            await asyncio.sleep(0)
            return current.text

    assert await asyncio.gather(*map(activity, "abc")) == ["a", "b", "c"]


async def test_a_thread_of_the_activity_writes_its_note() -> None:
    with noting() as current:
        await asyncio.to_thread(note, "from a thread")
        assert current.text == "from a thread"


class Clock:
    """A clock that a test sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr("temporal.heartbeat.time.clock_gettime", lambda _: self.now)


@given(st.lists(st.tuples(st.sampled_from(["beat", "look"]), st.floats(0, 20))))
def test_once_a_heartbeat_was_too_old_the_attempt_is_over_for_good(steps: list[tuple[str, float]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock(patch)
        note, last, over = Note(8.0), clock.now, False
        for what, seconds in steps:
            clock.now += seconds
            over = over or clock.now - last > 8.0
            if what == "beat":
                note.beat()
                last = clock.now
            else:
                with pytest.raises(AttemptOver) if over else nullcontext():
                    note.require_current()


def test_outside_an_activity_every_effect_is_allowed() -> None:
    require_current()


def test_an_activitys_thread_is_refused_once_its_attempt_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    with noting(Note(8.0)):
        require_current()
        clock.now += 9
        with pytest.raises(AttemptOver, match="was stopped, or cut off from Temporal, for too long"):
            require_current()


async def test_the_server_s_word_counts_beside_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that was suspended may have had its clocks stand still, too."""
    clock = Clock(monkeypatch)
    asked: list[tuple[str, ...]] = []

    async def known(details: Sequence[str]) -> None:
        asked.append(tuple(details))

    async def unknown(_: Sequence[str]) -> None:
        raise AttemptOver("Temporal has given the step to another one")

    with noting(Note(8.0, known)):
        note("asks for the server")
        await confirm_current()
        assert asked == [("asks for the server",)]
    with noting(Note(8.0, unknown)), pytest.raises(AttemptOver, match="another one"):
        await confirm_current()
    with noting(Note(8.0, known)):
        clock.now += 9
        with pytest.raises(AttemptOver):
            await confirm_current()
    assert len(asked) == 1, "an attempt that is over by its own clock asks nothing"
