"""What dashboard, alerts and page ask of the workers' metrics."""

import re
from pathlib import Path

MONITORING = Path(__file__).parent.parent.parent / "monitoring"
ALERTS = MONITORING / "alerts.yaml"
ALERTS_TEST = MONITORING / "alerts_test.yaml"
DASHBOARD = MONITORING / "grafana-dashboard.json"
PAGE = MONITORING.parent / "docs" / "metrics.md"


def named_in(path: Path) -> set[str]:
    """Return the names of the series that a file names."""
    return set(re.findall(r"\b(?:durabase|temporal)_[a-z_]+[a-z]\b", path.read_text()))
