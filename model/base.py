"""What every noun shares: it is frozen, and bad input becomes one sentence."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError


class Noun(BaseModel):
    """A frozen value. Unknown fields are ignored, so that a newer writer never breaks an older reader."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_enum_values=False)


class Request(BaseModel):
    """A frozen value that a person writes. Unknown fields are refused: a typo must not be silently dropped."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class BadInput(ValueError):
    """A refused request; its text is one sentence that names the field, the value and what is allowed."""


def refusal(field: str, value: object, allowed: str) -> BadInput:
    """Return the one form in which durabase refuses a value; `allowed` completes "it must be …"."""
    return BadInput(f"{field} {value!r} is not allowed: it must be {allowed}")


def bad_input(error: ValidationError, model: type[BaseModel]) -> BadInput:
    """Turn pydantic's findings into durabase's sentences, one a line; a field's description says what is allowed."""
    return BadInput("\n".join(_sentence(dict(finding), model) for finding in error.errors(include_url=False)))


def _sentence(finding: Mapping[str, Any], model: type[BaseModel]) -> str:
    path = ".".join(str(part) for part in finding["loc"])
    if finding["type"] == "value_error":
        return str(finding["ctx"]["error"])
    if finding["type"] == "extra_forbidden":
        return f"{path} is not a field: allowed are {', '.join(_fields_at(finding['loc'][:-1], model))}"
    if finding["type"] == "missing":
        return f"{path} is missing: it must be {_allowed_at(finding['loc'], model) or 'given'}"
    if "password" in path.lower():
        return f"{path} is not allowed: it must be {_allowed_at(finding['loc'], model) or finding['msg']}"
    return str(refusal(path, finding["input"], _allowed_at(finding["loc"], model) or finding["msg"]))


def _model_at(location: tuple[str | int, ...], model: type[BaseModel]) -> tuple[type[BaseModel], str | None]:
    """Follow a finding's location to the model that holds its last field, and that field's name."""
    field: str | None = None
    for part in location:
        if not isinstance(part, str) or (field is not None and part not in _inner(model, field).model_fields):
            continue
        if field is not None:
            model = _inner(model, field)
        field = part if part in model.model_fields else field
    return model, field


def _inner(model: type[BaseModel], field: str) -> type[BaseModel]:
    """The model inside a field such as `tuple[UserSpec, ...]`; the outer model itself if there is none."""
    annotation: Any = model.model_fields[field].annotation
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return model


def _allowed_at(location: tuple[str | int, ...], model: type[BaseModel]) -> str | None:
    holder, field = _model_at(location, model)
    return holder.model_fields[field].description if field else None


def _fields_at(location: tuple[str | int, ...], model: type[BaseModel]) -> list[str]:
    holder, field = _model_at(location, model)
    return list((_inner(holder, field) if field else holder).model_fields)
