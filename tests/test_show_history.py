"""A recorded history can be read by whoever has the checkout."""

import json
import subprocess
import sys
from pathlib import Path

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import History, HistoryEvent
from temporalio.client import WorkflowHistory
from temporalio.exceptions import ApplicationError

from temporal.codec import PayloadKeys
from temporal.converter import data_converter

ROOT = Path(__file__).parent.parent


async def test_prints_input_failures_and_nulls_in_plain(tmp_path: Path, payload_keys: PayloadKeys) -> None:
    converter = data_converter(payload_keys)
    started = HistoryEvent(event_id=1, event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED)
    begun = started.workflow_execution_started_event_attributes
    begun.input.payloads.extend(await converter.encode([{"name": "orders"}, None]))
    failed = HistoryEvent(event_id=2, event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED)
    failure = failed.workflow_execution_failed_event_attributes.failure
    await converter.encode_failure(ApplicationError("flavor is not allowed"), failure)
    recorded = tmp_path / "history.json"
    recorded.write_text(WorkflowHistory("orders", History(events=[started, failed]).events).to_json())
    assert "orders" not in recorded.read_text()

    printed = json.loads(_show(recorded))

    first, second = printed["events"]
    assert first["workflowExecutionStartedEventAttributes"]["input"]["payloads"] == [{"name": "orders"}, None]
    shown = second["workflowExecutionFailedEventAttributes"]["failure"]["encodedAttributes"]
    assert shown["message"] == "flavor is not allowed"


def _show(path: Path) -> str:
    shown = subprocess.run(
        [sys.executable, "-m", "tests.show_history", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return shown.stdout
