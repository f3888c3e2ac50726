"""Values at the edges of what durabase lets through, to be judged by a real server."""

from collections.abc import Iterator
from decimal import Decimal

from datastores.configuration import ConfigurationManager
from datastores.mysql.parameters import MariadbParameter
from datastores.postgresql.parameters import PostgresqlParameter
from datastores.valkey.parameters import ValkeyParameter
from model.spec import Setting


def allowed_edges(known: ConfigurationManager) -> Iterator[tuple[str, str]]:
    """Return open parameters, each with the limits of its range and its choices, rendered for the server's file."""
    for name, parameter in sorted(known.parameters.items()):
        if name not in known.reserved:
            assert isinstance(parameter, MariadbParameter | PostgresqlParameter | ValkeyParameter)
            limits = map(Decimal, (parameter.minimum, parameter.maximum))
            numbers = (f"{limit:f}" for limit in limits if abs(limit) < 10**18)
            values: tuple[Setting, ...] = (True, False, *numbers, *parameter.values[:8])
            allowed = (parameter.render(value) for value in values if parameter.problem(value) is None)
            yield from ((name, rendered) for rendered in dict.fromkeys(allowed))
