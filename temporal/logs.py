"""Logs: every line names its cluster, member and step where it has them, and holds no secret."""

import logging
import sys

from temporalio import activity, workflow

from model.errors import StepError

FORMAT = "%(asctime)s %(levelname)s %(where)s%(message)s"


class WhereFilter(logging.Filter):
    """Adds `where`: the cluster, member, step and attempt that the line was written for. A failed step is one line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Complete the record; none is ever dropped."""
        record.where = _where()
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and isinstance(error.__cause__, StepError):
            # What was expected to fail is said in one line; where it arose stands in the workflow's history.
            record.msg, record.args, record.exc_info = "%s", (f"failed: {error}",), None
        return True


def log_to_stderr(level: int = logging.INFO) -> None:
    """Send this process's logs to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(WhereFilter())
    handler.setFormatter(logging.Formatter(FORMAT))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # paramiko logs each connection's ciphers at INFO, temporalio puts its context behind each message as well.
    logging.getLogger("paramiko").setLevel(logging.WARNING)
    activity.logger.activity_info_on_message = False
    workflow.logger.workflow_info_on_message = False


def _where() -> str:
    if activity.in_activity():
        info = activity.info()
        cluster = (info.workflow_id or "").split("/")[0]
        step, _, member = info.activity_id.partition("/")
        return f"cluster={cluster} member={member or '-'} step={step} attempt={info.attempt} "
    if workflow.in_workflow():
        return f"cluster={workflow.info().workflow_id.split('/')[0]} member=- step=- "
    return ""
