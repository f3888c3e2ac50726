"""Completion of commands, options and names in bash, zsh and fish: silent, and never longer than a moment."""

import asyncio
import os
import signal
import sys
from enum import StrEnum
from types import FrameType
from typing import Annotated

import typer
from typer._completion_classes import completion_init
from typer._completion_shared import get_completion_script

from cli.listing import list_clusters
from cli.observe import ask_record
from cli.session import Session, open_session
from cli.session import run as run_quietly
from cli.voice import DONE, FAILED, Voice
from settings import LOCAL, load_settings
from worker import installed

PROGRAM = "durabase"

VARIABLE = "_DURABASE_COMPLETE"
"""What the shell sets when it asks; typer's name for it."""

LINE = ("COMP_WORDS", "_TYPER_COMPLETE_ARGS")
"""Where bash, and the others, put the line so far."""

SECONDS = 2.0
"""A person who waits longer for a name has typed it."""

MEMBERS_OF = 20
"""Clusters whose members are asked for at once."""


class Shell(StrEnum):
    """The shells that are served."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def print_script(shell: Annotated[Shell, typer.Argument(help="Your shell.", show_default=False)]) -> int:
    """Print what makes a shell complete commands, options and clusters' names: source it, or install it.

    bash: source <(durabase completion bash); zsh: the same, after compinit; fish: durabase completion fish | source
    """
    voice = Voice()
    voice.result(get_completion_script(prog_name=PROGRAM, complete_var=VARIABLE, shell=shell))
    return voice.told()


def is_asked() -> bool:
    """Return whether a shell asks for completions, and not a person for a command."""
    return VARIABLE in os.environ


def answer(app: typer.Typer) -> int:
    """Answer the shell, and return its exit code. What goes wrong completes nothing, and says nothing."""
    completion_init()
    signal.signal(signal.SIGALRM, _too_late)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123 - until the process ends
    try:
        app(args=[], prog_name=PROGRAM, standalone_mode=False)
    except SystemExit as ended:
        return int(ended.code or DONE)
    except Exception:  # noqa: BLE001 - the shell's line is no place for it
        return FAILED
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return FAILED


def cluster_names(incomplete: str) -> list[str]:
    """Return the open clusters that a name may become."""
    return [name for name in run_quietly(_cluster_names()) if name.startswith(incomplete)]


def member_names(incomplete: str) -> list[str]:
    """Return the members that a name may become: of the clusters on the line, or of any if there is none."""
    return [name for name in run_quietly(_member_names(incomplete)) if name.startswith(incomplete)]


def clouds() -> list[str]:
    """Return the clouds that a request may name."""
    return [LOCAL, *sorted(load_settings().all_clouds)]


def engines() -> list[str]:
    """Return the engines that are installed here."""
    return sorted(installed("datastores"))


async def _cluster_names() -> list[str]:
    return [cluster.name for cluster in await list_clusters(await open_session(), closed=False)]


async def _member_names(incomplete: str) -> list[str]:
    session = await open_session()
    clusters = [each.name for each in await list_clusters(session, closed=False)]
    meant = [name for name in clusters if f"{name}-".startswith(incomplete) or incomplete.startswith(f"{name}-")]
    # typer itself knows none of the words before an option that has no value yet.
    line = " ".join(os.environ.get(name, "") for name in LINE).split()
    meant = [name for name in meant if name in line] or meant
    found = await asyncio.gather(*(_members(session, name) for name in meant[:MEMBERS_OF]))
    return [name for names in found for name in names]


async def _members(session: Session, cluster: str) -> list[str]:
    record = await ask_record(session.client, cluster)
    return [member.name for member in record.members] if record else []


def _too_late(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's signature
    os._exit(FAILED)
