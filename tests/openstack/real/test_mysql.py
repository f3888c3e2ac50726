"""MariaDB on virtual machines of a real OpenStack: a replica that follows, also after its restart.

The client is that of the throwaway cloud's own MariaDB.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.house import eventually
from tests.openstack.real.lab import Lab
from tests.openstack.real.virtual_machines import SECONDS, machines, request, require_exactly


@pytest_asyncio.fixture
async def lab(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[Lab]:
    async with machines(tmp_path, unused_tcp_port) as lab:
        yield lab


def statement(member: int, text: str) -> tuple[str, ...]:
    """Return the words of `durabase connect` with one statement."""
    return ("connect", "shop", "--member", f"shop-{member}", "--", "--skip-column-names", "-e", text)


async def arrived(lab: Lab, rows: str) -> None:
    """Wait until the replica has exactly these rows."""
    select = statement(2, "SELECT GROUP_CONCAT(answer ORDER BY answer) FROM shop.written")

    async def has_them() -> bool:
        _, said, _ = await lab.command(*select)
        return said == rows

    await eventually(has_them, lab.patience)


@pytest.mark.timeout(SECONDS)
async def test_rows_arrive_on_the_replica_before_and_after_a_restart(lab: Lab) -> None:
    await lab.done(*request("shop", "mysql", 2), "--database", "shop", "--user", "app")
    await require_exactly(lab, "shop", 2)
    await lab.done(*statement(1, "CREATE TABLE shop.written AS SELECT 42 AS answer"))
    await arrived(lab, "42")
    await lab.done("restart", "shop")
    await lab.done(*statement(1, "INSERT INTO shop.written VALUES (43)"))
    await arrived(lab, "42,43")
    await lab.done("delete", "shop")
