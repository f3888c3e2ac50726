"""A real worker exports whatever dashboard, alerts and page name, and its log is JSON to the last line."""

import base64
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from providers.local.volumes import RECORD
from tests.conftest import free_port
from tests.house import House, eventually
from tests.keys_for_tests import PAYLOAD_KEYS, ROOT_KEYS
from tests.monitoring.exports import ALERTS, DASHBOARD, PAGE, named_in
from tests.scrape import names, scraped, values
from workflows.provision import ProvisionWorkflow
from workflows.queues import WORKFLOWS

CLUSTER = "lacking"
LATEST = {
    *("durabase_step_retries_total", "durabase_watcher_listing_duration_seconds_count", "durabase_clusters"),
    *("temporal_workflow_task_execution_failed_total", "durabase_watcher_lag_seconds", "durabase_watcher_waits"),
}
"""What is exported last, each by a part of the worker of its own."""


@dataclass(frozen=True)
class Seen:
    """What a worker had to tell."""

    metrics: str
    log: str


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def seen(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Seen]:
    """A worker on which a step fails and is tried again, and so are the tasks of a workflow."""
    house, address = House(tmp_path_factory.mktemp("house"), free_port()), f"127.0.0.1:{free_port()}"

    async def exported() -> str | None:
        text = scraped(address)
        return text if names(text) >= LATEST else None

    try:
        await house.start_server()
        await house.start_worker(DURABASE_METRICS_ADDRESS=address, DURABASE_LOG_FORMAT="json")
        await house.client.start_workflow(ProvisionWorkflow.__name__, "no request", id="misfit", task_queue=WORKFLOWS)
        # A record that is no file: the local cloud cannot list its volumes, and says so in the host's words.
        (house.state_dir / "local" / "volumes" / "torn" / RECORD).mkdir(parents=True)
        await house.create(house.spec(CLUSTER, 1))
        yield Seen(await eventually(exported), (house.state_dir / "worker.log").read_text())
    finally:
        await house.close()


def lines(log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.splitlines()]


@pytest.mark.parametrize("path", [DASHBOARD, ALERTS], ids=lambda path: path.name)
async def test_every_series_that_is_asked_for_is_exported(seen: Seen, path: Path) -> None:
    assert named_in(path) <= names(seen.metrics)


async def test_the_page_lists_each_series_with_its_type_and_labels(seen: Seen) -> None:
    types = dict(re.findall(r"^# TYPE (durabase_\w+) (\w+)$", seen.metrics, re.MULTILINE))
    labels: dict[str, set[str]] = {name: set() for name in types}
    for series in values(seen.metrics):
        name = re.sub(r"_(bucket|sum|count)$", "", series.partition("{")[0])
        if name in types:
            labels[name] |= set(re.findall(r'(\w+)="', series)) - {"le"}
    rows = re.findall(r"^\| `(durabase_\w+)` \| (\w+) \| (.*?) \|", PAGE.read_text(), re.MULTILINE)
    assert {name: kind for name, kind, _ in rows} == types
    for name, _, told in rows:
        assert set(re.findall(r"`(\w+)`", told)) - labels[name] <= {"engine"}, name  # no engine's step has failed
        assert labels[name] <= set(re.findall(r"`(\w+)`", told)), name


async def test_no_label_names_a_cluster(seen: Seen) -> None:
    assert CLUSTER not in seen.metrics


async def test_a_failed_step_is_one_line_of_json_with_its_place(seen: Seen) -> None:
    failed = [line for line in lines(seen.log) if line.get("error") == "ProviderError"]
    place = {"cluster": CLUSTER, "member": f"{CLUSTER}-1", "step": "create_volume", "attempt": 1}
    assert failed
    assert failed[0].items() >= {**place, "level": "WARNING", "workflow_id": f"{CLUSTER}/provision"}.items()
    assert "stack" not in failed[0]


async def test_the_sdk_s_own_core_writes_json_too(seen: Seen) -> None:
    assert any(line["logger"].startswith("temporalio.core") and "fields" in line for line in lines(seen.log))


async def test_neither_metrics_nor_log_hold_a_key(seen: Seen) -> None:
    for key in (*PAYLOAD_KEYS.keys.values(), *ROOT_KEYS.keys.values()):
        for form in (base64.b64encode(key).decode(), key.hex(), repr(key)):
            assert form not in seen.log
            assert form not in seen.metrics
