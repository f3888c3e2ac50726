"""MariaDB's parameters: which values they take, as its option files spell them (Knowledge Base, mariadbd Options)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from datastores.configuration import ConfigurationManager
from datastores.mysql import rules
from datastores.mysql.client import quote
from datastores.templates import parameter_rows
from datastores.values import choice, some, text_problem, why_closed
from model.base import refusal
from model.errors import PlanRefused
from model.spec import ClusterSpec, DatabaseSpec, Setting

UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
"""Letters that may follow a whole number."""

INTEGER = re.compile(r"(?P<number>0|-?[1-9][0-9]{0,19})(?P<unit>[kmgtKMGT]?)")
DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,15})(?:\.[0-9]{1,15})?")

TRUTHS = {"on": "ON", "true": "ON", "1": "ON", "off": "OFF", "false": "OFF", "0": "OFF"}

CHARACTER_SET = "character_set_server"
COLLATION = "collation_server"


@dataclass(frozen=True)
class MariadbParameter:
    """One line of what the server says of its parameters, narrowed by `rules`."""

    name: str
    type: str
    minimum: Decimal
    maximum: Decimal
    multiple: int
    values: tuple[str, ...]
    needs_restart: bool

    def problem(self, value: Setting) -> str | None:
        """Return what would be allowed if `value` is not, else None."""
        text = text_of(value)
        match self.type:
            case "boolean":
                return None if text.lower() in TRUTHS else "on or off"
            case "enum":
                return None if choice(text, self.values) is not None else f"one of {some(self.values)}"
            case "set":
                known = [choice(part, self.values) for part in text.split(",") if part]
                return None if None not in known else f"a list, separated by commas, of {some(self.values)}"
            case "flagset":
                allowed = f"a list of its switches, such as {self.values[0]}=off"
                return None if self._switches_are_known(text) else allowed
            case "varchar":
                return text_problem(text, rules.FORMS.get(self.name))
        return self._number_problem(text)

    def render(self, value: Setting) -> str:
        """Return an allowed value, quoted as an option file has it."""
        text = text_of(value)
        if self.type == "boolean":
            text = TRUTHS[text.lower()]
        elif self.type == "enum":
            text = choice(text, self.values) or text
        return quote(text)

    def _switches_are_known(self, text: str) -> bool:
        switches = [part.partition("=") for part in text.split(",")]
        return all(name in self.values and state in ("on", "off", "default") for name, _, state in switches)

    def _number_problem(self, text: str) -> str | None:
        number = self._number(text)
        if number is None or not self.minimum <= number <= self.maximum:
            kind = "a whole number" if self.type == "integer" else "a number"
            units = " (K, M, G and T may follow it)" if self.maximum >= 2**20 and self.type == "integer" else ""
            return f"{kind} from {self.minimum:f} to {self.maximum:f}{units}"
        # The server would round it silently.
        return f"a multiple of {self.multiple}" if self.multiple > 1 and number % self.multiple else None

    def _number(self, text: str) -> Decimal | None:
        if self.type == "double":
            return Decimal(text) if DECIMAL.fullmatch(text) else None
        match = INTEGER.fullmatch(text)
        return Decimal(match["number"]) * UNITS[match["unit"].lower()] if match else None


def text_of(value: Setting) -> str:
    """Return a value as a person would write it for MariaDB."""
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    return f"{Decimal(repr(value)):f}".removesuffix(".0") if isinstance(value, float) else str(value)


def is_on(value: Setting) -> bool:
    """Return whether a truth value is on."""
    return TRUTHS.get(text_of(value).lower()) == "ON"


def check_collation(spec: ClusterSpec) -> None:
    """Refuse a collation of another character set than the server's, by PlanRefused: it would not start."""
    characters = text_of(spec.configuration.get(CHARACTER_SET, rules.CHARACTER_SET)).lower()
    value = spec.configuration.get(COLLATION)
    if value is not None and _character_set_of(text_of(value)) != characters:
        raise PlanRefused(str(refusal(f"configuration.{COLLATION}", value, f"one of {CHARACTER_SET}, {characters}")))


def check_character_sets(databases: Sequence[DatabaseSpec], version: str) -> None:
    """Refuse a database's character set or collation that a version has not, or that differ, by PlanRefused."""
    sets, collations = (_parameters(version)[name].values for name in (CHARACTER_SET, COLLATION))
    for database in databases:
        path, own, collation = f"databases.{database.name}", database.character_set, database.collate
        if own is not None and own.lower() not in sets:
            # All of them: what a person most often means by `utf8` is the last.
            raise PlanRefused(str(refusal(f"{path}.character_set", own, f"one of {', '.join(sets)}")))
        fitting = tuple(each for each in collations if own is None or _character_set_of(each) == own.lower())
        if collation is not None and collation.lower() not in fitting:
            whose = f" the collations of {own}:" if own else ""
            raise PlanRefused(str(refusal(f"{path}.collate", collation, f"one of{whose} {some(fitting)}")))


@cache
def configuration_manager(version: str) -> ConfigurationManager:
    """Return what a version knows, by its table in templates/."""
    rows = parameter_rows(__name__, version)
    closed = {row["name"]: reason for row in rows if (reason := _closed(row)) is not None}
    return ConfigurationManager(_parameters(version), closed)


@cache
def _parameters(version: str) -> Mapping[str, MariadbParameter]:
    return {row["name"]: _parameter(row) for row in parameter_rows(__name__, version)}


def _parameter(row: dict[str, str]) -> MariadbParameter:
    name = row["name"]
    refused = rules.REFUSED_VALUES.get(name, ())
    return MariadbParameter(
        name=name,
        type=row["type"],
        minimum=max(Decimal(row["minimum"] or 0), rules.MINIMUM.get(name, Decimal("-Infinity"))),
        maximum=min(Decimal(row["maximum"] or 0), rules.MAXIMUM.get(name, Decimal("Infinity"))),
        multiple=int(row["multiple"] or 1),
        values=tuple(value for value in row["values"].split(",") if value and value not in refused),
        needs_restart=row["changes"] == "start",
    )


def _closed(row: dict[str, str]) -> str | None:
    name = row["name"]
    reason = why_closed(name, rules.RESERVED, rules.CLOSED)
    if reason is None and row["changes"] == "never":
        return "a configuration file cannot hold it"
    if reason is None and row["type"] == "varchar" and name not in rules.FORMS:
        return "durabase decides it"
    return reason


def _character_set_of(collation: str) -> str:
    """Return what a collation's name begins with; `binary` is the name of both."""
    return collation.lower().split("_")[0]
