"""What ClusterWorkflow starts each operation's workflow with: pure functions of the record."""

from model.cluster import ClusterRecord
from model.operations import DeprovisionRequest, ProvisionRequest, RestartRequest
from model.spec import ClusterSpec
from workflows.provision import REVISION
from workflows.record import data_of


def build_request(record: ClusterRecord, spec: ClusterSpec, planned: bool) -> ProvisionRequest:
    """Return what a build starts with; `planned`: an earlier one has come past its plan."""
    data = data_of(record)
    return ProvisionRequest(
        spec=spec,
        cluster_id=record.identity.id,
        identity=record.identity if planned else None,
        revision=REVISION,
        number=record.number,
        data=data,
        # Where the build ends because data is lost, the replicas that have a copy must still be reached.
        members=record.members if data else (),
    )


def restart_request(record: ClusterRecord) -> RestartRequest:
    """Return what a restart starts with."""
    return RestartRequest(
        identity=record.identity,
        version=record.version or "",
        members=record.members,
        number=record.number,
        data=data_of(record),
    )


def removal_request(record: ClusterRecord, ambiguous: bool) -> DeprovisionRequest:
    """Return what a removal starts with; `ambiguous` as in DeprovisionRequest."""
    return DeprovisionRequest(
        name=record.identity.name,
        cluster_id=record.identity.id,
        cloud=record.identity.cloud,
        members=record.members,
        ambiguous=ambiguous,
        number=record.number,
    )
