"""Valkey's parameters: which values they take, in Valkey's own spellings (src/config.c, `memtoull` in src/util.c)."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import cast

from datastores.configuration import ConfigurationManager
from datastores.templates import parameter_rows
from datastores.valkey import rules
from datastores.values import choice, text_problem, why_closed
from model.spec import Setting

MEMORY = {"": 1, "b": 1, "k": 1000, "kb": 1024, "m": 1000**2, "mb": 1024**2, "g": 1000**3, "gb": 1024**3}
"""Units of memory in bytes; Valkey's may be in upper case, too."""

INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
AMOUNT = re.compile(r"(?P<number>[0-9]{0,19})(?P<unit>[A-Za-z]*)")
"""No digits are 0 for the server."""

BACKLOG = "repl-backlog-size"

PERCENT = re.compile(r"(?:100|[1-9]?[0-9])%")


@dataclass(frozen=True)
class ValkeyParameter:
    """One line of what the server says of its parameters, narrowed by `rules`; memory is in bytes."""

    name: str
    type: str
    minimum: int
    maximum: int
    values: tuple[str, ...]
    needs_restart: bool

    def problem(self, value: Setting) -> str | None:
        """Return what would be allowed if `value` is not, else None."""
        text = text_of(value)
        if self.type == "bool":
            return None if text.lower() in ("yes", "no") else "yes or no"
        if self.type == "enum":
            return None if choice(text, self.values) else f"one of {', '.join(self.values)}"
        if self.type == "text":
            return text_problem(text, rules.FORMS.get(self.name))
        number = self.number(text)
        return None if number is not None and self.minimum <= number <= self.maximum else self._allowed_number()

    def render(self, value: Setting) -> str:
        """Return an allowed value, quoted as valkey.conf has it."""
        return quote(text_of(value))

    def number(self, text: str) -> int | None:
        """Read a number, an amount of memory or a part of it; None if it is none."""
        if self.type == "integer":
            return int(text) if INTEGER.fullmatch(text) else None
        if self.type == "memory or percent" and PERCENT.fullmatch(text):
            return self.minimum
        match = AMOUNT.fullmatch(text)
        unit = MEMORY.get(match["unit"].lower()) if match else None
        return int(match["number"] or 0) * unit if match and unit else None

    def _allowed_number(self) -> str:
        if self.type == "integer":
            return f"a whole number from {self.minimum} to {self.maximum}"
        percent = " or a part of it (5%)" if self.type == "memory or percent" else ""
        units = ", ".join(filter(None, MEMORY))
        return f"an amount of memory from {self.minimum} bytes, such as 100mb ({units}){percent}"


def text_of(value: Setting) -> str:
    """Return a value as a person would write it for Valkey."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)


def quote(text: str) -> str:
    """Return a text as a value in valkey.conf: in double quotes, those and backslashes escaped."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@cache
def configuration_manager(version: str) -> ConfigurationManager:
    """Return what a version knows; read once, from its table in templates/."""
    rows = {row["name"]: row for row in parameter_rows(__name__, version)}
    parameters = {name: _parameter(row) for name, row in rows.items() if _named(rows, name) == name}
    closed = {name: reason for name in parameters if (reason := why_closed(name, rules.RESERVED, rules.CLOSED))}
    own = {name: value for name, value in rules.OWN.items() if name in parameters}
    return ConfigurationManager(parameters, closed, own, partial(_named, parameters))


def _named(known: Collection[str], name: str) -> str:
    """Return a parameter's newest name: the server compares in lower case, and knows old ones beside it."""
    lower = name.lower()
    newer = (lower.replace(old, new) for old, new in rules.OLD_WORDS.items() if old in lower)
    return next((each for each in newer if each in known), lower)


def taken_at_once(overrides: Mapping[str, Setting], version: str) -> Mapping[str, int]:
    """Return, by parameter, bytes that a server takes whatever it holds, of those that a request overrides."""
    known = configuration_manager(version).parameters
    backlog = cast("ValkeyParameter", known[BACKLOG])
    return {name: backlog.number(text_of(value)) or 0 for name, value in overrides.items() if name == BACKLOG}


def _parameter(row: dict[str, str]) -> ValkeyParameter:
    name = row["name"]
    return ValkeyParameter(
        name=name,
        type=row["type"],
        minimum=max(int(row["minimum"] or 0), rules.MINIMUM.get(name, -(2**63))),
        maximum=min(int(row["maximum"] or 0), rules.MAXIMUM.get(name, 2**63)),
        values=tuple(filter(None, row["values"].split(","))),
        needs_restart=row["changes"] == "start",
    )
