"""A cluster's record for tests of the functions that read and change it."""

from typing import Any

from model.cluster import ClusterRecord, Operation, Status
from model.spec import ClusterSpec
from tests.scripted import WHEN
from workflows.record import begun, first_record

PASSWORD = "must-not-be-in-the-record"


def spec(nodes: int = 2) -> ClusterSpec:
    """Return a request with two databases and two users, one with a password."""
    return ClusterSpec.model_validate(
        {
            "name": "orders",
            "datastore": "postgresql",
            "cloud": "local",
            "flavor": "small",
            "nodes": nodes,
            "databases": [{"name": "app"}, {"name": "audit"}],
            "users": [{"name": "app", "password": PASSWORD, "databases": ["app"]}, {"name": "reader"}],
        }
    )


def record(operation: Operation = Operation.PROVISION, status: Status | None = None, **changes: Any) -> ClusterRecord:
    """Return the record of a cluster of two at the beginning of an operation, or with another status."""
    started = begun(first_record(spec(), "uuid-1"), operation, WHEN)
    return started.model_copy(update={**({"status": status} if status else {}), **changes})
