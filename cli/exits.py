"""From what a command raises to one sentence and an exit code."""

import sys
import traceback
from collections.abc import Sequence

import typer
from temporalio.client import WorkflowFailureError
from temporalio.service import RPCError
from typer.exceptions import TyperException

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
        return _say(error.format_message(), BAD_INPUT)
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
    except BrokenPipeError:
        return FAILED
    except Exception:  # noqa: BLE001 - a bug: the process must still end by its own rules
        traceback.print_exc()
        return FAILED


def _code(outcome: object) -> int:
    return outcome if isinstance(outcome, int) else DONE


def _say(sentence: str, code: int) -> int:
    if sentence:
        sys.stderr.write(f"{as_typed(sentence)}\n")
    return code
