"""A whole build by `durabase create` on Debian machines, whose engine's worker is killed at every step."""

from pathlib import Path

import pytest

from tests.debian.life import debian_house, mysql
from tests.debian.machine import run


@pytest.mark.timeout(900)
async def test_a_replicated_mariadb_from_create_to_delete(debian: Path, tmp_path: Path, unused_tcp_port: int) -> None:
    async with debian_house(tmp_path / "house", unused_tcp_port) as home:
        await mysql(home)
        assert str(home.state_dir) not in run("losetup", "--list")
        assert str(home.state_dir) not in Path("/proc/mounts").read_text()
