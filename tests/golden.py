"""Golden commands: what a scripted run asks of its activities, decoded and normalised.

Replay does not see a changed argument, timeout, retry policy or queue; comparing with these files does.
`python -m tests.golden` writes them anew.
"""

import asyncio
import json
import os
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from temporalio.api.common.v1 import Payload
from temporalio.client import Client

from model.cluster import Status
from model.errors import GuestRefused, ServerLost
from temporal.converter import data_converter
from tests.conftest import skipping_server
from tests.keys_for_tests import PAYLOAD_KEYS
from tests.scripted import Script, create, until, what_is_left

GOLDEN = Path(__file__).parent / "golden_commands"
CODEC = data_converter(PAYLOAD_KEYS)


async def built(client: Client, script: Script) -> list[str]:
    """Three members with everything that a request can name."""
    spec = script.spec(
        3,
        name="golden",
        databases=[{"name": "app"}],
        users=[{"name": "owner", "password": "given by the user"}, {"name": "reader", "databases": ["app"]}],
        configuration={"work_mem": "8MB"},
        volume_size=20,
        allowed_cidrs=["10.1.0.0/16"],
    )
    handle = await create(client, spec)
    await until(handle, Status.ACTIVE)
    await handle.execute_update("probe")
    await handle.execute_update("restart")
    await until(handle, Status.INSTANCE_READY)
    await until(handle, Status.ACTIVE)
    return ["golden", "golden/provision", "golden/restart"]


async def sent_back(client: Client, script: Script) -> list[str]:
    """A member is lost at the end, built again, and then the cluster is deleted."""
    script.on("cluster_complete", ServerLost("it does not stream", "lost-2"), None)
    script.on("find_resources", what_is_left("lost-1"))
    handle = await create(client, script.spec(2, name="lost"))
    await until(handle, Status.ACTIVE)
    await handle.execute_update("delete")
    await handle.result()
    return ["lost/provision", "lost/delete"]


async def failed(client: Client, script: Script) -> list[str]:
    """A build fails and is cleaned up at once; of several members, the first failure would end the rest anywhere."""
    script.on("prepare/failed-1", GuestRefused("the volume is not blank"))
    handle = await create(client, script.spec(1, name="failed", on_failure="delete"))
    while await handle.describe() and (await handle.describe()).close_time is None:
        await asyncio.sleep(0.05)
    return ["failed/provision", "failed/delete"]


SCENARIOS: tuple[Callable[[Client, Script], Awaitable[list[str]]], ...] = (built, sent_back, failed)


async def commands(client: Client, scenario: Callable[[Client, Script], Awaitable[list[str]]]) -> dict[str, Any]:
    """Run a scenario and return, for each of its workflows, what it asked of its activities."""
    async with Script(cloud="golden-cloud").serving(client) as script:
        return {workflow_id: await asked(client, workflow_id) for workflow_id in await scenario(client, script)}


async def asked(client: Client, workflow_id: str) -> list[dict[str, Any]]:
    """Return a run's scheduled activities by id, since what runs side by side has no order (replay checks that)."""
    found = []
    async for event in client.get_workflow_handle(workflow_id).fetch_history_events():
        if not event.HasField("activity_task_scheduled_event_attributes"):
            continue
        attributes = event.activity_task_scheduled_event_attributes
        options = MessageToDict(attributes, preserving_proto_field_name=True)
        for volatile in ("input", "header", "workflow_task_completed_event_id", "use_workflow_build_id"):
            options.pop(volatile, None)
        options["input"] = [await decoded(payload) for payload in attributes.input.payloads]
        options["summary"] = await decoded(event.user_metadata.summary)
        found.append(normalised(options))
    return sorted(found, key=lambda options: str(options["activity_id"]))


async def decoded(payload: Payload) -> Any:
    """Return a payload's plain JSON."""
    plain = (await CODEC.payload_codec.decode([payload]))[0] if CODEC.payload_codec else payload
    return json.loads(plain.data) if plain.data else None


def normalised(tree: Any) -> Any:
    """Put placeholders where runs differ: uuids, times, time left until a deadline, how far the other members are."""
    if isinstance(tree, dict):
        if tree.get("operation"):  # its number is made of the time
            tree = {**tree, "operation": "<operation>"}
        tree = {key: "<left>" if key.endswith("_timeout") and is_left(value) else value for key, value in tree.items()}
        if "role" in tree:
            return {"name": tree["name"], "role": tree["role"]}
        return {key: normalised(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [normalised(value) for value in tree]
    if isinstance(tree, str):
        tree = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uuid>", tree)
        return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)", "<time>", tree)
    return tree


def is_left(timeout: object) -> bool:
    """Return whether a timeout is what was left until a deadline: only those have fractions of a second."""
    return isinstance(timeout, str) and "." in timeout


async def main() -> None:
    """Write the golden files."""
    GOLDEN.mkdir(exist_ok=True)
    async with await skipping_server() as environment:
        for scenario in SCENARIOS:
            found = await commands(environment.client, scenario)
            (GOLDEN / f"{scenario.__name__}.json").write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
    sys.stdout.flush()
    # A clean interpreter exit crashes in the SDK's threads now and then (temporalio/sdk-python#300).
    os._exit(0)
