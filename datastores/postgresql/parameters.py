"""PostgreSQL's parameters: which values they take, in PostgreSQL's own spellings (documentation, 19.1.1)."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, partial

from datastores.configuration import ConfigurationManager
from datastores.postgresql import rules
from datastores.postgresql.numbers import read_real, read_whole, units_like
from datastores.templates import parameter_rows
from datastores.values import Form, choice, some, text_problem, why_closed
from model.spec import Setting

CUSTOM_NAME = re.compile(r"[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*")
"""Names that a configuration file may give to parameters of a person's own (guc-file.l: QUALIFIED_ID)."""


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

    def number(self, value: Setting) -> float | None:
        """Return the number that a value is, in the parameter's own unit; None if it is none."""
        read = read_whole if self.type == "integer" else read_real
        return None if isinstance(value, bool) else read(_text(value), self.unit)

    def problem(self, value: Setting) -> str | None:
        """Return what would be allowed if `value` is not, else None."""
        if isinstance(value, str) and any(mark in value for mark in "\r\n\0"):
            return "without line breaks and NUL"
        if self.type == "bool":
            return None if _boolean(value) is not None else "on or off"
        if self.type == "enum":
            return None if self._choice(_text(value)) is not None else f"one of {some(self.values)}"
        if self.type == "string":
            return text_problem(_text(value), self.form)
        return self._number_problem(value)

    def render(self, value: Setting) -> str:
        """Return an allowed value, quoted as postgresql.conf has it."""
        text = _text(value)
        if self.type == "bool":
            text = "on" if _boolean(value) else "off"
        elif self.type == "enum":
            text = self._choice(text) or text
        return quote(text)

    def _choice(self, text: str) -> str | None:
        """Return the choice that a text is, by the server's other words for some, too; None if it is none."""
        if self.name == "client_encoding":
            return rules.encoding(text, self.values)
        if re.fullmatch(rules.OTHER_CHOICES.get(self.name, "(?!)"), text):
            return text
        return choice(rules.synonym(text, self.values), self.values)

    def _number_problem(self, value: Setting) -> str | None:
        number = self.number(value)
        if number is None or not self.minimum <= number <= self.maximum:
            return self._allowed_number()
        special, least = rules.SPECIAL.get(self.name, (number, number))
        if number != special and number < least:
            return f"{special}, or from {least}"
        multiple = rules.MULTIPLE.get(self.name)
        return f"a multiple of {multiple}" if multiple and number % multiple else None

    def _allowed_number(self) -> str:
        kind = "a whole number" if self.type == "integer" else "a number"
        like = units_like(self.unit)
        units = f" of {self.unit}, or with a unit ({', '.join(like)})" if like else ""
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
    known = {parameter.name: parameter for parameter in parameters}
    own = {name: value for name, value in rules.OWN.items() if name in known}
    prefixes = {name.partition(".")[0] for name in known}
    return ConfigurationManager(known, closed, own, _named, partial(_custom, prefixes))


def _named(name: str) -> str:
    """Return a parameter's own name: the server compares in lower case of ASCII, and knows some old ones."""
    lower = name.lower() if name.isascii() else name
    return rules.OLD_NAMES.get(lower, lower)


def _custom(prefixes: Collection[str], name: str) -> PostgresqlParameter | None:
    """Return a parameter of a person's own (manual, 20.16): any text, unless its prefix is a known extension's."""
    if not CUSTOM_NAME.fullmatch(name) or name.partition(".")[0] in prefixes:
        return None
    return PostgresqlParameter(name, "string", "", Decimal(0), Decimal(0), (), "user")


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
