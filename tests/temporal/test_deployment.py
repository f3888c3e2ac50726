"""What a worker says of its version."""

from importlib.metadata import version

from temporalio.common import VersioningBehavior

from temporal.deployment import DEPLOYMENT, deployment_config


def test_without_a_build_id_a_worker_has_no_version() -> None:
    config = deployment_config(None)
    assert not config.use_worker_versioning
    assert config.default_versioning_behavior is VersioningBehavior.UNSPECIFIED
    assert (config.version.deployment_name, config.version.build_id) == (DEPLOYMENT, version("durabase"))


def test_with_a_build_id_operations_stay_with_it() -> None:
    config = deployment_config("2026.11")
    assert config.use_worker_versioning
    assert config.default_versioning_behavior is VersioningBehavior.PINNED
    assert config.version.to_canonical_string() == "durabase.2026.11"
