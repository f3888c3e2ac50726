"""The note of a running activity: its own, and heard of nowhere else."""

import asyncio

from temporal.heartbeat import note, noting


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
