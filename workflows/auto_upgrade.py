"""ClusterWorkflow as versioned workers serve it: it lives for years, so it moves to each new version.

A class of its own, because Temporal refuses a versioning behaviour from a worker without worker versioning.
"""

from temporalio import workflow
from temporalio.common import VersioningBehavior

with workflow.unsafe.imports_passed_through():
    from model.operations import ClusterStart
    from workflows.cluster import ClusterWorkflow


@workflow.defn(name=ClusterWorkflow.__name__, versioning_behavior=VersioningBehavior.AUTO_UPGRADE)
class AutoUpgradeClusterWorkflow(ClusterWorkflow):
    """The very same workflow; the SDK wants its `__init__` and `run` on the class that it is given."""

    @workflow.init
    def __init__(self, start: ClusterStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: ClusterStart) -> None:
        """See ClusterWorkflow."""
        await super().run(start)
