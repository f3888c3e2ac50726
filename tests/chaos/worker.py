"""The real worker on a cloud and on SSH connections that fail by chance.

DURABASE_TEST_CHAOS is JSON: seed and journal (a path).
"""

import json
import os
import threading
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path

import paramiko

import worker
from guests import ssh
from guests.base import OUTPUT_LIMIT, CommandResult
from guests.transport import execute
from tests.chaos.cloud import ChaosProvider
from tests.chaos.faults import Chance, Fault, Journal

CUT_RATE = 0.015
"""Share of commands that lose their connection; a step runs some twenty."""

CUT_SECONDS = 0.0, 0.3


def execute_or_be_cut(
    transport: paramiko.Transport, command: str, stdin: bytes, seconds: float, keep: int = OUTPUT_LIMIT
) -> CommandResult:
    """Run a command as durabase does, and by chance lose the connection a moment after it has begun."""
    if ChaosProvider.chance.fault(CUT_RATE, Fault.SSH_CUT) is None:
        return execute(transport, command, stdin, seconds, keep)
    cut = threading.Timer(ChaosProvider.chance.seconds(*CUT_SECONDS), partial(_cut, transport))
    cut.start()
    try:
        return execute(transport, command, stdin, seconds, keep)
    finally:
        cut.cancel()


def _cut(transport: paramiko.Transport) -> None:
    ChaosProvider.journal.note(Fault.SSH_CUT)
    transport.sock.close()


def _installed(group: str) -> dict[str, EntryPoint]:
    entries = dict(_really_installed(group))
    if group == "providers":
        chaos = f"{ChaosProvider.__module__}:{ChaosProvider.__name__}"
        entries["local"] = EntryPoint("local", chaos, f"durabase.{group}")
    return entries


if __name__ == "__main__":
    chaos = json.loads(os.environ.pop("DURABASE_TEST_CHAOS"))
    ChaosProvider.chance = Chance(chaos["seed"])
    ChaosProvider.journal = Journal(Path(chaos["journal"]))
    _really_installed = worker.installed
    setattr(worker, "installed", _installed)  # noqa: B010 - mypy rightly knows no such export
    setattr(ssh, "execute", execute_or_be_cut)  # noqa: B010 - likewise
    worker.run()
