"""The SDK's sandbox, behind admission, and without its detour for a context of every payload, which nothing reads."""

from collections.abc import Collection

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import StorageDriverStoreContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
from temporalio.workflow import Info

from keys import MissingKey
from temporal.admission import admit


class ContextlessSandbox(SandboxedWorkflowRunner):
    """Runs workflows in the sandbox. Only for a codec that is not `WithSerializationContext`, without external storage.

    It saves a worker a tenth of the processor's time that builds cost it (docs/performance.md).
    """

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """Return an instance that has no context for a codec, and is told nothing by strangers; see WorkflowRunner."""
        return _Contextless(super().create_instance(det), det.info.workflow_id, det.defn.signals)


class _Contextless(WorkflowInstance):
    def __init__(self, sandboxed: WorkflowInstance, workflow_id: str, signals: Collection[str | None]) -> None:
        self._sandboxed = sandboxed
        self._workflow_id = workflow_id
        self._signals = signals
        self._ended = False
        self._nowhere = StorageDriverStoreContext(target=None)

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        try:
            admission = admit(act, self._workflow_id, self._signals)
        except MissingKey as error:
            return _failed_task(error)
        self._ended = self._ended or admission.ends
        if self._ended:
            completion = WorkflowActivationCompletion()
            completion.successful.SetInParent()
        else:
            del act.jobs[:]
            act.jobs.extend(admission.jobs)
            completion = self._sandboxed.activate(act)
        if completion.HasField("successful"):
            completion.successful.commands.extend(admission.answers)
        return completion

    def get_serialization_context(self, command_info: object) -> None:  # noqa: ARG002 - the SDK's signature
        return None

    def get_external_store_context(self, command_info: object) -> StorageDriverStoreContext:  # noqa: ARG002 - the same
        return self._nowhere

    def get_info(self) -> Info:
        return self._sandboxed.get_info()

    def get_thread_id(self) -> int | None:
        return self._sandboxed.get_thread_id()


def _failed_task(error: MissingKey) -> WorkflowActivationCompletion:
    """Return what makes the task wait: Temporal gives it again, until a worker has the key."""
    completion = WorkflowActivationCompletion()
    completion.failed.failure.message = str(error)
    completion.failed.failure.application_failure_info.type = type(error).__name__
    return completion
