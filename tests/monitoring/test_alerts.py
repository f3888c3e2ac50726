"""The alerts: promtool takes them, each fires when it should and only then, and each says what to do."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.monitoring.exports import ALERTS, ALERTS_TEST, PAGE

SECONDS = 120

promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed (Debian: package prometheus)"
)


def alerts() -> list[str]:
    return re.findall(r"- alert: (\w+)", ALERTS.read_text())


def run(*arguments: str | Path) -> None:
    ran = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@promtool
def test_prometheus_takes_the_rules() -> None:
    run("check", "rules", ALERTS)


@promtool
def test_each_alert_fires_when_it_should_and_only_then() -> None:
    run("test", "rules", ALERTS_TEST)


@pytest.mark.parametrize("alert", alerts())
def test_each_alert_is_tested_both_ways(alert: str) -> None:
    cases = re.findall(rf"alertname: {alert}\b(}}?\n\s*exp_alerts)?", ALERTS_TEST.read_text())
    assert "" in cases, "no case in which it does not fire"
    assert any(cases), "no case in which it fires"


@pytest.mark.parametrize("alert", alerts())
def test_each_alert_says_what_happened_what_it_means_and_what_to_do(alert: str) -> None:
    rule = ALERTS.read_text().partition(f"- alert: {alert}\n")[2].partition("- alert: ")[0]
    for annotation in ("summary", "description"):
        assert re.search(rf'^          {annotation}: "[^\n]+\."$', rule, re.MULTILINE), annotation
    assert f'runbook: "docs/metrics.md#{alert.lower()}"' in rule
    assert f"\n### {alert}\n" in PAGE.read_text()
