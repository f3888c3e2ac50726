"""The list of clusters."""

import asyncio
import json

from cli import clusters
from cli.listing import ListedCluster, list_clusters, listing_json, listing_lines
from cli.session import Session
from model.cluster import Status
from model.operations import Change
from tests.patience import PATIENCE
from tests.scripted import Script


async def listed(session: Session, name: str, status: Status, closed: str | None = None) -> ListedCluster:
    """Return a cluster's row once the listing, which lags behind, shows that it stands or ended so."""
    async with asyncio.timeout(PATIENCE):
        while True:
            for cluster in await list_clusters(session, closed is not None):
                if (cluster.name, cluster.status, cluster.closed) == (name, status, closed):
                    return cluster
            await asyncio.sleep(0.05)


async def test_open_and_closed_clusters(session: Session, script: Script) -> None:
    spec = script.spec(1)
    record = await clusters.create(session, spec)
    row = await listed(session, spec.name, Status.ACTIVE)
    assert (row.id, row.datastore, row.cloud) == (record.identity.id, "postgresql", script.cloud)
    assert (row.displayed, row.stale) == ("ACTIVE", False)
    await clusters.delete(session, spec.name)
    await listed(session, spec.name, Status.DELETED, closed="COMPLETED")
    assert spec.name not in {cluster.name for cluster in await list_clusters(session, closed=False)}


async def test_a_listing_knows_what_is_protected(session: Session, script: Script) -> None:
    spec = script.spec(1, protected=True)
    await clusters.create(session, spec)
    row = await listed(session, spec.name, Status.ACTIVE)
    assert row.protected
    assert listing_lines([row])[1].plain.split()[-1] == "protected"
    await clusters.change(session, spec.name, Change(protected=False))
    async with asyncio.timeout(PATIENCE):
        while (await listed(session, spec.name, Status.ACTIVE)).protected:
            await asyncio.sleep(0.05)


async def test_rows_for_people_and_for_programs(session: Session, script: Script) -> None:
    spec = script.spec(1)
    await clusters.create(session, spec)
    row = await listed(session, spec.name, Status.ACTIVE)
    header, line = (each.plain.split() for each in listing_lines([row]))
    assert header == ["name", "status", "datastore", "cloud", "since", "workflow"]
    assert (line[:4], line[-1]) == ([spec.name, "ACTIVE", "postgresql", script.cloud], "running")
    (document,) = json.loads(listing_json([row]))
    assert set(document) == {
        *("name", "id", "datastore", "cloud", "status", "displayed", "stale", "protected", "since", "closed"),
    }
    assert listing_json([]) == "[]"
