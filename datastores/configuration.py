"""Configuration, of a server and of its databases, checked against what an engine knows before anything is created."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from model.base import refusal
from model.errors import PlanRefused
from model.spec import DatabaseSpec, Setting


class Parameter(Protocol):
    """One configuration parameter of an engine."""

    @property
    def needs_restart(self) -> bool:
        """Whether a new value only takes effect when the engine starts."""

    def problem(self, value: Setting) -> str | None:
        """Return what would be allowed if `value` is not, else None; completes "it must be …"."""

    def render(self, value: Setting) -> str:
        """Return an allowed value as the engine's configuration file spells it."""


@dataclass(frozen=True)
class ConfigurationManager:
    """What an engine's version knows: its parameters, and those that are not open (name → why)."""

    parameters: Mapping[str, Parameter]
    reserved: Mapping[str, str]

    def check(self, overrides: Mapping[str, Setting]) -> None:
        """Refuse an unknown or reserved key, a wrong type or a value out of range by PlanRefused, one sentence."""
        for key, value in overrides.items():
            if key in self.reserved:
                raise PlanRefused(f"configuration {key!r} is not allowed: {self.reserved[key]}")
            parameter = self.parameters.get(key)
            if parameter is None:
                raise PlanRefused(str(refusal("configuration", key, "a parameter that this version knows")))
            if (allowed := parameter.problem(value)) is not None:
                raise PlanRefused(str(refusal(f"configuration.{key}", value, allowed)))

    def render(self, overrides: Mapping[str, Setting]) -> dict[str, str]:
        """Return checked overrides as the configuration file spells them, sorted by key."""
        return {key: self.parameters[key].render(value) for key, value in sorted(overrides.items())}


def refuse_character_sets(databases: Iterable[DatabaseSpec], why: str) -> None:
    """Refuse character sets and collations of databases by PlanRefused; `why` the engine has none completes it."""
    for database in databases:
        for field, value in (("character_set", database.character_set), ("collate", database.collate)):
            if value is not None:
                raise PlanRefused(str(refusal(f"databases.{database.name}.{field}", value, f"left out: {why}")))
