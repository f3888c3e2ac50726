"""Clusters to look at: pure values."""

from datetime import UTC, datetime, timedelta
from typing import Any

from cli.attributes import Attributes
from cli.view import ClusterView, PendingStep, cluster_view
from model.cloud import ServerStatus, VolumeStatus
from model.cluster import (
    ClusterIdentity,
    ClusterRecord,
    Instance,
    Operation,
    Role,
    ServerOptions,
    Status,
    User,
)
from model.operations import OperationReport
from tests.scripted import server, volume

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=30)
QUEUE = "durabase/engine/postgresql/here"


def instance(number: int, status: Status, **more: Any) -> Instance:
    """Return a member of the cluster `orders`, the first as primary, with server and volume."""
    name = f"orders-{number}"
    common = {
        "name": name,
        "role": Role.PRIMARY if number == 1 else Role.REPLICA,
        "status": status,
        "server": server(name, "uuid", ServerStatus.ACTIVE),
        "volume": volume(name, "uuid", VolumeStatus.IN_USE),
    }
    return Instance.model_validate({**common, **more})


def record(status: Status = Status.ACTIVE, nodes: int = 2, **more: Any) -> ClusterRecord:
    """Return the cluster `orders` as its workflow knows it."""
    common = {
        "identity": ClusterIdentity(id="uuid", name="orders", datastore="postgresql", cloud="here", root_key_id="test"),
        "version": "18",
        "options": ServerOptions(tcp_ports=(5432,)),
        "nodes": nodes,
        "databases": ("app", "log"),
        "users": (
            User(name="app", derived_password=True),
            User(name="given", derived_password=False, databases=("log",)),
        ),
        "operation": Operation.PROVISION,
        "status": status,
        "members": tuple(instance(number, status) for number in range(1, nodes + 1)),
    }
    return ClusterRecord.model_validate({**common, **more})


def attributes(operation: Operation | None = None) -> Attributes:
    """Return the cluster `orders` as Temporal knows it."""
    return Attributes("orders", "uuid", "postgresql", "here", Status.BUILD, operation)


def pending(step: str, member: str | None = None, **more: Any) -> PendingStep:
    """Return a step that is under way, in its first attempt."""
    return PendingStep(**{"step": step, "member": member, "attempt": 1, "queue": QUEUE, **more})


def building(*steps: PendingStep, report: OperationReport | None = None, **more: Any) -> ClusterView:
    """Return the document of `orders` while it is being built."""
    return cluster_view(attributes(Operation.PROVISION), record(Status.BUILD, **more), report, steps)
