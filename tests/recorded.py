"""The recorded histories, and what a test reads in them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory

HISTORIES = Path(__file__).parent / "histories"


@dataclass(frozen=True)
class Recorded:
    """One recorded run."""

    path: Path

    @property
    def name(self) -> str:
        """The scenario and the run in it."""
        return f"{self.path.parent.name}/{self.path.stem}"

    @property
    def workflow_type(self) -> str:
        """The type of the recorded workflow."""
        return self.path.stem.partition("-")[2]

    @property
    def text(self) -> str:
        """The history's JSON."""
        return self.path.read_text()

    @property
    def history(self) -> WorkflowHistory:
        """The history as the Replayer takes it."""
        return WorkflowHistory.from_json(self.name, self.text)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events, in protobuf's JSON."""
        events: list[dict[str, Any]] = json.loads(self.text)["events"]
        return events

    def scheduled(self) -> list[tuple[str, str]]:
        """The id and type of every scheduled activity, in order."""
        attributes = [event.get("activityTaskScheduledEventAttributes") for event in self.events]
        return [(each["activityId"], each["activityType"]["name"]) for each in attributes if each]

    def moments(self) -> Iterator[tuple[frozenset[str], bool, dict[str, Any]]]:
        """After each event: the ids of the activities completed so far, whether the run failed, and the event."""
        ids: dict[str, str] = {}
        completed: frozenset[str] = frozenset()
        for event in self.events:
            if scheduled := event.get("activityTaskScheduledEventAttributes"):
                ids[event["eventId"]] = scheduled["activityId"]
            if done := event.get("activityTaskCompletedEventAttributes"):
                completed |= {ids[done["scheduledEventId"]]}
            yield completed, "workflowExecutionFailedEventAttributes" in event, event


RECORDED = [Recorded(path) for path in sorted(HISTORIES.glob("*/*.json"))]
