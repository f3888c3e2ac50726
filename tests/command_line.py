"""durabase's programs as processes in a house: its command line, and workers of engines with their own keys only."""

import asyncio
import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

from tests.house import ROOT, House
from tests.keys_for_tests import PAYLOAD_KEYS, ROOT_KEYS

COMMAND_LINE = "starter.py"


def own_keys(engine: str, state_dir: Path) -> dict[str, str]:
    """Return the settings of an engine's worker that shares nothing with a house but the payload key."""

    def ring(keys: Any) -> dict[str, str]:
        return {name: base64.b64encode(key).decode() for name, key in keys.items()}

    return {
        "DURABASE_STATE_DIR": str(state_dir),
        "DURABASE_PAYLOAD_KEYS": json.dumps(ring(PAYLOAD_KEYS.keys)),
        "DURABASE_ENGINE_KEYS": json.dumps({engine: ring(ROOT_KEYS.engine(engine).keys)}),
    }


async def start(house: House, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
    """Start a program of the checkout; what it says, but the command line's answers, goes to the house's `test.log`."""
    with (house.state_dir / "test.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, *arguments),
            cwd=ROOT,
            env={**os.environ, **house.environment, **environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE if arguments[0] == COMMAND_LINE else log,
            stderr=log,
        )


async def durabase(house: House, *arguments: str) -> str:
    """Run a command that must succeed, and return what it prints."""
    command = await start(house, COMMAND_LINE, *arguments)
    printed, _ = await command.communicate()
    assert command.returncode == 0, (house.state_dir / "test.log").read_text()[-3000:]
    return printed.decode().strip()


async def answers(house: House, cluster: str) -> dict[str, str]:
    """Return what each member's database answers now."""
    document = json.loads(await durabase(house, "show", cluster, "--probe", "--json"))
    return {member["name"]: member["operating_status"] for member in document["members"]}
