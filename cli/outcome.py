"""How a followed operation ended, said in words, and the exit code that goes with it."""

from cli.ended import how_ended
from cli.follow import succeeded
from cli.observe import Observation, describe
from cli.session import Session
from cli.table import fault_sentence
from cli.voice import DONE, FAILED, Voice
from model.cluster import Operation, Role


async def tell_outcome(session: Session, observation: Observation, voice: Voice) -> int:
    """Say how it ended and what can be done now; return the exit code."""
    view, name = observation.view, observation.view.name
    if not observation.is_open:
        return await _tell_end(session, observation, voice)
    if succeeded(observation):
        replicas = sum(member.role is Role.REPLICA for member in view.members)
        with_replicas = f" with {replicas} replica{'s' if replicas > 1 else ''}" if replicas else ""
        voice.note(f"{name} is ACTIVE: {view.datastore} {view.version}{with_replicas}")
        return DONE
    fault = fault_sentence(view.fault) if view.fault else "failed, and left no reason"
    if view.operation is Operation.DELETE:
        voice.note(f"deleting {name} {fault}\n`durabase delete {name}` goes on with it")
        return FAILED
    voice.note(f"{view.operation} of {name} {fault}")
    voice.note(f"what exists is kept: `durabase retry {name}` goes on with it, `durabase delete {name}` removes it")
    return FAILED


async def _tell_end(session: Session, observation: Observation, voice: Voice) -> int:
    name = observation.view.name
    if succeeded(observation):
        voice.note(f"{name} is deleted")
        return DONE
    ended = await how_ended(session.client, await describe(session.client, name))
    voice.note(f"there is no {name} any more: {ended.sentence}")
    if not ended.left_nothing:
        voice.note(f"`durabase delete {name}` removes what it left")
    return FAILED
