"""The cluster that all tests of the engine share."""

from typing import Any

ANN_PASSWORD = "pä\N{ROMAN NUMERAL NINE}ß wörd:\\'\"$@/#"

PATIENT = {"heartbeat-interval": 500, "election-timeout": 5000}
"""For machines on which many tests run at once."""

SPEC: dict[str, Any] = {
    "nodes": 3,
    "databases": [{"name": "shop"}, {"name": 'it\'s a "name": #1'}],
    "users": [{"name": "ann", "password": ANN_PASSWORD, "databases": ["shop"]}, {"name": "b o:b"}],
    "configuration": {**PATIENT, "auto-compaction-mode": "revision", "auto-compaction-retention": "1000"},
}
