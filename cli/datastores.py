"""`datastores`: the catalogue of engines and versions, and which of them a worker serves now."""

from collections.abc import Mapping, Sequence
from itertools import product

from pydantic import TypeAdapter
from rich.text import Text

from cli import session
from cli.arguments import Json
from cli.columns import columns
from cli.pollers import Tasks, pollers
from cli.session import Session, open_session
from cli.voice import Voice
from datastores.base import DatastoreManager
from keys import MissingKey
from model.base import Noun
from model.cluster import ServerOptions
from model.datastore import Datastore, EngineSettings, catalogue
from providers.base import Provider
from settings import Settings, load_settings
from temporal.client import NoTemporal
from worker import installed, installed_providers
from workflows.queues import engine_queue


class CloudKind(Noun):
    """A kind of cloud that a version works on, and what its servers run; None where any Linux will do."""

    provider: str
    distribution: str | None


class ListedDatastore(Noun):
    """One version of one engine, with the options that a request is held to.

    They are None where the engine is not installed here; `works_on` are the kinds of cloud, of those whose providers
    are installed, whose servers can install it; `served` are the configured clouds on which a worker polls for it,
    None if Temporal could not be asked.
    """

    datastore: str
    version: str
    default: bool
    min_nodes: int | None
    max_nodes: int | None
    tcp_ports: tuple[int, ...] | None
    udp_ports: tuple[int, ...] | None
    member_ports: tuple[int, ...] | None
    packages: dict[str, tuple[str, ...]]
    works_on: tuple[CloudKind, ...]
    served: tuple[str, ...] | None


LISTING = TypeAdapter(list[ListedDatastore])


def datastores(json: Json = False) -> int:
    """List the engines: versions, members, ports, kinds of cloud, packages, and where a worker serves them."""
    return session.run(_list(Voice(json)))


async def _list(voice: Voice) -> int:
    settings = load_settings()
    managers: dict[str, type[DatastoreManager]] = {
        name: entry.load() for name, entry in installed("datastores").items()
    }
    listed = list_datastores(settings, managers, installed_providers())
    try:
        served = await served_on(await open_session(), {each.datastore for each in listed})
        listed = [each.model_copy(update={"served": served[each.datastore]}) for each in listed]
    except (NoTemporal, MissingKey) as error:
        voice.note(f"which of them a worker serves is not known: {error}")
    if voice.json:
        voice.result(LISTING.dump_json(listed, indent=2).decode())
    else:
        voice.show(*datastores_lines(listed))
    return voice.told()


def list_datastores(
    settings: Settings, managers: Mapping[str, type[DatastoreManager]], providers: Mapping[str, type[Provider]]
) -> list[ListedDatastore]:
    """Return the catalogue: the installed engines' own, and what settings add."""
    listed = []
    for name in sorted({*managers, *(entry.manager for entry in settings.datastores)}):
        manager, changed = managers.get(name), settings.engines.get(name, EngineSettings())
        options = changed.applied_to(manager.server_options) if manager else None
        entries = (*(manager.datastores if manager else ()), *settings.datastores)
        listed += [_listed(entry, options, providers) for entry in catalogue(name, entries).values()]
    return listed


def datastores_lines(listed: Sequence[ListedDatastore]) -> list[Text]:
    """Return the catalogue as people read it."""
    return columns(
        ("datastore", "version", "default", "members", "ports", "works on", "packages", "served"),
        [
            (
                each.datastore,
                each.version,
                "yes" if each.default else "",
                f"{each.min_nodes} to {each.max_nodes}" if each.max_nodes else Text("not installed here", "dim"),
                _ports(each),
                ", ".join(_kind(kind) for kind in each.works_on) or Text("no installed kind of cloud", "red"),
                "; ".join(f"{kind}: {', '.join(names)}" for kind, names in sorted(each.packages.items())),
                "?" if each.served is None else ", ".join(each.served) or Text("nowhere", "red"),
            )
            for each in listed
        ],
    )


def _listed(
    entry: Datastore, options: ServerOptions | None, providers: Mapping[str, type[Provider]]
) -> ListedDatastore:
    return ListedDatastore(
        datastore=entry.manager,
        version=entry.version,
        default=entry.default,
        min_nodes=options and options.min_cluster_size,
        max_nodes=options and options.max_cluster_size,
        tcp_ports=options and options.tcp_ports,
        udp_ports=options and options.udp_ports,
        member_ports=options and options.member_ports,
        packages=entry.packages,
        works_on=tuple(
            CloudKind(provider=name, distribution=provider.distribution)
            for name, provider in sorted(providers.items())
            if provider.packaging in entry.packages
        ),
        served=None,
    )


async def served_on(session: Session, engines: set[str]) -> dict[str, tuple[str, ...]]:
    """Return the configured clouds on which a worker polls for each engine."""
    served: dict[str, tuple[str, ...]] = dict.fromkeys(engines, ())
    for engine, cloud in product(sorted(engines), sorted(session.settings.all_clouds)):
        if await pollers(session.client, engine_queue(engine, cloud), Tasks.ACTIVITY):
            served[engine] += (cloud,)
    return served


def _kind(kind: CloudKind) -> str:
    return f"{kind.provider} ({kind.distribution or 'any Linux'})"


def _ports(each: ListedDatastore) -> str:
    users = [*map(str, each.tcp_ports or ()), *(f"{port}/udp" for port in each.udp_ports or ())]
    return ", ".join([*users, *(f"{port} (members)" for port in each.member_ports or ())])
