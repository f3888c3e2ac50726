"""Records the history that `test_replay.py` replays, from a real build: run from the checkout, with the engine
installed, as `PYTHONPATH=.:examples/durabase-etcd/tests .venv-examples/bin/python -m record_history`.
"""

import asyncio
import os
import tempfile
from pathlib import Path

from model.cluster import Status
from orders import PATIENT
from tests.conftest import free_port
from tests.house import house
from tests.record_histories import delete, histories, save

FOLDER = Path(__file__).parent / "histories"


async def main() -> None:
    """Build three members, delete them, and keep the history of every run."""
    with tempfile.TemporaryDirectory() as state:
        async with house(Path(state), free_port()) as home:
            handle = await home.create(home.spec("kv", 3, datastore="etcd", configuration=PATIENT))
            await home.settled("kv", Status.ACTIVE)
            await delete(home, handle)
            save(await histories(home.client), FOLDER)


if __name__ == "__main__":
    asyncio.run(main())
    # A clean interpreter exit crashes in the SDK's threads now and then (temporalio/sdk-python#300).
    os._exit(0)
