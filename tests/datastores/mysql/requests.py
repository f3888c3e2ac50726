"""Requests for a cluster of MariaDB."""

from model.spec import ClusterSpec


def spec(**fields: object) -> ClusterSpec:
    base = {"name": "orders", "datastore": "mysql", "cloud": "lab", "flavor": "small"}
    return ClusterSpec.model_validate({**base, **fields})
