import pytest

from datastores.postgresql.sizes import memory_settings, volume_settings


@pytest.mark.parametrize(("memory", "shared", "cache"), [(512, "128MB", "384MB"), (8192, "2048MB", "6144MB")])
def test_a_quarter_of_the_memory_is_shared_and_three_quarters_are_reckoned_as_cache(
    memory: int, shared: str, cache: str
) -> None:
    settings = memory_settings(memory)
    assert settings["shared_buffers"] == shared
    assert settings["effective_cache_size"] == cache


@pytest.mark.parametrize(("memory", "connections"), [(64, 50), (512, 64), (2048, 256), (65536, 500)])
def test_connections_grow_with_memory_within_limits(memory: int, connections: int) -> None:
    assert memory_settings(memory)["max_connections"] == str(connections)


@pytest.mark.parametrize("size", [1, 10, 1000])
def test_wal_never_fills_the_volume(size: int) -> None:
    settings = volume_settings(size)
    kept = sum(int(value.removesuffix("MB")) for value in settings.values())
    assert kept <= size * 1024 / 2


def test_without_a_volume_postgresql_decides() -> None:
    assert volume_settings(None) == {}
