import pytest

from datastores.conflicts import MIB, MOST_MEMORY, Conflict, memory_conflict, memory_need
from model.cluster import MemoryNeed
from model.errors import PlanRefused

OVERRIDES = {"small": "1MB", "large": "3MB", "other": "9"}
SHARES = {"small": MIB, "large": 3 * MIB, "own": 2 * MIB}


def test_the_largest_override_is_named_if_the_memory_does_not_hold_all() -> None:
    assert memory_conflict(SHARES, OVERRIDES, 6) is None
    found = memory_conflict(SHARES, OVERRIDES, 5)
    assert found == Conflict("large", "3MB", "such that the server's memory holds it: 5 MiB do not")


def test_what_is_not_overridden_is_nobody_s_fault() -> None:
    assert memory_conflict(SHARES, {"other": 1}, 1) is None


@pytest.mark.parametrize("least", [1, 2, 777, MOST_MEMORY])
def test_the_least_memory_without_a_conflict_is_found(least: int) -> None:
    need = memory_need(lambda memory: Conflict("large", "3MB", "less") if memory < least else None)
    assert need == MemoryNeed(least=least, why="configuration.large '3MB'")


def test_a_conflict_on_every_server_is_refused_in_one_sentence() -> None:
    assert memory_need(lambda _: None) is None
    with pytest.raises(PlanRefused) as refused:
        memory_need(lambda _: Conflict("large", "3MB", "off while small is on"))
    assert str(refused.value) == "configuration.large '3MB' is not allowed: it must be off while small is on"
