"""Which version a worker is, for Temporal's worker versioning."""

from importlib.metadata import version

from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import WorkerDeploymentConfig

DEPLOYMENT = "durabase"
"""The worker deployment's name in Temporal; its versions differ in their build id."""


def deployment_config(build_id: str | None) -> WorkerDeploymentConfig:
    """Return what a worker says of itself: operations stay with the build id that began them; None is no versioning.

    `plugin.py` makes the one exception, ClusterWorkflow. Even there Temporal notes the default, PINNED, after a task
    that the SDK completes by itself (a child's cancellation was delivered), until the next one. With AUTO_UPGRADE as
    the default it would be the operations that could move.
    """
    if build_id is None:
        # Without any version the SDK hashes every loaded module to find a build id.
        return WorkerDeploymentConfig(WorkerDeploymentVersion(DEPLOYMENT, version("durabase")), False)
    return WorkerDeploymentConfig(
        WorkerDeploymentVersion(DEPLOYMENT, build_id), True, default_versioning_behavior=VersioningBehavior.PINNED
    )
