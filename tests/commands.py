"""Commands and workers of a house, each a process of its own."""

import asyncio
import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

from tests.house import ROOT, House
from tests.keys_for_tests import PAYLOAD_KEYS, ROOT_KEYS


def own_keys(engine: str, state_dir: Path) -> dict[str, str]:
    """Return what gives an engine's worker a state directory of its own, and no keys but its engine's."""

    def ring(keys: Any) -> dict[str, str]:
        return {name: base64.b64encode(key).decode() for name, key in keys.items()}

    return {
        "DURABASE_STATE_DIR": str(state_dir),
        "DURABASE_PAYLOAD_KEYS": json.dumps(ring(PAYLOAD_KEYS.keys)),
        "DURABASE_ENGINE_KEYS": json.dumps({engine: ring(ROOT_KEYS.engine(engine).keys)}),
    }


async def start(house: House, program: str, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
    """Start a program of the repository's (a file, or a module after -m) in a house; what it logs is in `test.log`."""
    with (house.state_dir / "test.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, program, *arguments),
            cwd=ROOT,
            env={**os.environ, **house.environment, **environment},
            stdout=asyncio.subprocess.PIPE if program == "starter.py" else log,
            stderr=log,
        )


async def durabase(house: House, *arguments: str) -> str:
    """Run a command that must succeed, and return what it prints."""
    command = await start(house, "starter.py", *arguments)
    printed, _ = await command.communicate()
    assert command.returncode == 0, (house.state_dir / "test.log").read_text()[-3000:]
    return printed.decode().strip()
