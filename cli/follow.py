"""Follows an operation to its end, in a live table or, where standard output is no terminal, line by line."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from rich.console import Group
from rich.live import Live
from rich.text import Text
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError

from cli.observe import Observation, observe
from cli.session import Session
from cli.table import STALE, cluster_table, waits
from cli.times import clock
from cli.view import MemberView
from cli.voice import Voice, as_typed
from model.cluster import Status

REFRESH_SECONDS = 0.5

PATIENCE_SECONDS = 8.0
"""More than a query without a worker takes; the SDK itself would wait for half a minute."""


class Screen(ABC):
    """Where a followed cluster is shown."""

    @abstractmethod
    def show(self, observation: Observation) -> None:
        """Show where the cluster stands now."""

    @abstractmethod
    def trouble(self, text: str) -> None:
        """Say why nothing new can be shown now."""


class LiveScreen(Screen):
    """A table that is drawn again in place."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def show(self, observation: Observation) -> None:
        """Draw the table again."""
        table = cluster_table(observation.view, datetime.now(UTC), self._live.console.width, brief=True)
        warning = Text(as_typed(STALE) if observation.is_unanswered else "", "yellow")
        self._live.update(Group(table, warning) if warning else table, refresh=True)

    def trouble(self, text: str) -> None:
        """Write below the last table."""
        self._live.update(Text(text, "yellow"), refresh=True)


class LineScreen(Screen):
    """A line for each thing that changed."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._last: dict[str, object] = {}

    def show(self, observation: Observation) -> None:
        """Print what has changed since the last time; a step's notes come and go, and are no change."""
        view = observation.view
        doing = f": {view.doing}" if view.doing and not view.members else ""
        headline = f"{view.name} {view.operation or ''} {view.displayed}{doing}"
        self._print(view.name, headline, headline)
        for member in view.members:
            error = member.last_error if _is_again(member) else None
            self._print(member.name, (member.status, member.step, member.attempt, error), _line(member))
        if observation.is_unanswered:
            self._print("", STALE, STALE)

    def trouble(self, text: str) -> None:
        """Print it once."""
        self._print("", text, text)

    def _print(self, subject: str, state: object, line: str) -> None:
        if self._last.get(subject) != state:
            self._last[subject] = state
            self._voice.note(f"{clock(datetime.now(UTC))} {line}")


async def follow(session: Session, name: str, voice: Voice) -> Observation:
    """Show a cluster until its operation is over, and return how it ended. Ctrl-C only ends the following."""
    async with _goes_on(name, voice):
        with _screen(voice) as screen:
            return await _until_over(session, name, screen)


def is_over(observation: Observation) -> bool:
    """Return whether nothing goes on in a cluster: it stands, it failed, or its workflow has closed."""
    view = observation.view
    if not observation.is_open:
        return True
    if view.stale or view.busy:
        return False
    return view.status in (Status.ACTIVE, Status.FAILED) or view.fault is not None


def succeeded(observation: Observation) -> bool:
    """Return whether the operation that is over ended well."""
    if not observation.is_open:
        return observation.run_status is WorkflowExecutionStatus.COMPLETED
    return observation.view.status is Status.ACTIVE


async def _until_over(session: Session, name: str, screen: Screen) -> Observation:
    first_id: str | None = None
    last: Observation | None = None
    while True:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                observation = await observe(session, name)
        except (RPCError, TimeoutError):
            screen.trouble("Temporal does not answer; asked again and again until it does, or until Ctrl-C")
        else:
            first_id = first_id or observation.view.id
            if observation.view.id != first_id and last is not None:
                return replace(last, run_status=WorkflowExecutionStatus.COMPLETED)
            last = observation
            screen.show(observation)
            if is_over(observation):
                return observation
        await asyncio.sleep(REFRESH_SECONDS)


@contextmanager
def _screen(voice: Voice) -> Iterator[Screen]:
    if not voice.console.is_terminal:
        yield LineScreen(voice)
        return
    with Live(console=voice.console, auto_refresh=False, vertical_overflow="visible") as live:
        yield LiveScreen(live)


@asynccontextmanager
async def _goes_on(name: str, voice: Voice) -> AsyncIterator[None]:
    try:
        yield
    except asyncio.CancelledError:
        voice.note(f"no longer following; {name} goes on: `durabase wait {name}` follows it again")
        raise


def _line(member: MemberView) -> str:
    words = [member.name, member.role, member.status, member.step]
    words += [f"attempt {member.attempt}", waits(member, brief=True)] if _is_again(member) else []
    return " ".join(word for word in words if word)


def _is_again(member: MemberView) -> bool:
    return (member.attempt or 1) > 1
