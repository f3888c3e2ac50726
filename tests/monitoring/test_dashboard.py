"""The dashboard as far as it can be checked without a Grafana to draw it."""

import json
from collections import Counter
from itertools import combinations
from typing import Any

import pytest

from tests.monitoring.exports import DASHBOARD, named_in

UNITS = {"none", "s", "ops", "percentunit"}
"""Of Grafana's: a bare number, seconds, per second, a share from 0 to 1."""

COLUMNS = 24
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
Panel = dict[str, Any]

DOCUMENT: dict[str, Any] = json.loads(DASHBOARD.read_text())
PANELS: list[Panel] = [panel for panel in DOCUMENT["panels"] if panel["type"] != "row"]


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_each_panel_has_its_unit_its_queries_and_the_chosen_prometheus(panel: Panel) -> None:
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert panel["datasource"] == SOURCE
    assert panel["targets"]
    for target in panel["targets"]:
        assert target["expr"].count("(") == target["expr"].count(")")
        assert target["legendFormat"]
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


def test_titles_and_ids_are_there_once() -> None:
    for field in ("title", "id"):
        assert Counter(panel[field] for panel in DOCUMENT["panels"]).most_common(1)[0][1] == 1, field


def test_panels_stand_side_by_side_within_the_page() -> None:
    places = [(panel["title"], panel["gridPos"]) for panel in DOCUMENT["panels"]]
    assert all(place["x"] + place["w"] <= COLUMNS for _, place in places)
    for (one, a), (other, b) in combinations(places, 2):
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        below = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert beside or below, f"{one} lies over {other}"


def test_prometheus_and_the_cloud_can_be_chosen() -> None:
    chosen = {variable["name"]: variable for variable in DOCUMENT["templating"]["list"]}
    assert (chosen["datasource"]["type"], chosen["datasource"]["query"]) == ("datasource", "prometheus")
    assert chosen["cloud"]["datasource"] == SOURCE
    used = [target["expr"] for panel in PANELS for target in panel["targets"] if "$cloud" in target["expr"]]
    assert all('cloud=~"$cloud"' in expression for expression in used)
    assert used


def test_it_shows_clusters_builds_steps_retries_watchers_and_workers() -> None:
    assert named_in(DASHBOARD) >= {
        *("durabase_clusters", "durabase_builds_in_flight", "durabase_oldest_build_age_seconds"),
        *("durabase_step_duration_seconds_bucket", "durabase_step_retries_total", "durabase_step_failures_total"),
        *("durabase_watcher_lag_seconds", "durabase_watcher_waits", "durabase_watcher_listing_duration_seconds_bucket"),
        *("temporal_num_pollers", "temporal_worker_task_slots_available"),
    }
