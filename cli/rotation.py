"""How a ring gets a new key and loses an old one: the key file's by these commands, the settings' by an operator."""

import json
from pathlib import Path
from typing import Annotated

import typer

from cli.key_rings import KeyCommand, list_keys, needed_by
from cli.secret_file import write_secret
from cli.services import keys_at_rest
from cli.session import open_session
from cli.voice import DONE, Voice
from key_file import KEY_FILE, KeyFile
from keys import Ring, key_text, new_key, next_key_id
from model.base import BadInput, refusal
from providers.local.state import write_durably
from settings import Settings, load_settings

Remove = Annotated[str | None, typer.Option(metavar="ID", help="Remove an old key that nothing needs.")]
Output = Annotated[
    Path | None, typer.Option(metavar="FILE", help="With keys from the settings: a new file for the new key.")
]


async def run(command: KeyCommand, rotate: bool, remove: str | None, output: Path | None, voice: Voice) -> int:
    """List a ring's keys, or add a new one, or remove an old one. Raises BadInput for what cannot be done."""
    if rotate and remove is not None:
        raise BadInput("--rotate and --remove exclude each other: the new key comes first, the old one goes last")
    if output is not None and not rotate:
        raise BadInput("--output says where --rotate writes a new key, and --rotate is not given")
    if rotate:
        return await _rotate(command, output, voice)
    if remove is not None:
        return await _remove(command, remove, voice)
    return await list_keys(command, voice)


async def _rotate(command: KeyCommand, output: Path | None, voice: Voice) -> int:
    settings, ring = load_settings(), command.ring
    old, held = settings.ring(ring)
    if _configured(settings, ring):
        if output is None:
            raise BadInput(
                f"--output is missing: it must be a new file for the {ring} key, as settings hold {ring}_keys"
            )
        new = next_key_id(held)
        write_secret(output, _lines_of_settings(ring, old, new))
        voice.note(command.steps.format(ring=ring, old=old, new=new, file=output))
        return DONE
    if output is not None:
        raise BadInput(f"--output is not allowed: the new {ring} key goes into {settings.state_dir / KEY_FILE}")
    async with keys_at_rest(voice):
        before = KeyFile.read(settings.state_dir)
        after = before.with_new(ring)
        write_durably(settings.state_dir / KEY_FILE, after.text())
    voice.note(
        f"{ring} key {after.current[ring]} is current; key {before.current[ring]} is kept for what was made with it: "
        f"`durabase {ring}-keys` says what that is"
    )
    return DONE


async def _remove(command: KeyCommand, key_id: str, voice: Voice) -> int:
    ring = command.ring
    _refuse_current(load_settings(), ring, key_id)
    session = await open_session()
    settings = session.settings
    needs = (await command.ask_needs(session, voice)).get(key_id, ())
    if needs:
        raise BadInput(
            f"--remove {key_id!r} is not allowed: {ring} key {key_id} is needed by {needed_by(needs)} "
            f"(`durabase {ring}-keys --json` lists all)"
        )
    where = f"namespace {session.client.namespace} of Temporal at {session.client.service_client.config.target_host}"
    if _configured(settings, ring):
        voice.note(
            f"nothing in {where} needs {ring} key {key_id}: remove it from {ring}_keys wherever it is set, "
            f"and restart what was started with it"
        )
        return DONE
    async with keys_at_rest(voice):
        _refuse_current(settings, ring, key_id)
        write_durably(settings.state_dir / KEY_FILE, KeyFile.read(settings.state_dir).without(ring, key_id).text())
    voice.note(f"{ring} key {key_id} is removed: nothing in {where} needed it")
    return DONE


def _refuse_current(settings: Settings, ring: Ring, key_id: str) -> None:
    current, held = settings.ring(ring)
    if key_id == current:
        raise BadInput(
            f"--remove {key_id!r} is not allowed: {ring} key {key_id} is current, and `durabase {ring}-keys --rotate` "
            "comes first"
        )
    if key_id not in held:
        raise refusal("--remove", key_id, f"the id of a {ring} key, one of {', '.join(sorted(held))}")


def _configured(settings: Settings, ring: Ring) -> bool:
    """Return whether an operator's settings hold the ring, which no command writes."""
    return bool(settings.configured(ring)[1])


def _lines_of_settings(ring: Ring, old: str, new: str) -> str:
    return (
        f"# A new {ring} key for durabase.toml. docs/{ring}-keys.md says in which order.\n"
        f"{ring}_key = {json.dumps(old)}  # stays until every place has the new key\n\n"
        f"[{ring}_keys]\n{json.dumps(new)} = {json.dumps(key_text(new_key()))}\n"
    )
