from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from datastores.context import address_of, server_of
from model.cluster import Instance, Role
from model.datastore import Datastore
from model.errors import DEADLINE_MARGIN, DeadlineExceeded, GuestError, GuestRefused, ServerLost
from model.spec import UserSpec
from providers.local.provider import LocalProvider
from temporal.heartbeat import noting
from tests.datastores.cluster import engine_keys
from tests.datastores.local_cluster import LocalCluster
from tests.datastores.toy_engine import ToyManager


@pytest.fixture(scope="module")
def cluster(provider: LocalProvider, state: Path) -> object:
    cluster = LocalCluster(provider, ToyManager(engine_keys("toy")), state, name="seen", nodes=2)
    try:
        cluster.build()
        yield cluster
    finally:
        cluster.close()


def test_a_context_knows_its_member_and_the_topology(cluster: LocalCluster) -> None:
    with cluster.context("seen-2") as context:
        assert context.instance.name == "seen-2"
        assert context.primary.name == "seen-1"
        assert [replica.name for replica in context.replicas] == ["seen-2"]
        assert not context.is_primary
        assert context.server.id == cluster.server("seen-2").id
        assert context.guest.run(["true"]).code == 0


def test_a_users_password_is_the_given_or_the_derived_one(cluster: LocalCluster) -> None:
    with cluster.context("seen-1") as context:
        given = UserSpec.model_validate({"name": "ann", "password": "given"})
        assert context.password(given) == "given"
        assert context.password(UserSpec(name="bob")) == cluster.secrets.password("user/bob")


def test_a_wait_notes_its_reason_and_ends_when_there_is_none(cluster: LocalCluster) -> None:
    reasons = iter(["not yet", None])
    with cluster.context("seen-1") as context, noting() as note:
        context.wait_until(lambda: next(reasons), "the thing")
        assert note.text == "waits for the thing: not yet"


def test_a_wait_gives_up_before_the_deadline_with_the_last_reason(cluster: LocalCluster) -> None:
    soon = datetime.now(UTC) + DEADLINE_MARGIN + timedelta(seconds=1)
    with cluster.context("seen-1", deadline=soon) as context:
        assert 0 < context.seconds_left <= 1
        with pytest.raises(DeadlineExceeded, match="the thing did not come about in time: never"):
            context.wait_until(lambda: "never", "the thing")
        assert datetime.now(UTC) < soon
        with pytest.raises(DeadlineExceeded, match="no time is left for seen-1"):
            _ = context.seconds_left


def test_a_version_without_packages_for_the_guest_is_named(cluster: LocalCluster) -> None:
    with cluster.context("seen-1") as context:
        object.__setattr__(context, "datastore", Datastore(manager="toy", version="7", packages={"apt": ("toy",)}))
        with pytest.raises(GuestRefused, match="toy 7 has no packages for wheel: its catalogue entry has apt"):
            context.install()


def test_an_instance_without_a_server_is_lost() -> None:
    with pytest.raises(ServerLost, match="orders-1 has no server"):
        server_of(Instance(name="orders-1", role=Role.PRIMARY))


def test_a_server_without_an_address_is_named(cluster: LocalCluster) -> None:
    instance = cluster.instance("seen-1")
    assert address_of(instance) == cluster.address("seen-1")
    nowhere = instance.model_copy(update={"server": cluster.server("seen-1").model_copy(update={"address": None})})
    with pytest.raises(GuestError, match="server of seen-1 has no address"):
        address_of(nowhere)
