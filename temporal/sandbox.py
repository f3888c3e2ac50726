"""The SDK's sandbox, without its detour: it is entered for a context of every payload, which nobody here reads."""

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import StorageDriverStoreContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
from temporalio.workflow import Info


class ContextlessSandbox(SandboxedWorkflowRunner):
    """Runs workflows in the sandbox. Only for a codec that is not `WithSerializationContext`, without external storage.

    It saves a worker a tenth of the processor's time that builds cost it (docs/performance.md).
    """

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """Return an instance that has no context for a codec; see WorkflowRunner."""
        return _Contextless(super().create_instance(det))


class _Contextless(WorkflowInstance):
    def __init__(self, sandboxed: WorkflowInstance) -> None:
        self._sandboxed = sandboxed
        self._nowhere = StorageDriverStoreContext(target=None)

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        return self._sandboxed.activate(act)

    def get_serialization_context(self, command_info: object) -> None:  # noqa: ARG002 - the SDK's signature
        return None

    def get_external_store_context(self, command_info: object) -> StorageDriverStoreContext:  # noqa: ARG002 - the same
        return self._nowhere

    def get_info(self) -> Info:
        return self._sandboxed.get_info()

    def get_thread_id(self) -> int | None:
        return self._sandboxed.get_thread_id()
