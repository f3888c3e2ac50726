"""What settings may change of an engine's options."""

import pytest
from pydantic import ValidationError

from model.cluster import ServerOptions
from model.datastore import EngineSettings

OPTIONS = ServerOptions(tcp_ports=(5432,), usage_timeout=1800, max_cluster_size=5)


def test_nothing_set_changes_nothing() -> None:
    assert EngineSettings().applied_to(OPTIONS) == OPTIONS


def test_only_what_is_set_changes() -> None:
    changed = EngineSettings(usage_timeout=60, root_on_create=False).applied_to(OPTIONS)
    assert changed == OPTIONS.model_copy(update={"usage_timeout": 60})


@pytest.mark.parametrize(
    "wrong", [{"usage_timeout": 9}, {"max_cluster_size": 0}, {"max_cluster_size": 100}, {"typo": 1}]
)
def test_what_no_engine_could_work_with_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        EngineSettings.model_validate(wrong)
