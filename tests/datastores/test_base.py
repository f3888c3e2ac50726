"""What every engine shares, with the smallest engine on a real server."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from temporalio import activity

from datastores.base import DatastoreManager
from datastores.marker import Install, Marker, read_marker
from model.cloud import Image
from model.cluster import Health, OperatingStatus, PlanTask
from model.datastore import Datastore
from model.errors import DEADLINE_MARGIN, DeadlineExceeded, GuestError, GuestRefused, PlanRefused
from model.spec import ClusterSpec
from providers.local.provider import LocalProvider
from tests.datastores.cluster import engine_keys
from tests.datastores.local_cluster import LocalCluster
from tests.datastores.toy_engine import MOUNT_POINT, ToyManager

MEMBER = "toys-1"


@pytest.fixture
def manager() -> ToyManager:
    return ToyManager(engine_keys("toy"))


@pytest.fixture(scope="module")
def server(provider: LocalProvider, state: Path) -> Iterator[LocalCluster]:
    spec: dict[str, Any] = {
        "databases": [{"name": "sales"}],
        "users": [{"name": "ann", "password": "given"}, {"name": "bob"}],
    }
    cluster = LocalCluster(provider, ToyManager(engine_keys("toy")), state, name="toys", **spec)
    try:
        cluster.build()
        yield cluster
    finally:
        cluster.close()


def marker(server: LocalCluster) -> Marker | None:
    with server.context(MEMBER) as context:
        return read_marker(context, MOUNT_POINT)


def plan_task(**changes: Any) -> PlanTask:
    base = {"name": "toys", "datastore": "toy", "cloud": "local", "flavor": "small"}
    return PlanTask(spec=ClusterSpec.model_validate({**base, **changes}), cluster_id="uuid")


def test_a_plan_has_the_default_version_the_options_and_the_key(manager: ToyManager) -> None:
    plan = manager.plan(plan_task())
    assert (plan.version, plan.options, plan.root_key_id) == ("2", manager.server_options, "first")


def test_a_plan_has_the_catalogue_s_image_for_the_cloud() -> None:
    images = {"lab": {"name": "debian-12-toy"}}
    entry = Datastore.model_validate({"manager": "toy", "version": "3", "packages": {}, "images": images})
    manager = ToyManager(engine_keys("toy"), [entry])
    assert manager.plan(plan_task(version="3", cloud="lab")).image == Image(name="debian-12-toy")
    assert manager.plan(plan_task(version="3")).image is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"version": "9"}, "version '9' is not allowed: it must be one of 1, 2 for toy"),
        ({"nodes": 4}, "nodes 4 is not allowed: it must be a number from 1 to 3 for toy"),
        (
            {"databases": [{"name": "shop", "collate": "C"}]},
            "databases.shop.collate 'C' is not allowed: it must be left out: this engine has none",
        ),
        ({"configuration": {"port": 1}}, "configuration 'port' is not allowed: version 2 has a port of its own"),
    ],
)
def test_a_bad_request_is_refused_in_one_sentence(manager: ToyManager, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        manager.plan(plan_task(**changes))
    assert str(refused.value) == sentence


def test_settings_add_versions_of_this_engine_only() -> None:
    own = Datastore(manager="toy", version="3", packages={})
    other = Datastore(manager="other", version="4", packages={})
    manager = ToyManager(engine_keys("toy"), [own, other])
    assert manager.plan(plan_task(version="3")).version == "3"
    with pytest.raises(PlanRefused, match="one of 1, 2, 3 for toy"):
        manager.plan(plan_task(version="4"))


def test_every_activity_is_registered_under_its_name(manager: ToyManager) -> None:
    names = "plan prepare post_prepare cluster_complete update_status get_filesystem_stats ping start stop restart"
    for name in names.split():
        definition = activity._Definition.from_callable(getattr(manager, name))
        assert definition is not None
        assert definition.name == name
        assert "Identity: " in (getattr(DatastoreManager, name).__doc__ or "")


def test_a_failed_prepare_is_kept_as_the_fault_and_a_later_one_begins_clean(
    server: LocalCluster, manager: ToyManager
) -> None:
    manager.broken = True
    with pytest.raises(GuestError, match="it is broken"):
        manager.prepare(server.task(MEMBER))
    failed = marker(server)
    assert failed is not None
    assert (failed.install, failed.error) == (Install.FAILED, "it is broken")
    manager.broken = False
    for _ in range(2):
        manager.prepare(server.task(MEMBER))
        ended = marker(server)
        assert ended is not None
        assert (ended.install, ended.error) == (Install.ENDED, None)


def test_prepare_refuses_anothers_volume(server: LocalCluster, manager: ToyManager) -> None:
    manager.prepare(server.task(MEMBER))
    with server.context(MEMBER) as context:
        path = f"{MOUNT_POINT}/.durabase.json"
        own = context.guest.read_file(path)
        assert own is not None
        foreign = Marker(cluster_id="x", member="other-1", install=Install.ENDED).model_dump_json()
        context.guest.write_file(path, foreign, mode=0o600)
        with pytest.raises(GuestRefused, match="belongs to other-1 of cluster x, not to toys-1 of cluster"):
            manager.prepare(server.task(MEMBER))
        assert context.guest.read_file(path) == foreign
        context.guest.write_file(path, own, mode=0o600)


def test_completion_creates_all_before_it_checks_logins(server: LocalCluster, manager: ToyManager) -> None:
    manager.post_prepare(server.task(MEMBER))
    manager.cluster_complete(server.task(MEMBER))
    derived = server.secrets.password("user/bob")
    with server.context(MEMBER) as context:
        assert (context.guest.read_file(f"{MOUNT_POINT}/log") or "").splitlines()[-8:] == [
            "joined toys-1",
            "database sales",
            "user ann given",
            f"user bob {derived}",
            "root",
            "complete with 0 replicas",
            "login ann given",
            f"login bob {derived}",
        ]


def test_operating_status_says_what_is_true_now(server: LocalCluster, manager: ToyManager) -> None:
    task = server.task(MEMBER)
    manager.prepare(task)
    assert manager.update_status(task) is OperatingStatus.HEALTHY
    manager.answers = False
    assert manager.update_status(task) is OperatingStatus.CRASHED
    manager.stop(task)
    manager.stop(task)
    assert manager.update_status(task) is OperatingStatus.SHUTDOWN
    manager.answers = True
    manager.start(task)
    manager.start(task)
    assert manager.update_status(task) is OperatingStatus.HEALTHY
    manager.restart(task)
    assert manager.update_status(task) is OperatingStatus.HEALTHY


def test_a_reason_is_given_to_those_who_can_read_one(server: LocalCluster, manager: ToyManager) -> None:
    task, explained = server.task(MEMBER), server.task(MEMBER, explained=True)
    manager.prepare(task)
    assert manager.update_status(explained) == Health(operating_status=OperatingStatus.HEALTHY)
    manager.answers = False
    found = Health(operating_status=OperatingStatus.CRASHED, reason="it does not answer yet")
    assert manager.update_status(explained) == found
    assert manager.update_status(task) is OperatingStatus.CRASHED
    manager.stop(task)
    found = Health(operating_status=OperatingStatus.SHUTDOWN, reason="its process does not run")
    assert manager.update_status(explained) == found


def test_a_status_alone_is_read_as_one_without_a_reason() -> None:
    assert Health.model_validate_json('"CRASHED"') == Health(operating_status=OperatingStatus.CRASHED)


def test_a_server_that_is_gone_has_an_unknown_status(server: LocalCluster, manager: ToyManager) -> None:
    server.cut_power(MEMBER)
    soon = server.task(MEMBER, deadline=datetime.now(UTC) + DEADLINE_MARGIN, explained=True)
    found = manager.update_status(soon)
    assert isinstance(found, Health)
    assert found.operating_status is OperatingStatus.UNKNOWN
    assert "SSH on toys-1" in (found.reason or "")
    server.provider.start(server.server(MEMBER).id)
    server.wait_for_servers()


def test_a_start_that_never_answers_says_why_shortly_before_the_deadline(
    server: LocalCluster, manager: ToyManager
) -> None:
    manager.answers = False
    task = server.task(MEMBER, deadline=datetime.now(UTC) + DEADLINE_MARGIN * 1.4)
    with pytest.raises(DeadlineExceeded, match="toy to answer did not come about in time: it does not answer yet"):
        manager.start(task)
    assert datetime.now(UTC) < task.deadline


def test_it_reaches_the_member_and_measures_its_file_system(server: LocalCluster, manager: ToyManager) -> None:
    manager.ping(server.task(MEMBER))
    stats = manager.get_filesystem_stats(server.task(MEMBER))
    assert 0 < stats.used < stats.total
    assert 0 < stats.free < stats.total
