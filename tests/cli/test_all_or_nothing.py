"""What is taken back, by a program that really gets the signals."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.all_or_nothing import all_or_nothing
from tests.patience import PATIENCE

PROGRAM = """
import asyncio, signal, sys
from cli.all_or_nothing import all_or_nothing
from tests.patience import PATIENCE

async def main():
    with all_or_nothing() as undo:
        undo.callback(print, "the first is taken back", flush=True)
        undo.callback(sys.stdin.readline)
        undo.callback(print, "the last is taken back", flush=True)
        print("started", flush=True)
        await asyncio.sleep(600)

try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture
def program() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_what_asks_to_end_does_so_where_ctrl_c_is_ignored() -> None:
    """As in a shell's background."""
    command = ["sh", "-c", 'trap "" INT; exec "$0" -c "$1"', sys.executable, PROGRAM]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert said(process) == "started"
        process.send_signal(signal.SIGTERM)
        assert process.communicate("\n", PATIENCE)[0].splitlines()[-1] == "interrupted"


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_takes_all_back_and_no_second_one_interrupts_that(
    program: subprocess.Popen[str], number: signal.Signals
) -> None:
    assert said(program) == "started"
    program.send_signal(number)
    assert said(program) == "the last is taken back"
    for again in SIGNALS:
        program.send_signal(again)
    assert program.stdin is not None
    program.stdin.write("\n")
    program.stdin.flush()
    assert [said(program), said(program)] == ["the first is taken back", "interrupted"]


def fail(*starts: Callable[[], object]) -> None:
    """Start something, and fail: what takes each start back is given."""
    with all_or_nothing() as undo:
        for take_back in starts:
            undo.callback(take_back)
        raise ZeroDivisionError


async def test_a_failure_takes_all_back_the_last_first() -> None:
    taken: list[int] = []
    with pytest.raises(ZeroDivisionError):
        fail(lambda: taken.append(1), lambda: taken.append(2))
    assert taken == [2, 1]


async def test_what_cannot_be_taken_back_keeps_nothing_else() -> None:
    taken: list[int] = []
    with pytest.raises(FileNotFoundError):
        fail(lambda: taken.append(1), lambda: Path("/nowhere").unlink())
    assert taken == [1]


async def test_what_ends_well_stays_and_signals_are_handled_as_before() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with all_or_nothing() as undo:
        undo.callback(pytest.fail, "taken back")
    assert [signal.getsignal(number) for number in SIGNALS] == before


async def test_a_signal_that_is_ignored_goes_on_being_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with all_or_nothing():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
