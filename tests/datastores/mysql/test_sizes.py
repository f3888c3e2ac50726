import pytest

from datastores.mysql.sizes import binlog_size, sizes


@pytest.mark.parametrize(
    ("memory", "volume", "pool", "redo", "connections"),
    [(512, 1, "256M", "64M", "50"), (512, None, "256M", "64M", "50"), (65536, 500, "32768M", "4096M", "1000")],
)
def test_half_of_the_memory_caches_data(
    memory: int, volume: int | None, pool: str, redo: str, connections: str
) -> None:
    found = sizes(memory, volume)
    assert (found["innodb_buffer_pool_size"], found["innodb_log_file_size"]) == (pool, redo)
    assert found["max_connections"] == connections


def test_files_of_the_binary_log_are_small_on_small_volumes() -> None:
    assert [binlog_size(volume) for volume in (1, 10, 1000, None)] == ["16M", "160M", "512M", "512M"]
