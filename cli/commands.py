"""What the commands do, each from its connection to its exit code."""

from datetime import UTC, datetime

import typer

from cli import clusters, connect, listing, orphans, removal
from cli.ended import how_ended
from cli.follow import follow
from cli.known import provider_of, require_known
from cli.observe import describe, observe, unknown
from cli.outcome import tell_outcome
from cli.session import Session, open_session, run
from cli.table import STALE, cluster_table
from cli.view import ClusterView, with_probes
from cli.voice import DONE, Voice
from datastores.client import ClientCommand
from model.spec import ClusterSpec
from settings import load_settings


async def create(spec: ClusterSpec, wait: bool, voice: Voice) -> int:
    """Create a cluster; by default follow it until it stands."""
    session = await open_session()
    await require_known(session, spec)
    await clusters.create(session, spec)
    if wait:
        return await _follow(session, spec.name, voice)
    voice.note(f"{spec.name} is being built: `durabase wait {spec.name}` follows it")
    await show_document(session, spec.name, voice)
    return DONE


async def show(name: str, probe: bool, voice: Voice) -> int:
    """Show a cluster, and with `probe` whether its databases answer now."""
    session = await open_session()
    probes = await clusters.probe(session, name) if probe else ()
    observation = await observe(session, name)
    if not observation.is_open:
        ended = await how_ended(session.client, await describe(session.client, name))
        if ended.left_nothing:
            raise unknown(name, ended.sentence)
        voice.note(f"{ended.sentence}: `durabase delete {name}` removes what it left")
    elif observation.is_unanswered:
        voice.note(STALE)
    _show(with_probes(observation.view, probes) if probe else observation.view, voice)
    return voice.told()


async def list_all(closed: bool, voice: Voice) -> int:
    """List the clusters."""
    session = await open_session()
    found = await listing.list_clusters(session, closed)
    if voice.json:
        voice.result(listing.listing_json(found))
    elif found:
        voice.show(*listing.listing_lines(found))
    else:
        voice.note("there is no cluster yet: `durabase create NAME` makes one")
    if any(cluster.stale for cluster in found):
        voice.note(STALE)
    return voice.told()


async def wait(name: str, voice: Voice) -> int:
    """Follow whatever goes on in a cluster to its end."""
    session = await open_session()
    return await _follow(session, name, voice)


async def retry(name: str, discard_data: str | None, wait: bool, voice: Voice) -> int:
    """Take up a failed build or restart again."""
    session = await open_session()
    await clusters.retry(session, name, discard_data)
    return await _follow_if(wait, session, name, voice)


async def restart(name: str, wait: bool, voice: Voice) -> int:
    """Restart every member's database."""
    session = await open_session()
    await clusters.restart(session, name)
    return await _follow_if(wait, session, name, voice)


async def delete(name: str, wait: bool, sure: bool, voice: Voice) -> int:
    """Delete a cluster, on a terminal after asking."""
    session = await open_session()
    if not sure:
        await removal.confirm(session, name, voice)
    await clusters.delete(session, name)
    return await _follow_if(wait, session, name, voice)


async def find_orphans(cloud: str | None, remove: bool, sure: bool, voice: Voice) -> int:
    """List what belongs to no open cluster, and with `remove` delete it, after asking."""
    settings = load_settings()
    where = settings.cloud_named(cloud)
    provider_of(settings, where)
    session = await open_session()
    found = await orphans.find_orphans(session, where)
    if voice.json:
        voice.result(orphans.orphans_json(found))
    elif found:
        voice.show(*orphans.orphans_lines(found))
    if not found:
        voice.note(f"nothing on cloud {where} belongs to no open cluster")
    elif remove:
        if not sure:
            voice.note(f"no open cluster of Temporal namespace {session.client.namespace} has these")
            typer.confirm(f"Delete these {len(found)} for good?", abort=True, err=True)
        await orphans.delete_orphans(session, where, found)
        voice.note(f"deleted {len(found)}")
        return DONE
    return voice.told()


async def password(name: str, user: str | None, voice: Voice) -> int:
    """Print a derived password."""
    session = await open_session()
    voice.result(await connect.show_password(session, name, user))
    return voice.told()


def connect_to(
    name: str, member: str | None, user: str | None, database: str | None, arguments: list[str] | None, voice: Voice
) -> int:
    """Run the engine's client with these arguments; without any list, print the connection URL instead."""
    if arguments is None:
        voice.result(run(_connection_url(name, member, user, database)))
        return voice.told()
    return connect.run_client(run(_client_command(name, member, user, database)), arguments)


async def _connection_url(name: str, member: str | None, user: str | None, database: str | None) -> str:
    return await connect.connection_url(await open_session(), name, member, user, database)


async def _client_command(name: str, member: str | None, user: str | None, database: str | None) -> ClientCommand:
    return await connect.client_command(await open_session(), name, member, user, database)


async def _follow(session: Session, name: str, voice: Voice) -> int:
    ended = await follow(session, name, voice)
    if voice.json:
        _show(ended.view, voice)
    return await tell_outcome(session, ended, voice)


async def _follow_if(wait: bool, session: Session, name: str, voice: Voice) -> int:
    if wait:
        return await _follow(session, name, voice)
    voice.note(f"asked for; `durabase wait {name}` follows it")
    await show_document(session, name, voice)
    return DONE


async def show_document(session: Session, name: str, voice: Voice) -> None:
    """Print a cluster's document if one is wanted."""
    if voice.json:
        _show((await observe(session, name)).view, voice)


def _show(view: ClusterView, voice: Voice) -> None:
    if voice.json:
        voice.result(view.model_dump_json(indent=2))
    else:
        voice.show(cluster_table(view, datetime.now(UTC), voice.width), f"id {view.id}")
