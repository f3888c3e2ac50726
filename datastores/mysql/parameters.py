"""MariaDB's parameters: which values they take, as its option files spell them (Knowledge Base, mariadbd Options)."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, partial

from datastores.configuration import ConfigurationManager
from datastores.conflicts import Conflict
from datastores.mysql import rules
from datastores.mysql.client import quote
from datastores.templates import parameter_rows
from datastores.values import choice, some, text_problem, why_closed
from model.base import refusal
from model.errors import PlanRefused
from model.spec import ClusterSpec, DatabaseSpec, Setting

UNITS = {letter: 2 ** (10 * power) for power, letter in enumerate(("", "k", "m", "g", "t", "p", "e"))}
"""Letters that may follow a whole number; the server does not look at what follows them, such as the B of KB."""

INTEGER = re.compile(r" *(?P<number>[+-]?[0-9]{1,30})(?:(?P<unit>[kmgtpeKMGTPE])[bB]?)?")
DECIMAL = re.compile(r" *[+-]?(?:[0-9]{1,30}\.?[0-9]{0,30}|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,2})?")

TRUTHS = {"on": "ON", "true": "ON", "1": "ON", "off": "OFF", "false": "OFF", "0": "OFF"}

GIB = 2**30
REDO = "innodb_log_file_size"
POOL = "innodb_buffer_pool_size"

CHARACTER_SET = "character_set_server"
COLLATION = "collation_server"


@dataclass(frozen=True)
class MariadbParameter:
    """One line of what the server says of its parameters, narrowed by `rules`."""

    name: str
    type: str
    minimum: Decimal
    maximum: Decimal
    values: tuple[str, ...]
    all_values: tuple[str, ...]
    """With those that are refused: a number counts them, too."""
    needs_restart: bool

    def problem(self, value: Setting) -> str | None:
        """Return what would be allowed if `value` is not, else None."""
        text = text_of(value)
        match self.type:
            case "boolean":
                return None if text.lower() in TRUTHS else "on or off"
            case "enum":
                return None if self._choice(text) is not None else f"one of {some(self.values)}"
            case "set":
                known = [choice(part, self.values) for part in text.split(",") if text]
                is_mask = text.isdecimal() and text.isascii() and int(text[:20]) < 2 ** len(self.values)
                return None if None not in known or is_mask else f"a list, separated by commas, of {some(self.values)}"
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
            text = self._choice(text) or text
        return quote(text)

    def _choice(self, text: str) -> str | None:
        """Return the choice that a text is: its name, what only its name begins with, or its number from 0."""
        if (exact := choice(rules.SYNONYMS.get((self.name, text.lower()), text), self.values)) or not text:
            return exact
        if self.name in rules.BY_NAME:
            return None
        numbered = dict(enumerate(self.all_values))
        begun = [each for each in self.all_values if each.lower().startswith(text.lower())]
        found = numbered.get(int(text)) if text.isascii() and text.isdecimal() and len(text) < 3 else None
        found = found or (begun[0] if len(begun) == 1 else None)
        return found if found in self.values else None

    def _switches_are_known(self, text: str) -> bool:
        switches = [part.partition("=") for part in text.lower().split(",")]
        return all(name in self.values and state in ("on", "off", "default") for name, _, state in switches)

    def _number_problem(self, text: str) -> str | None:
        number = self.number(text)
        if number is None or not self.minimum <= number <= self.maximum:
            kind = "a whole number" if self.type == "integer" else "a number"
            units = " (K, M, G and T may follow it)" if self.maximum >= 2**20 and self.type == "integer" else ""
            return f"{kind} from {self.minimum:f} to {self.maximum:f}{units}"
        return None

    def number(self, text: str) -> Decimal | None:
        """Read a number and what may follow it; None if it is none."""
        if self.type == "double":
            return Decimal(text) if DECIMAL.fullmatch(text) else None
        match = INTEGER.fullmatch(text)
        return Decimal(match["number"]) * UNITS[(match["unit"] or "").lower()] if match else None


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
    given = text_of(spec.configuration.get(CHARACTER_SET, rules.CHARACTER_SET)).lower()
    characters = rules.SYNONYMS.get((CHARACTER_SET, given), given)
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


def taken_at_start(overrides: Mapping[str, Setting], version: str) -> Mapping[str, int]:
    """Return, by parameter, bytes of memory that the server takes when it starts, and does not start without.

    Of other caches it takes less if it must.
    """
    return _bytes(overrides, version, POOL)


def volume_conflict(spec: ClusterSpec, version: str) -> Conflict | None:
    """Return the redo log's size if the volume, where it is made when the server starts, cannot hold it."""
    size = _bytes(spec.configuration, version, REDO).get(REDO, 0)
    if size < spec.volume_size * GIB:
        return None
    allowed = f"less than the volume has room for, {spec.volume_size} GiB"
    return Conflict(REDO, spec.configuration[REDO], allowed)


def _bytes(overrides: Mapping[str, Setting], version: str, name: str) -> dict[str, int]:
    parameter = _parameters(version)[name]
    return {name: int(parameter.number(text_of(overrides[name])) or 0)} if name in overrides else {}


@cache
def configuration_manager(version: str) -> ConfigurationManager:
    """Return what a version knows, by its table in templates/."""
    rows = parameter_rows(__name__, version)
    closed = {row["name"]: reason for row in rows if (reason := _closed(row)) is not None}
    return ConfigurationManager(_parameters(version), closed, rules.OWN, partial(_named, _parameters(version)))


def _named(known: Collection[str], name: str) -> str:
    """Return a parameter's own name: an option file may have it in any case, with hyphens, and begin it with loose."""
    spelled = name.lower().replace("-", "_")
    strict = spelled.removeprefix("loose_")
    return strict if strict in known else spelled


@cache
def _parameters(version: str) -> Mapping[str, MariadbParameter]:
    return {row["name"]: _parameter(row) for row in parameter_rows(__name__, version)}


def _parameter(row: dict[str, str]) -> MariadbParameter:
    name = row["name"]
    refused = rules.REFUSED_VALUES.get(name, ())
    values = tuple(filter(None, row["values"].split(",")))
    return MariadbParameter(
        name=name,
        type=row["type"],
        minimum=max(Decimal(row["minimum"] or 0), rules.MINIMUM.get(name, Decimal("-Infinity"))),
        maximum=min(Decimal(row["maximum"] or 0), rules.MAXIMUM.get(name, Decimal("Infinity"))),
        values=tuple(value for value in values if value not in refused),
        all_values=values,
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
