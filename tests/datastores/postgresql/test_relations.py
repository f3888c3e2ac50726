"""What the plan says cannot be together, the real server refuses when it starts; and it takes what is just allowed."""

from pathlib import Path

import pytest

from datastores.conflicts import MIB, memory_need
from datastores.postgresql import relations
from datastores.postgresql.parameters import configuration_manager, quote
from datastores.postgresql.server import CHECKS
from datastores.postgresql.sizes import memory_settings
from model.errors import PlanRefused
from model.spec import Setting
from tests.datastores.postgresql.server import data_directory, run

KNOWN = configuration_manager("18")
MEMORY = 512
CONNECTIONS = int(memory_settings(MEMORY)["max_connections"])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return data_directory(tmp_path_factory.mktemp("relations"))


def refusal_of_the_server(data: Path, overrides: dict[str, Setting]) -> str:
    """Return what the server says against a configuration, nothing if it would start."""
    settings = {"wal_level": "replica", "max_wal_senders": "16", **memory_settings(MEMORY)}
    lines = [f"{name} = {quote(value)}\n" for name, value in settings.items()]
    lines += [f"{name} = {value}\n" for name, value in KNOWN.render(overrides).items()]
    (data / "postgresql.conf").write_text("".join(lines))
    results = [run("postgres", first, *others, "-D", str(data)) for first, *others in CHECKS]
    return "".join(result.stderr for result in results if result.returncode)


@pytest.mark.parametrize(
    "overrides",
    [
        {"superuser_reserved_connections": CONNECTIONS},
        {"reserved_connections": CONNECTIONS - 3},
        {"max_connections": 10, "superuser_reserved_connections": 5, "reserved_connections": 5},
        {"max_connections": 262143 - 16 - 8 - 16},
        {"autovacuum_worker_slots": 262143},
        {"log_statement_stats": "on", "log_planner_stats": "on"},
        {"min_wal_size": "31MB"},
        {"max_wal_size": "16MB"},
    ],
)
def test_what_cannot_be_together_is_refused_by_the_plan_as_by_the_server(
    data: Path, overrides: dict[str, Setting]
) -> None:
    assert refusal_of_the_server(data, overrides) != ""
    if (found := relations.conflict(overrides, "18", MEMORY)) is None:
        with pytest.raises(PlanRefused):
            KNOWN.check(overrides)
    else:
        assert overrides[found.key] == found.value


@pytest.mark.parametrize(
    "overrides",
    [
        {"superuser_reserved_connections": CONNECTIONS - 1},
        {"reserved_connections": CONNECTIONS - 4},
        {"max_connections": 10, "superuser_reserved_connections": 5, "reserved_connections": 4},
        {"autovacuum_max_workers": 262143},
        {"log_parser_stats": "on", "log_planner_stats": "on"},
        {"min_wal_size": "32MB", "max_wal_size": "32MB"},
        {"min_wal_size": "2GB", "max_wal_size": "1GB"},
        {"shared_buffers": "300MB"},
        {"sync_replication_slots": "on", "wal_level": "logical"},
    ],
)
def test_what_can_be_together_is_let_through(data: Path, overrides: dict[str, Setting]) -> None:
    KNOWN.check(overrides)
    assert relations.conflict(overrides, "18", MEMORY) is None
    assert refusal_of_the_server(data, overrides) == ""


@pytest.mark.parametrize(
    "overrides",
    [
        {"shared_buffers": "64MB"},
        {"shared_buffers": "64MB", "max_locks_per_transaction": 2000, "max_prepared_transactions": 100},
        {"shared_buffers": "16MB", "min_dynamic_shared_memory": "64MB", "wal_buffers": "32MB"},
    ],
)
def test_no_more_memory_is_reckoned_with_than_the_server_takes(data: Path, overrides: dict[str, Setting]) -> None:
    assert refusal_of_the_server(data, overrides) == ""
    taken = int(run("postgres", "-D", str(data), "-C", "shared_memory_size").stdout)
    shares = relations.shared_memory(overrides, "18", MEMORY)
    assert taken / 2 < sum(shares.values()) / MIB <= taken


@pytest.mark.parametrize(
    ("overrides", "least"),
    [
        ({"shared_buffers": "900GB"}, 900 * 1024),
        ({"superuser_reserved_connections": 100}, 808),
        ({"work_mem": "1TB"}, None),
        ({}, None),
    ],
)
def test_what_needs_memory_says_how_much(overrides: dict[str, Setting], least: int | None) -> None:
    need = memory_need(lambda memory: relations.conflict(overrides, "18", memory))
    assert (need is None) == (least is None)
    if need is not None and least is not None:
        assert least <= need.least < least * 1.01
        assert need.why.startswith(f"configuration.{next(iter(overrides))} ")


def test_an_older_version_has_other_parameters() -> None:
    assert relations.conflict({"superuser_reserved_connections": CONNECTIONS}, "15", MEMORY) is not None
    assert relations.conflict({"autovacuum_max_workers": 262143}, "15", MEMORY) is not None
    assert relations.conflict({"autovacuum_max_workers": 1000}, "15", MEMORY) is None
