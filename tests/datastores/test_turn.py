"""Which guests know the turn of a step: only that of the member whose steps it counts."""

from datetime import UTC, datetime, timedelta
from unittest.mock import MagicMock

from temporalio.testing import ActivityEnvironment

from guests.fence import Turn
from model.cloud import Server, ServerStatus
from model.cluster import ClusterIdentity, Instance, InstanceTask, Role
from tests import scripted
from tests.datastores.cluster import engine_keys
from tests.datastores.toy_engine import ToyManager

PRIMARY, REPLICA = "toys-1", "toys-2"


def test_a_member_that_another_one_s_step_looks_at_has_turns_of_its_own() -> None:
    """Else the replica would take a number of the primary's for a later one of its own, or be refused for it."""
    guests: dict[str, MagicMock] = {}

    def connect(server: Server, login_key: object, host_key: object, deadline: datetime) -> MagicMock:
        guest = guests[server.tag.member] = MagicMock(turn=None)
        guest.__enter__.return_value = guest
        return guest

    manager = ToyManager(engine_keys("toy"), connector=connect)
    identity = ClusterIdentity(id="uuid", name="toys", datastore="toy", cloud="local", root_key_id="first")
    members = tuple(
        Instance(name=name, role=role, server=scripted.server(name, "uuid", ServerStatus.ACTIVE))
        for name, role in ((PRIMARY, Role.PRIMARY), (REPLICA, Role.REPLICA))
    )
    deadline = datetime.now(UTC) + timedelta(minutes=1)
    task = InstanceTask(
        identity=identity, version="2", member=PRIMARY, members=members, deadline=deadline, operation=7, step=3
    )
    ActivityEnvironment().run(manager.cluster_complete, task)
    assert guests[PRIMARY].turn == Turn(7, 3, 1)
    assert guests[REPLICA].turn is None
