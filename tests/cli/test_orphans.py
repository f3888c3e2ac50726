"""What belongs to no open cluster, on the real local cloud."""

import json
from pathlib import Path

import pytest
from temporalio.client import Client

from cli import clusters, orphans
from cli.orphans import delete_orphans, find_orphans, orphans_json, orphans_lines
from cli.session import Session
from model.base import BadInput
from model.cloud import Tag, VolumeRequest
from providers.local.provider import LocalProvider
from tests.activities.losing import Losing
from tests.cli.conftest import session_of
from tests.scripted import Script


def volume_of(provider: LocalProvider, cluster: str, cluster_id: str) -> str:
    tag = Tag(cluster_id=cluster_id, cluster=cluster, member=f"{cluster}-1")
    return provider.create_volume(VolumeRequest(name=f"{cluster}-1", tag=tag, size=1)).id


async def test_only_what_no_open_cluster_owns(session: Session, script: Script) -> None:
    provider = LocalProvider(script.cloud, session.settings.state_dir)
    standing, ended = script.spec(1), script.spec(1)
    owner = await clusters.create(session, standing)
    lost = await clusters.create(session, ended)
    await session.client.get_workflow_handle(ended.name).terminate()
    volume_of(provider, standing.name, owner.identity.id)
    expected = [
        volume_of(provider, ended.name, lost.identity.id),
        volume_of(provider, standing.name, "an-earlier-uuid"),
        volume_of(provider, "unheard", "unheard-uuid"),
    ]
    found = await find_orphans(session, script.cloud)
    assert sorted(orphan.id for orphan in found) == sorted(expected)
    assert {(orphan.cluster, orphan.kind) for orphan in found} == {
        (ended.name, "volume"),
        (standing.name, "volume"),
        ("unheard", "volume"),
    }
    keys = {"cluster_id", "cluster", "member", "kind", "id"}
    assert [set(each) for each in json.loads(orphans_json(found))] == [keys] * 3
    lines = [line.plain for line in orphans_lines(found)]
    assert all(any(volume in line for line in lines) for volume in expected)


async def test_what_belonged_to_servers_is_an_orphan_too(
    session: Session, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = Losing(LocalProvider(script.cloud, session.settings.state_dir))
    cloud.belongs("port-1", "unheard-uuid")
    monkeypatch.setattr(orphans, "provider_of", lambda *_: cloud)
    (orphan,) = await find_orphans(session, script.cloud)
    assert (orphan.id, orphan.kind, orphan.cluster_id, orphan.member) == ("port-1", "port", "unheard-uuid", "orders-1")


async def test_a_removal_of_leftovers_owns_them(session: Session, script: Script) -> None:
    """Its run has another id than the cluster, whose uuid it carries as an attribute."""
    provider = LocalProvider(script.cloud, session.settings.state_dir)
    spec = script.spec(1)
    record = await clusters.create(session, spec)
    await session.client.get_workflow_handle(spec.name).terminate()
    volume_of(provider, spec.name, record.identity.id)
    script.on("find_resources", OSError("later"))
    await clusters.delete(session, spec.name)
    assert await find_orphans(session, script.cloud) == []


async def test_orphans_are_removed_by_the_workflow_that_removes(session: Session, script: Script) -> None:
    provider = LocalProvider(script.cloud, session.settings.state_dir)
    volume_of(provider, "unheard", f"uuid-{script.cloud}")
    await delete_orphans(session, script.cloud, await find_orphans(session, script.cloud))
    assert [task.cluster_id for task in script.inputs["verify_gone"]] == [f"uuid-{script.cloud}"]


async def test_an_unknown_cloud_is_refused(client: Client, script: Script, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cloud 'mars' is not allowed"):
        await find_orphans(session_of(client, script, tmp_path), "mars")
