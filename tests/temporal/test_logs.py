"""A line of the log names its cluster, member and step, and is one that a person reads once."""

import dataclasses
import json
import logging
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from model.errors import GuestError
from temporal.logs import LogFormat, log_to_stderr


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    logging.captureWarnings(False)
    root.handlers[:], root.level = handlers, level


def environment(workflow_id: str, activity_id: str, attempt: int = 1) -> ActivityEnvironment:
    environment = ActivityEnvironment()
    environment.info = dataclasses.replace(
        environment.info, workflow_id=workflow_id, activity_id=activity_id, attempt=attempt
    )
    return environment


def warn() -> None:
    activity.logger.warning("server %s doubles %s", "s-2", "s-1")
    logging.getLogger("durabase.guests").warning("connected")


def test_an_activity_s_line_has_cluster_member_step_and_attempt(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr()
    environment("orders/provision", "create_server/orders-2", attempt=3).run(warn)
    lines = capsys.readouterr().err.splitlines()
    where = "cluster=orders member=orders-2 step=create_server attempt=3"
    found = [line.partition(" WARNING ")[2] for line in lines]
    assert found == [f"{where} server s-2 doubles s-1", f"{where} connected"]


def test_a_step_of_a_whole_cluster_has_no_member(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr()
    environment("orders/provision", "verify_resources").run(warn)
    assert "cluster=orders member=- step=verify_resources attempt=1 connected" in capsys.readouterr().err


def fail() -> None:
    """Fail as temporal/interceptor.py does, and log it as the SDK does."""
    try:
        try:
            raise GuestError("initdb failed: no space left on device")
        except GuestError as error:
            raise ApplicationError(str(error), type="GuestError") from None
    except ApplicationError:
        activity.logger.warning("Completing activity as failed", exc_info=True)


def test_a_failed_step_is_one_line_in_its_own_words(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr()
    environment("orders/provision", "prepare/orders-1").run(fail)
    (line,) = capsys.readouterr().err.splitlines()
    where = "cluster=orders member=orders-1 step=prepare attempt=1"
    assert line.endswith(f"{where} failed: GuestError: initdb failed: no space left on device")


def test_a_line_from_elsewhere_names_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr()
    logging.getLogger("durabase.worker").info("serving")
    assert capsys.readouterr().err.endswith(" INFO serving\n")


def test_debugging_and_paramiko_s_small_talk_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr()
    logging.getLogger("durabase").debug("detail")
    logging.getLogger("paramiko.transport").info("Connected (version 2.0)")
    logging.getLogger("paramiko.transport").error("Traceback (most recent call last):")
    assert capsys.readouterr().err == ""


def test_a_second_call_does_not_double_the_lines(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr()
    log_to_stderr()
    logging.getLogger("durabase").info("once")
    assert len(capsys.readouterr().err.splitlines()) == 1


# As JSON.


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_of_json_says_when_who_and_what(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr(log_format=LogFormat.JSON)
    logging.getLogger("durabase.worker").info("serving %s\nand “more”", "durabase")
    (line,) = written(capsys)
    when = datetime.fromisoformat(line.pop("time"))
    assert when.tzinfo == UTC
    assert abs((datetime.now(UTC) - when).total_seconds()) < 60
    assert line == {"level": "INFO", "logger": "durabase.worker", "message": "serving durabase\nand “more”"}


def test_a_line_of_json_from_an_activity_names_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr(log_format=LogFormat.JSON)
    environment("orders/provision", "create_server/orders-2", attempt=3).run(warn)
    of_activity, of_guests = written(capsys)
    assert (of_activity.pop("message"), of_guests.pop("message")) == ("server s-2 doubles s-1", "connected")
    place = {"cluster": "orders", "member": "orders-2", "step": "create_server", "attempt": 3}
    for line in (of_activity, of_guests):
        assert line.items() >= {**place, "workflow_id": "orders/provision", "run_id": "test-run"}.items()


def test_a_step_of_a_whole_cluster_has_no_member_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr(log_format=LogFormat.JSON)
    environment("orders/provision", "verify_resources").run(warn)
    assert all("member" not in line and line["step"] == "verify_resources" for line in written(capsys))


def test_a_failed_step_is_one_line_of_json_with_its_class(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr(log_format=LogFormat.JSON)
    environment("orders/provision", "prepare/orders-1").run(fail)
    (line,) = written(capsys)
    assert line["message"] == "failed: GuestError: initdb failed: no space left on device"
    assert (line["error"], "stack" in line) == ("GuestError", False)


def test_what_nobody_expected_has_its_stack(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr(log_format=LogFormat.JSON)
    try:
        raise KeyError("x")
    except KeyError:
        logging.getLogger("durabase").exception("a bug")
    (line,) = written(capsys)
    assert (line["level"], line["message"], line["error"]) == ("ERROR", "a bug", "KeyError")
    assert line["stack"].startswith("Traceback (most recent call last):\n")


def test_a_warning_of_python_s_is_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr(log_format=LogFormat.JSON)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    (line,) = written(capsys)
    assert (line["logger"], line["level"]) == ("py.warnings", "WARNING")
    assert "DeprecationWarning: old" in line["message"]
