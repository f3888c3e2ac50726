"""LateRemovalWorkflow with scripted activities: what came late goes, and nothing if the cluster is another by now."""

from uuid import uuid4

import pytest
from temporalio.client import Client

from model.cloud import ServerStatus
from model.operations import FindTask, LateRemovalRequest, Resources
from tests.scripted import Script, server, volume, what_is_left
from workflows.late_removal import LateRemovalWorkflow
from workflows.queues import WORKFLOWS

MEMBER = "orders-1"
OWN = (f"server-of-{MEMBER}", f"volume-of-{MEMBER}")


def listed(cluster_id: str) -> Resources:
    """Return a member's own server and volume, and a late one of each."""
    own = what_is_left(MEMBER)(FindTask(cloud="scripted", cluster_id=cluster_id))
    late = volume(MEMBER, cluster_id, own.volumes[0].status).model_copy(update={"id": "late-volume"})
    servers = (*own.servers, server(MEMBER, cluster_id, ServerStatus.ACTIVE, "late-server"))
    return own.model_copy(update={"servers": servers, "volumes": (*own.volumes, late)})


async def remove(client: Client, script: Script, own: tuple[str, ...]) -> None:
    request = LateRemovalRequest(
        name="orders", cluster_id="uuid", cloud=script.cloud, late=("late-server", "late-volume"), own=own
    )
    await client.execute_workflow(LateRemovalWorkflow.run, request, id=f"late-{uuid4()}", task_queue=WORKFLOWS)


async def test_only_what_came_late_is_removed(client: Client, script: Script) -> None:
    script.on("find_resources", listed("uuid"))
    await remove(client, script, OWN)
    assert script.calls == ["find_resources", f"delete_server/{MEMBER}", f"delete_volume/{MEMBER}"]
    assert [script.inputs[call][0].id for call in script.calls[1:]] == ["late-server", "late-volume"]


@pytest.mark.parametrize("gone", OWN)
async def test_nothing_is_removed_where_one_of_the_clusters_own_is_missing(
    client: Client, script: Script, gone: str
) -> None:
    """A build may have adopted the late one, or the record is that of a Temporal restored from a backup."""
    found = listed("uuid")
    servers = tuple(each for each in found.servers if each.id != gone)
    volumes = tuple(each for each in found.volumes if each.id != gone)
    script.on("find_resources", found.model_copy(update={"servers": servers, "volumes": volumes}))
    await remove(client, script, OWN)
    assert script.calls == ["find_resources"]


async def test_one_that_is_no_longer_there_is_done(client: Client, script: Script) -> None:
    script.on("find_resources", what_is_left(MEMBER))
    await remove(client, script, OWN)
    assert script.calls == ["find_resources"]
