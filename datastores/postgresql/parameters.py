"""PostgreSQL's parameters: which values they take, in PostgreSQL's own spellings (documentation, 19.1.1)."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from datastores.configuration import ConfigurationManager
from datastores.postgresql import rules
from datastores.templates import parameter_rows
from datastores.values import Form, choice, some, text_problem, why_closed
from model.spec import Setting

MEMORY = {"B": 1, "kB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
"""Units of memory in bytes; PostgreSQL's are case-sensitive."""

TIME = {"us": 1, "ms": 1000, "s": 10**6, "min": 60 * 10**6, "h": 3600 * 10**6, "d": 86400 * 10**6}
"""Units of time in microseconds."""

NUMBER = re.compile(r"(?P<number>[+-]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?) *(?P<unit>[A-Za-z]*)")
"""No leading zero: PostgreSQL would read it as octal."""

SMALLEST = Decimal("1E-307")
"""PostgreSQL refuses numbers so near to 0 that a double cannot hold them in full."""


@dataclass(frozen=True)
class PostgresqlParameter:
    """One line of `pg_settings`, narrowed by `rules`; limits are in `unit`."""

    name: str
    type: str
    unit: str
    minimum: Decimal
    maximum: Decimal
    values: tuple[str, ...]
    context: str
    form: Form | None = None

    @property
    def needs_restart(self) -> bool:
        """Whether a new value only takes effect when the server starts."""
        return self.context == "postmaster"

    def problem(self, value: Setting) -> str | None:
        """Return what would be allowed if `value` is not, else None."""
        if isinstance(value, str) and any(mark in value for mark in "\r\n\0"):
            return "without line breaks and NUL"
        if self.type == "bool":
            return None if _boolean(value) is not None else "on or off"
        if self.type == "enum":
            return None if choice(_text(value), self.values) is not None else f"one of {some(self.values)}"
        if self.type == "string":
            return text_problem(_text(value), self.form)
        return self._number_problem(value)

    def render(self, value: Setting) -> str:
        """Return an allowed value, quoted as postgresql.conf has it."""
        text = _text(value)
        if self.type == "bool":
            text = "on" if _boolean(value) else "off"
        elif self.type == "enum":
            text = choice(_text(value), self.values) or text
        elif self.type in ("integer", "real"):
            text = text.strip()
        return quote(text)

    def _number_problem(self, value: Setting) -> str | None:
        number = self._number(value)
        if number is None or (self.type == "integer" and number != number.to_integral_value()):
            return self._allowed_number()  # PostgreSQL would round a broken number of units silently
        if number and abs(number) < SMALLEST:
            return f"0, or not nearer to 0 than {SMALLEST}"
        if not self.minimum <= number <= self.maximum:
            return self._allowed_number()
        special, least = rules.SPECIAL.get(self.name, (number, number))
        if number != special and number < least:
            return f"{special}, or from {least}"
        multiple = rules.MULTIPLE.get(self.name)
        return f"a multiple of {multiple}" if multiple and number % multiple else None

    def _number(self, value: Setting) -> Decimal | None:
        """Read a number with an optional unit; None if it is neither."""
        if isinstance(value, bool):
            return None
        match = NUMBER.fullmatch(_text(value).strip())
        if match is None:
            return None
        number, unit = Decimal(match["number"]), match["unit"]
        return number * self._scale(unit) if not unit or self._scale(unit) else None

    def _scale(self, unit: str) -> Decimal:
        """How many of the parameter's units one `unit` is; 0 if the parameter has no such unit."""
        if not unit:
            return Decimal(1)
        own = self.unit.lstrip("0123456789")
        count = int(self.unit.removesuffix(own) or 1)
        for units in (MEMORY, TIME):
            if own in units and unit in units:
                return Decimal(units[unit]) / (units[own] * count)
        return Decimal(0)

    def _allowed_number(self) -> str:
        kind = "a whole number" if self.type == "integer" else "a number"
        family = next((units for units in (MEMORY, TIME) if self.unit.lstrip("0123456789") in units), {})
        units = f" of {self.unit}, or with a unit ({', '.join(family)})" if family and self.unit else ""
        return f"{kind} from {_plain(self.minimum)} to {_plain(self.maximum)}{units}"


def quote(text: str) -> str:
    """Return a text as a value in postgresql.conf: in quotes, quotes doubled, backslashes escaped."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


@cache
def configuration_manager(version: str) -> ConfigurationManager:
    """Return what a version knows; read once, from its table in templates/."""
    forms = rules.forms(version)
    parameters = [_parameter(row, forms.get(row["name"])) for row in parameter_rows(__name__, version)]
    closed = {parameter.name: reason for parameter in parameters if (reason := _closed(parameter)) is not None}
    return ConfigurationManager({parameter.name: parameter for parameter in parameters}, closed)


def _parameter(row: dict[str, str], form: Form | None) -> PostgresqlParameter:
    name = row["name"]
    minimum = max(Decimal(row["minimum"] or 0), rules.MINIMUM.get(name, Decimal("-Infinity")))
    maximum = min(Decimal(row["maximum"] or 0), rules.MAXIMUM.get(name, Decimal("Infinity")))
    refused = rules.REFUSED_VALUES.get(name, ())
    values = tuple(value for value in row["values"].split(",") if value and value not in refused)
    return PostgresqlParameter(name, row["type"], row["unit"], minimum, maximum, values, row["context"], form)


def _closed(parameter: PostgresqlParameter) -> str | None:
    by_name = why_closed(parameter.name, rules.RESERVED, rules.CLOSED)
    return by_name or rules.CLOSED_CONTEXTS.get(parameter.context)


def _boolean(value: Setting) -> bool | None:
    """Read a boolean as PostgreSQL does (parse_bool): unambiguous beginnings of its words; None if it is none."""
    text = _text(value).lower()
    if text in ("1", "on") or (text and any(word.startswith(text) for word in ("true", "yes"))):
        return True
    if text in ("0", "of", "off") or (text and any(word.startswith(text) for word in ("false", "no"))):
        return False
    return None


def _text(value: Setting) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return f"{Decimal(repr(value)):f}" if isinstance(value, float) and value - value == 0 else str(value)


def _plain(number: Decimal) -> str:
    return f"{number:f}" if abs(number) < 10**15 else f"{number:.4g}"
