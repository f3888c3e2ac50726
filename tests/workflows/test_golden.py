"""What workflows ask of their activities, compared with what they asked when it was last looked at."""

import json

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.golden import GOLDEN, SCENARIOS, commands


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.__name__)
async def test_commands_are_as_recorded(skipping: WorkflowEnvironment, scenario) -> None:  # type: ignore[no-untyped-def]
    found = await commands(skipping.client, scenario)
    assert found == json.loads((GOLDEN / f"{scenario.__name__}.json").read_text())
