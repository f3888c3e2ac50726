"""What a person's command may be, and that its text is in no log."""

import pytest
from pydantic import ValidationError

from model.base import bad_input
from model.command import COMMAND_BYTES, MAX_SECONDS, CommandRequest

COMMAND = "command is not allowed: it must be a program and its arguments, at most 32 KiB of text without NUL"


def test_a_command_knows_its_member_s_cluster() -> None:
    request = CommandRequest(member="orders-of-2-12", command=("uptime",))
    assert (request.cluster, request.timeout) == ("orders-of-2", 60)


@pytest.mark.parametrize("command", [("true",), ("echo", ""), ("sh", "-c", "x" * (COMMAND_BYTES - 6))])
def test_what_is_allowed(command: tuple[str, ...]) -> None:
    for seconds in (1, MAX_SECONDS):
        assert CommandRequest(member="a-1", command=command, timeout=seconds).command == command


@pytest.mark.parametrize(
    "command", [(), ("",), ("a\0b",), ("a", "\0"), ("\udcff",), ("x" * (COMMAND_BYTES + 1),), ("ü" * COMMAND_BYTES,)]
)
def test_what_no_server_could_run_is_refused_in_one_sentence(command: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError) as refused:
        CommandRequest(member="orders-1", command=command)
    assert str(bad_input(refused.value, CommandRequest)) == COMMAND


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("member", "orders", "a member's name, such as orders-1"),
        ("member", "orders-0", "a member's name, such as orders-1"),
        ("member", "Orders-1", "a member's name, such as orders-1"),
        ("timeout", 0, "a whole number of seconds from 1 to 600"),
        ("timeout", 601, "a whole number of seconds from 1 to 600"),
    ],
)
def test_a_wrong_field_is_refused_in_one_sentence(field: str, value: object, allowed: str) -> None:
    with pytest.raises(ValidationError) as refused:
        CommandRequest.model_validate({"member": "orders-1", "command": ["true"], field: value})
    assert str(bad_input(refused.value, CommandRequest)) == f"{field} {value!r} is not allowed: it must be {allowed}"


def test_the_command_is_not_shown_where_a_request_is() -> None:
    assert "hunter2" not in repr(CommandRequest(member="orders-1", command=("login", "hunter2")))
