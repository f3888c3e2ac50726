"""`run`: a command on one member, its output as it came, and an exit code that says whether it ended well."""

import sys
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from cli import clusters, completion, session
from cli.arguments import Json
from cli.session import open_session
from cli.voice import DONE, FAILED, Voice
from guests.base import OUTPUT_LIMIT
from model.base import bad_input
from model.command import CommandRequest, CommandResult

RESULT = TypeAdapter(CommandResult)

TIMED_OUT = 124
"""Exit code of timeout(1)."""


def run_command(
    member: Annotated[
        str, typer.Argument(help="A member's name.", show_default=False, autocompletion=completion.member_names)
    ],
    command: Annotated[
        list[str], typer.Argument(help="A program and its arguments, after '--', without a shell.", show_default=False)
    ],
    timeout: Annotated[int, typer.Option(help="Seconds that it may take.")] = 60,
    json: Json = False,
) -> int:
    """Run a command on one member, as the server's login user; the cluster's history keeps it, and its last 32 KiB.

    Exit code 0 if it ended with 0, else 1.
    """
    try:
        request = CommandRequest(member=member, command=tuple(command), timeout=timeout)
    except ValidationError as error:
        raise bad_input(error, CommandRequest) from None
    return session.run(_run(request, Voice(json)))


async def _run(request: CommandRequest, voice: Voice) -> int:
    result = await clusters.run_command(await open_session(), request)
    if voice.json:
        voice.result(RESULT.dump_json(result, indent=2).decode())
    else:
        sys.stdout.write(result.stdout)
        sys.stdout.flush()
        sys.stderr.write(result.stderr)
    for note in _notes(request, result):
        sys.stderr.write(f"{note}\n")
    return FAILED if result.code else DONE


def _notes(request: CommandRequest, result: CommandResult) -> list[str]:
    """Return what a person must know beside the output."""
    streams = {"standard output": result.stdout, "standard error": result.stderr}
    full = [name for name, text in streams.items() if len(text.encode()) >= OUTPUT_LIMIT]
    notes = [f"only the last {OUTPUT_LIMIT // 1024} KiB of its {name} were kept" for name in full]
    if result.code == TIMED_OUT:
        notes.append(f"exit code {TIMED_OUT}: so ends what takes longer than its --timeout, {request.timeout} s")
    elif result.code:
        notes.append("it was ended by a signal" if result.code < 0 else f"exit code {result.code}")
    return notes
