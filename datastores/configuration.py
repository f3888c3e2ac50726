"""Configuration, of a server and of its databases, checked against what an engine knows before anything is created."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from model.base import refusal, shown
from model.cluster import InstanceTask
from model.errors import PlanRefused
from model.spec import ClusterSpec, DatabaseSpec, Setting


class Parameter(Protocol):
    """One configuration parameter of an engine."""

    @property
    def needs_restart(self) -> bool:
        """Whether a new value only takes effect when the engine starts."""

    def problem(self, value: Setting) -> str | None:
        """Return what would be allowed if `value` is not, else None; completes "it must be …"."""

    def render(self, value: Setting) -> str:
        """Return an allowed value as the engine's configuration file spells it."""


Configured = TypeVar("Configured", ClusterSpec, InstanceTask)


def unchanged(name: str) -> str:
    """Return a parameter's name as it is written: what an engine whose server does the same knows of spellings."""
    return name


def unknown(name: str) -> Parameter | None:  # noqa: ARG001 - as for those that do know some
    """Return no parameter: what most engines know of names that are in no table."""
    return None


@dataclass(frozen=True)
class ConfigurationManager:
    """What an engine's version knows: its parameters, and those that are not open (name → why)."""

    parameters: Mapping[str, Parameter]
    reserved: Mapping[str, str]
    own: Mapping[str, Setting] = dataclasses.field(default_factory=dict)
    """What reserved parameters are in every cluster, where they are the same in all: a request may say so."""
    named: Callable[[str], str] = unchanged
    """Returns the name in `parameters` that a spelling stands for, where the server takes others, too."""
    custom: Callable[[str], Parameter | None] = unknown
    """Returns a parameter of a name that is in no table, where the server takes such names."""

    def canonical(self, overrides: Mapping[str, Setting]) -> dict[str, Setting]:
        """Return overrides under the parameters' own names. Raises PlanRefused if two are spellings of one."""
        spellings: dict[str, str] = {}
        for key in overrides:
            other = spellings.setdefault(self.named(key), key)
            if other != key:
                raise PlanRefused(str(refusal("configuration", key, f"named only once: {other} is the same parameter")))
        return {name: overrides[key] for name, key in spellings.items()}

    def renamed(self, request: Configured) -> Configured:
        """Return a request or task whose configuration has the parameters' own names. Raises PlanRefused."""
        return request.model_copy(update={"configuration": self.canonical(request.configuration)})

    def checked(self, spec: ClusterSpec) -> ClusterSpec:
        """Return a request whose configuration is allowed and has the parameters' own names. Raises PlanRefused."""
        self.check(spec.configuration)
        return self.renamed(spec)

    def check(self, overrides: Mapping[str, Setting]) -> None:
        """Refuse an unknown or reserved key, a wrong type or a value out of range by PlanRefused, one sentence."""
        self.canonical(overrides)
        for key, value in overrides.items():
            name = self.named(key)
            parameter = self.parameter(name)
            if name in self.reserved:
                self._check_reserved(key, name, value)
            elif parameter is None:
                raise PlanRefused(str(refusal("configuration", key, "a parameter that this version knows")))
            elif (allowed := parameter.problem(value)) is not None:
                raise PlanRefused(str(refusal(f"configuration.{key}", value, allowed)))

    def render(self, overrides: Mapping[str, Setting]) -> dict[str, str]:
        """Return checked overrides as the configuration file spells them, sorted by key."""
        ordered = sorted(self.canonical(overrides).items())
        return {name: parameter.render(value) for name, value in ordered if (parameter := self.parameter(name))}

    def parameter(self, name: str) -> Parameter | None:
        """Return a parameter by its own name, None if the version has none of that name."""
        return self.parameters.get(name) or self.custom(name)

    def _check_reserved(self, key: str, name: str, value: Setting) -> None:
        if name not in self.own:
            raise PlanRefused(f"configuration {key!r} is not allowed: {self.reserved[name]}")
        own, parameter = self.own[name], self.parameters[name]
        if parameter.problem(value) is not None or parameter.render(value) != parameter.render(own):
            allowed = f"{shown(own)}, or left out: {self.reserved[name]}"
            raise PlanRefused(str(refusal(f"configuration.{key}", value, allowed)))


def refuse_character_sets(databases: Iterable[DatabaseSpec], why: str) -> None:
    """Refuse character sets and collations of databases by PlanRefused; `why` the engine has none completes it."""
    for database in databases:
        for field, value in (("character_set", database.character_set), ("collate", database.collate)):
            if value is not None:
                raise PlanRefused(str(refusal(f"databases.{database.name}.{field}", value, f"left out: {why}")))
