"""A later release: its ProvisionWorkflow asks for other things, in another order, than the one in this tree."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from model.operations import OperationReport, ProvisionRequest
    from plugin import DurabasePlugin
    from temporal.codec import PayloadKeys
    from workflows.provision import ProvisionWorkflow


@workflow.defn(name=ProvisionWorkflow.__name__)
class ChangedProvisionWorkflow(ProvisionWorkflow):
    """Waits for a moment before it plans, which no history of today's has."""

    @workflow.init
    def __init__(self, request: ProvisionRequest) -> None:
        super().__init__(request)

    @workflow.run
    async def run(self, request: ProvisionRequest) -> OperationReport | None:
        await workflow.sleep(timedelta(milliseconds=1), summary="changed")
        return await super().run(request)


class ChangedPlugin(DurabasePlugin):
    """The plugin of that release."""

    def __init__(self, ring: PayloadKeys) -> None:
        super().__init__(ring)
        classes = self.workflows
        assert isinstance(classes, list)
        self.workflows = [ChangedProvisionWorkflow if each is ProvisionWorkflow else each for each in classes]
