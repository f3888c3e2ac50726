import pytest

from datastores.valkey.sizes import sizes


@pytest.mark.parametrize(
    ("memory", "volume", "maxmemory", "backlog"),
    [
        (1024, None, "768mb", "16mb"),
        (1024, 100, "768mb", "16mb"),
        (1024, 1, "341mb", "16mb"),
        (256, 1, "192mb", "10mb"),
        (65536, 200, "49152mb", "1024mb"),
    ],
)
def test_the_data_fits_memory_and_volume(memory: int, volume: int | None, maxmemory: str, backlog: str) -> None:
    assert sizes(memory, volume) == {"maxmemory": maxmemory, "repl-backlog-size": backlog}
