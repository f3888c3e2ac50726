"""A recorded build of three members, replayed: an engine in use tells durabase's own changes that they break it."""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from plugin import DurabasePlugin
from tests.keys_for_tests import PAYLOAD_KEYS

RECORDED = sorted((Path(__file__).parent / "histories").glob("*.json"))


def test_every_run_is_recorded() -> None:
    recorded = ["1-ClusterWorkflow", "2-ProvisionWorkflow", "3-DeprovisionWorkflow"]
    assert [path.stem for path in RECORDED] == recorded


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
async def test_replays(path: Path) -> None:
    history = WorkflowHistory.from_json(path.stem, path.read_text())
    await Replayer(workflows=[], plugins=[DurabasePlugin(PAYLOAD_KEYS)]).replay_workflow(history)
