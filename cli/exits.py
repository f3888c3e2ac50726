"""From what a command raises to one sentence and an exit code."""

import sys
import traceback
from collections.abc import Sequence

import typer
from temporalio.client import WorkflowFailureError
from temporalio.service import RPCError
from typer.exceptions import TyperException

from cli.output import lost
from cli.usage import usage_sentence
from cli.voice import BAD_INPUT, DONE, FAILED, INTERRUPTED, Failed, as_typed
from datastores.client import ClientNotFound
from keys import MissingKey
from model.base import BadInput
from model.errors import StepError
from temporal.client import NoTemporal
from temporal.search_attributes import SearchAttributesMissing

REFUSALS = (BadInput, MissingKey, SearchAttributesMissing)
FAILURES = (Failed, NoTemporal, ClientNotFound, StepError)


def run(app: typer.Typer, arguments: Sequence[str], program: str) -> int:
    """Run one command and return its exit code; what went wrong is said on standard error."""
    try:
        return _code(app(args=arguments, prog_name=program, standalone_mode=False))
    except TyperException as error:
        return _say(usage_sentence(error), BAD_INPUT)
    except REFUSALS as error:
        return _say(str(error), BAD_INPUT)
    except FAILURES as error:
        return _say(str(error), FAILED)
    except WorkflowFailureError as error:
        return _say(str(error.cause), FAILED)
    except RPCError as error:
        return _say(f"Temporal failed: {error.message}", FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (typer.Abort, EOFError):
        return _say("\nnothing was done", FAILED)
    except Exception as error:  # noqa: BLE001 - the process must end by its own rules
        return _unforeseen(error)


def tell_loss() -> None:
    """Say what standard output did not take. What reads no more, such as head(1), knows."""
    error = lost(sys.stdout)
    if error is not None and not isinstance(error, BrokenPipeError):
        _say(f"standard output cannot be written: {error.strerror}", FAILED)
    lost(sys.stderr)


def _code(outcome: object) -> int:
    return outcome if isinstance(outcome, int) else DONE


def _unforeseen(error: Exception) -> int:
    """Say which file or directory the system refused; everything else is a bug, and shows where it is."""
    if isinstance(error, OSError) and error.filename is not None:
        return _say(f"{error.filename} cannot be used: {error.strerror}", FAILED)
    traceback.print_exception(error)
    return FAILED


def _say(sentence: str, code: int) -> int:
    if sentence:
        sys.stderr.write(f"{as_typed(sentence)}\n")
    return code
