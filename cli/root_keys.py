"""`root-keys`: the ring from which secrets are derived, and the clusters whose secrets come from each of its keys."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from typing import Annotated

import typer

from cli import rotation
from cli.arguments import Json
from cli.key_rings import KeyCommand, Need, Needs
from cli.listing import ListedCluster, list_clusters
from cli.observe import ask_record
from cli.session import Session, run
from cli.voice import Failed, Voice
from keys import Ring
from model.cluster import ClusterRecord, Operation

AT_ONCE = 8
"""Clusters asked side by side."""

STEPS = """\
root key {new} is in {file}, which you alone may read; nothing uses it yet.
In this order, each step everywhere before the next one begins:
  1. every worker and command line: add the key to root_keys, leave root_key = "{old}"; an engine's worker that has
     engine_keys instead: give it what `durabase engine-keys` writes once root_keys has the key; restart the workers.
     From then on all of them can reach a cluster whose secrets come from the new key.
  2. the same places: set root_key = "{new}", restart again. The secrets of new clusters come from it.
  3. when `durabase root-keys --remove {old}` says that nothing needs it: remove key {old} in the same places."""


async def ask_needs(session: Session, voice: Voice) -> Needs:  # noqa: ARG001 - the signature of both rings
    """Ask every open cluster from which key its secrets come. Raises Failed if one does not answer."""
    held = session.settings.ring(Ring.ROOT)[1]
    limit = asyncio.Semaphore(AT_ONCE)
    needs: dict[str, set[Need]] = defaultdict(set)

    async def ask(cluster: ListedCluster) -> None:
        async with limit:
            record = None if cluster.stale else await ask_record(session.client, cluster.name)
        if record is None:
            raise Failed(
                f"cluster {cluster.name} does not answer which root key it needs: a worker must run "
                "(`durabase up` starts one)"
            )
        for key_id in _key_ids(record, held):
            needs[key_id].add(Need(workflow_id=cluster.name, run_id=cluster.id))

    await asyncio.gather(*(ask(cluster) for cluster in await list_clusters(session, closed=False)))
    return needs


COMMAND = KeyCommand(Ring.ROOT, ask_needs, STEPS)


def root_keys(
    rotate: Annotated[bool, typer.Option("--rotate", help="Make a new key, for new clusters.")] = False,
    remove: rotation.Remove = None,
    output: rotation.Output = None,
    json: Json = False,
) -> int:
    """List the keys from which clusters' secrets come, and the clusters that need each; rotate them."""
    return run(rotation.run(COMMAND, rotate, remove, output, Voice(json)))


def _key_ids(record: ClusterRecord, held: Iterable[str]) -> Iterable[str]:
    """Return the keys that a cluster may need: any as long as it is not planned, none if it is only to be removed."""
    if record.identity.root_key_id:
        return [record.identity.root_key_id]
    return [] if record.operation is Operation.DELETE else held
