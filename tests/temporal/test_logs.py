"""A line of the log names its cluster, member and step, and is one that a person reads once."""

import dataclasses
import logging
from collections.abc import Iterator

import pytest
from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from model.errors import GuestError
from temporal.logs import log_to_stderr


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
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
    try:
        try:
            raise GuestError("initdb failed: no space left on device")
        except GuestError as error:
            raise ApplicationError(str(error), type="GuestError") from error
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
    logging.getLogger("paramiko.transport").warning("Oops")
    assert capsys.readouterr().err.endswith(" WARNING Oops\n")


def test_a_second_call_does_not_double_the_lines(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr()
    log_to_stderr()
    logging.getLogger("durabase").info("once")
    assert len(capsys.readouterr().err.splitlines()) == 1
