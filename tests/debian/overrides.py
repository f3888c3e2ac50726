"""Values at the edges of what durabase lets through, to be judged by a real server."""

from collections.abc import Iterator
from decimal import Decimal

from datastores.configuration import ConfigurationManager
from datastores.postgresql.parameters import PostgresqlParameter
from datastores.valkey.parameters import ValkeyParameter
from model.spec import Setting


def allowed_edges(known: ConfigurationManager) -> Iterator[tuple[str, str]]:
    """Return open parameters, each with the limits of its range and its choices, rendered for the server's file."""
    for name, parameter in sorted(known.parameters.items()):
        if name not in known.reserved:
            assert isinstance(parameter, PostgresqlParameter | ValkeyParameter)
            limits = (_spelled(parameter.minimum), _spelled(parameter.maximum))
            values: tuple[Setting, ...] = (True, False, *limits, *parameter.values[:8])
            yield from ((name, parameter.render(value)) for value in values if parameter.problem(value) is None)


def _spelled(limit: int | Decimal) -> str:
    return f"{limit:f}" if -(10**18) < limit < 10**18 else ""
