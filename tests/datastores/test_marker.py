from pathlib import Path

import pytest

from datastores.context import InstanceContext
from datastores.marker import FILE, Install, read_marker, write_marker
from model.errors import GuestRefused
from providers.local.provider import LocalProvider
from tests.datastores.cluster import engine_keys
from tests.datastores.local_cluster import LocalCluster
from tests.datastores.toy_engine import ToyManager

FOLDER = "/var/lib/marked"


@pytest.fixture
def cluster(provider: LocalProvider, state: Path) -> object:
    cluster = LocalCluster(provider, ToyManager(engine_keys("toy")), state, name="marked")
    try:
        cluster.build()
        yield cluster
    finally:
        cluster.close()


def test_a_marker_is_read_back_by_its_own_member_only(cluster: LocalCluster) -> None:
    with cluster.context("marked-1") as context:
        assert read_marker(context, FOLDER) is None
        write_marker(context, FOLDER, Install.FAILED, "why")
        marker = read_marker(context, FOLDER)
        assert marker is not None
        assert (marker.cluster_id, marker.member) == (cluster.identity.id, "marked-1")
        assert (marker.install, marker.error) == (Install.FAILED, "why")
        identity = context.task.identity.model_copy(update={"id": "another"})
        other = InstanceContext(
            context.task.model_copy(update={"identity": identity}),
            context.instance,
            context.guest,
            context.secrets,
            context.datastore,
        )
        with pytest.raises(GuestRefused, match=r"belongs to marked-1 of cluster .* not to marked-1 of cluster another"):
            read_marker(other, FOLDER)
        mode = context.guest.run(["stat", "-c", "%a", context.guest.path(f"{FOLDER}/{FILE}")], changes=False)
        assert mode.stdout.strip() == "600"
