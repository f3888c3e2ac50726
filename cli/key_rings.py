"""A ring of keys as `payload-keys` and `root-keys` show it: which key is current, and what still needs each."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import TypeAdapter
from rich.text import Text

from cli.columns import columns
from cli.session import Session, open_session
from cli.times import moment
from cli.voice import Voice
from keys import Ring
from model.base import Noun

NAMES_SHOWN = 3


class Need(Noun):
    """A run of a workflow that needs a key; `until` is when Temporal may forget a closed one, None while it is open."""

    workflow_id: str
    run_id: str
    until: datetime | None = None


Needs = Mapping[str, Collection[Need]]
"""What needs a key, by the key's id."""


class KeyState(StrEnum):
    """What a key is to its ring: for what is new, kept for what is old, or needed and not there."""

    CURRENT = "current"
    KEPT = "kept"
    MISSING = "missing"


class ListedKey(Noun):
    """One key, never with its bytes."""

    id: str
    state: KeyState
    needed_by: tuple[Need, ...]


LISTING = TypeAdapter(list[ListedKey])


@dataclass(frozen=True)
class KeyCommand:
    """What tells one ring's command from the other's.

    `ask_needs` finds out what needs the keys; `steps` says where a new key of the settings goes, and in which order.
    """

    ring: Ring
    ask_needs: Callable[[Session, Voice], Awaitable[Needs]]
    steps: str


async def list_keys(command: KeyCommand, voice: Voice) -> int:
    """Show every key of a ring and what needs it."""
    session = await open_session()
    listed = listing(*session.settings.ring(command.ring), await command.ask_needs(session, voice))
    if voice.json:
        voice.result(LISTING.dump_json(listed, indent=2).decode())
    else:
        voice.show(*_lines(listed))
    return voice.told()


def listing(current: str, held: Iterable[str], needs: Needs) -> list[ListedKey]:
    """Return the keys that are held or needed: the current one first, then the others in the order of the ring."""
    others = [key_id for key_id in held if key_id != current]
    missing = sorted(set(needs) - {current, *others})
    states = [(KeyState.CURRENT, [current]), (KeyState.KEPT, others), (KeyState.MISSING, missing)]
    return [
        ListedKey(id=key_id, state=state, needed_by=tuple(sorted(needs.get(key_id, ()), key=_open_first)))
        for state, ids in states
        for key_id in ids
    ]


def needed_by(needs: Iterable[Need]) -> str:
    """Return what needs a key, in words: open workflows by name, closed runs by number and end."""
    names = sorted({need.workflow_id for need in needs if need.until is None})
    ends = [need.until for need in needs if need.until is not None]
    words = names[:NAMES_SHOWN]
    if names[NAMES_SHOWN:]:
        words.append(f"{len(names) - NAMES_SHOWN} more that are open")
    if ends:
        words.append(f"{_count(len(ends), 'closed run')} until {moment(max(ends))}")
    return ", ".join(words) or "nothing"


def _open_first(need: Need) -> tuple[bool, str, str]:
    return need.until is not None, need.workflow_id, need.run_id


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _lines(listed: Sequence[ListedKey]) -> list[Text]:
    return columns(("key", "state", "needed by"), [(each.id, each.state, needed_by(each.needed_by)) for each in listed])
