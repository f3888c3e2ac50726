"""What a chaos run left, seen from outside: the cloud's files, processes, and databases by their own clients."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import psycopg
import valkey

from keys import ClusterSecrets
from model.cloud import Server, of_cluster
from providers.local.processes import SERVER_VARIABLE
from tests.chaos.users import End, Wish
from tests.house import House
from tests.keys_for_tests import ROOT_KEYS
from tests.patience import PATIENCE

ROW = "written by the verdict"

POLL_SECONDS = 0.5


async def verdict(house: House, wishes: Iterable[Wish]) -> dict[str, str]:
    """Return what is wrong: the cluster's name, or "" for all, to a sentence. Nothing, if all is well."""
    wrong = {wish.spec.name: problem for wish in wishes if (problem := await _cluster(house, wish))}
    if stray := left_over(house, [wish for wish in wishes if wish.end is not End.DELETED]):
        wrong[""] = stray
    return wrong


def left_over(house: House, kept: Iterable[Wish]) -> str:
    """Return what the cloud or the host has of clusters other than these, "" if nothing."""
    ids = {wish.identity.id for wish in kept if wish.identity}
    servers = house.cloud.list_servers()
    stray = [
        f"{each.name} ({each.tag.cluster_id})"
        for each in (*servers, *house.cloud.list_volumes())
        if each.tag.cluster_id not in ids
    ]
    running = set(_servers_with_processes(house.state_dir)) - {each.id for each in servers}
    stray += [f"a process of server {each}" for each in running]
    return f"left over: {', '.join(stray)}" if stray else ""


async def _cluster(house: House, wish: Wish) -> str:
    if wish.identity is None or wish.end is None:
        return "it never settled"
    if wish.end is End.FAILED:
        return "" if wish.fault is not None and wish.fault.message else "it failed without a cause"
    if wish.end is End.DELETED:
        return ""
    members = Counter(wish.spec.member_names)
    servers = of_cluster(wish.identity.id, house.cloud.list_servers())
    volumes = of_cluster(wish.identity.id, house.cloud.list_volumes())
    for kind, found in (("servers", servers), ("volumes", volumes)):
        if Counter(each.tag.member for each in found) != members:
            return f"its {kind} are {sorted(each.name for each in found)}"
    by_member = {each.tag.member: each for each in servers}
    secrets = ROOT_KEYS.engine(wish.spec.datastore).cluster(wish.identity)
    ask = _ASK[wish.spec.datastore]
    return await asyncio.to_thread(ask, secrets, [by_member[name] for name in wish.spec.member_names])


def _servers_with_processes(state_dir: Path) -> Iterable[str]:
    """Return the ids of this cloud's servers that have a living process."""
    marker, home = f"{SERVER_VARIABLE}=".encode(), str(state_dir).encode()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
        except OSError:
            continue
        if home in environment:
            yield from (
                line.removeprefix(marker).decode() for line in environment.split(b"\0") if line.startswith(marker)
            )


def _ask_postgresql(secrets: ClusterSecrets, servers: list[Server]) -> str:
    def connected(server: Server) -> psycopg.Connection:
        return psycopg.connect(
            host=server.address,
            dbname="app",
            user="app",
            password=secrets.password("user/app"),
            connect_timeout=10,
            autocommit=True,
        )

    def written() -> bool:
        with connected(servers[0]) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS proof (word text)")
            connection.execute("INSERT INTO proof VALUES (%s)", [ROW])
        return True

    def arrived(server: Server) -> bool:
        with connected(server) as connection:
            return (ROW,) in connection.execute("TABLE proof").fetchall()

    return _all_come_true(written, arrived, servers, psycopg.Error)


def _ask_valkey(secrets: ClusterSecrets, servers: list[Server]) -> str:
    def connected(server: Server) -> valkey.Valkey:
        return valkey.Valkey(host=server.address, username="app", password=secrets.password("user/app"))

    def written() -> bool:
        return bool(connected(servers[0]).set("proof", ROW))

    def arrived(server: Server) -> bool:
        return connected(server).get("proof") == ROW.encode()

    return _all_come_true(written, arrived, servers, valkey.ValkeyError)


_ASK = {"postgresql": _ask_postgresql, "valkey": _ask_valkey}


def _all_come_true(
    written: Callable[[], bool],
    arrived: Callable[[Server], bool],
    servers: list[Server],
    refusal: type[Exception],
) -> str:
    """Return which database does not take a row, or does not show it, within PATIENCE seconds."""
    ends = time.monotonic() + PATIENCE
    pending: list[tuple[str, Callable[[], bool]]] = [(f"{servers[0].name} takes no row", written)]
    pending += [(f"{each.name} does not show the row", partial(arrived, each)) for each in servers]
    for what, condition in pending:
        why: object = "it is not there"
        while True:
            try:
                if condition():
                    break
            except refusal as error:
                why = error
            if time.monotonic() > ends:
                return f"{what}: {why}"
            time.sleep(POLL_SECONDS)
    return ""
