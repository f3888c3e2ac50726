"""Logs: every line names its cluster, member and step where it has them, and holds no secret."""

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum

from temporalio import activity, workflow
from temporalio.exceptions import ApplicationError

from model.errors import StepError

FORMAT = "%(asctime)s %(levelname)s %(where)s%(message)s"

IN_TEXT = ("cluster", "member", "step", "attempt")
"""What a line of text says of where it comes from; the rest stands in JSON only."""


class LogFormat(StrEnum):
    """How a line of the log is written: for people, or as one JSON object for programs."""

    TEXT = "text"
    JSON = "json"


class WhereFilter(logging.Filter):
    """Adds `place`: the workflow, step and attempt that the line was written for. A failed step is one line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Complete the record; none is ever dropped."""
        record.place = place = _place()
        record.where = "".join(f"{name}={place[name] or '-'} " for name in IN_TEXT if name in place)
        error = record.exc_info[1] if record.exc_info else None
        expected = error.__context__ if isinstance(error, ApplicationError) else None
        if isinstance(expected, StepError):
            # What was expected to fail is said in one line; where it arose stands in the workflow's history.
            record.msg, record.args, record.exc_info = "%s", (f"failed: {error}",), None
            place["error"] = type(expected).__name__
        return True


class JsonFormatter(logging.Formatter):
    """Writes each record as one JSON object on one line; docs/metrics.md lists its fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line: what there is to say of its place, and a stack only for what nobody expected."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in getattr(record, "place", {}).items() if value},
        }
        if record.exc_info and record.exc_info[0]:
            line |= {"error": record.exc_info[0].__name__, "stack": self.formatException(record.exc_info)}
        if hasattr(record, "temporal_log"):
            line["fields"] = record.temporal_log.fields
        return json.dumps(line, default=str)


def log_to_stderr(level: int = logging.INFO, log_format: LogFormat = LogFormat.TEXT) -> None:
    """Send this process's logs to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(WhereFilter())
    handler.setFormatter(JsonFormatter() if log_format is LogFormat.JSON else logging.Formatter(FORMAT))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(log_format is LogFormat.JSON)
    # paramiko logs each connection's ciphers, and the stack of whatever it raises line by line; temporalio puts its
    # context behind each message as well.
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    activity.logger.activity_info_on_message = False
    workflow.logger.workflow_info_on_message = False


def _place() -> dict[str, object]:
    if activity.in_activity():
        info = activity.info()
        step, _, member = info.activity_id.partition("/")
        names = {"member": member, "step": step, "attempt": info.attempt}
        return {**_workflow(info.workflow_id or "", info.workflow_run_id or ""), **names}
    if workflow.in_workflow():
        running = workflow.info()
        return {**_workflow(running.workflow_id, running.run_id), "member": "", "step": ""}
    return {}


def _workflow(workflow_id: str, run_id: str) -> Mapping[str, object]:
    return {"cluster": workflow_id.split("/")[0], "workflow_id": workflow_id, "run_id": run_id}
