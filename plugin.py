"""The one plugin that clients, workers and replayers get, so that none of them can differ from the others."""

from temporalio.client import ClientConfig
from temporalio.common import HeaderCodecBehavior
from temporalio.plugin import SimplePlugin
from temporalio.worker import ReplayerConfig, WorkerConfig, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxRestrictions

from temporal.codec import PayloadKeys
from temporal.converter import data_converter
from temporal.interceptor import StepInterceptor
from temporal.orders import OrderInterceptor
from temporal.sandbox import ContextlessSandbox
from workflows.auto_upgrade import AutoUpgradeClusterWorkflow
from workflows.cluster import ClusterWorkflow
from workflows.deprovision import DeprovisionWorkflow
from workflows.late_removal import LateRemovalWorkflow
from workflows.provision import ProvisionWorkflow
from workflows.queues import WORKFLOWS
from workflows.restart import RestartWorkflow

WORKFLOW_CLASSES: list[type] = [
    ClusterWorkflow,
    ProvisionWorkflow,
    DeprovisionWorkflow,
    RestartWorkflow,
    LateRemovalWorkflow,
]
WORKFLOW_TYPES = [each.__name__ for each in WORKFLOW_CLASSES]

PASSED_THROUGH = ("model", "workflows")
"""Pure modules: re-importing them in the sandbox for every run would only make their classes differ."""


class DurabasePlugin(SimplePlugin):
    """Converter with codec and failure converter, interceptor, sandbox, and the workflows where they are served."""

    def __init__(self, ring: PayloadKeys) -> None:
        super().__init__(
            "durabase",
            data_converter=data_converter(ring),
            interceptors=[StepInterceptor(), OrderInterceptor()],
            workflows=WORKFLOW_CLASSES,
            workflow_runner=_sandboxed,
        )

    def configure_client(self, config: ClientConfig) -> ClientConfig:
        """Encrypt headers, too: an order stands in one."""
        return super().configure_client({**config, "header_codec_behavior": HeaderCodecBehavior.CODEC})

    def configure_replayer(self, config: ReplayerConfig) -> ReplayerConfig:
        """Read headers as workers do."""
        return super().configure_replayer({**config, "header_codec_behavior": HeaderCodecBehavior.CODEC})

    def configure_worker(self, config: WorkerConfig) -> WorkerConfig:
        """Add what every worker gets; the workflows only to the worker of their queue."""
        config = super().configure_worker(config)
        if config["task_queue"] != WORKFLOWS:
            config["workflows"] = []
        elif (deployment := config.get("deployment_config")) and deployment.use_worker_versioning:
            config["workflows"] = [_versioned(each) for each in config["workflows"]]
        return config


def _versioned(served: type) -> type:
    """Return a workflow as a versioned worker serves it: PINNED by the worker's default, ClusterWorkflow aside."""
    return AutoUpgradeClusterWorkflow if served is ClusterWorkflow else served


def _sandboxed(existing: WorkflowRunner | None) -> WorkflowRunner:  # noqa: ARG001 - the SDK's signature
    return ContextlessSandbox(SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))
