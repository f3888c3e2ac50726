"""What every noun shares: it is frozen, and bad input becomes one sentence."""

from collections.abc import Mapping
from reprlib import Repr
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

SHOWN_CHARACTERS = 80
"""A sentence shows at most so much of a value: enough to know it again."""

KEY = "[key]"
"""How pydantic ends the location of a table's wrong key."""

_shortened = Repr()
_shortened.maxstring = _shortened.maxother = SHOWN_CHARACTERS


class Noun(BaseModel):
    """A frozen value. Unknown fields are ignored, so that a newer writer never breaks an older reader."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_enum_values=False)


class Request(BaseModel):
    """A frozen value that a person writes. Unknown fields are refused: a typo must not be silently dropped."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _no_truth_value(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("a truth value")
    return value


Whole = Annotated[int, BeforeValidator(_no_truth_value)]
"""A whole number that may also come as text, from a variable; pydantic would take true for 1."""


class BadInput(ValueError):
    """A refused request; its text is one sentence that names the field, the value and what is allowed."""


def shown(value: object) -> str:
    """Return a value as a sentence shows it: on one line, and of a long one its beginning and its end."""
    return _shortened.repr(value)


def described(kind: Any, otherwise: str = "a text") -> str:
    """Return what is allowed for a type such as `Identifier`: the description that it carries, if it does."""
    descriptions = (getattr(each, "description", None) for each in getattr(kind, "__metadata__", ()))
    return next(filter(None, descriptions), otherwise)


def refusal(field: str, value: object, allowed: str) -> BadInput:
    """Return the one form in which durabase refuses a value; `allowed` completes "it must be …"."""
    return BadInput(f"{field} {shown(value)} is not allowed: it must be {allowed}")


def bad_input(error: ValidationError, model: type[BaseModel], table: str = "") -> BadInput:
    """Turn pydantic's findings into durabase's sentences, one a line; a field's description says what is allowed.

    `table` is the path of the table that the fields stand in, if they are not the request's own.
    """
    prefix = f"{table}." if table else ""
    return BadInput("\n".join(prefix + _sentence(dict(finding), model) for finding in error.errors(include_url=False)))


def _sentence(finding: Mapping[str, Any], model: type[BaseModel]) -> str:
    location, kind = finding["loc"], finding["type"]
    if not location:
        return str(finding["ctx"]["error"]) if kind == "value_error" else "the request must be a table of its fields"
    if location[-1] == KEY:
        return _key_sentence(location[:-2], finding["input"], model)
    path = _path(location)
    if kind == "extra_forbidden":
        return f"{path} is not a field: allowed are {', '.join(_fields_at(location[:-1], model))}"
    allowed = _description_at(location, model) or str(finding["msg"]).removeprefix("Input should be ")
    if kind == "missing":
        return f"{path} is missing: it must be {allowed}"
    if not _may_be_shown(location, model, finding["input"]):
        return f"{path} is not allowed: it must be {allowed}"
    return str(refusal(path, finding["input"], allowed))


def _key_sentence(location: tuple[str | int, ...], key: object, model: type[BaseModel]) -> str:
    """Refuse a table's key; what is allowed is the description of its type, such as `Identifier`."""
    holder, field = _model_at(location, model)
    types = get_args(holder.model_fields[field].annotation) if field else ()
    return str(refusal(f"{_path(location)} key", key, described(types[0] if types else str)))


def _path(location: tuple[str | int, ...]) -> str:
    return ".".join(_readable(part) for part in location)


def _readable(part: str | int) -> str:
    """A part of a path; a key that a person made up may hold anything, and a sentence is one line."""
    text = str(part)
    return text if text.isprintable() and 0 < len(text) <= SHOWN_CHARACTERS else shown(text)


def _may_be_shown(location: tuple[str | int, ...], model: type[BaseModel], value: object) -> bool:
    """Return whether a wrong value holds no secret: `repr=False` marks a secret field, and a whole table may hold one.

    So may anything that stands where a model should: `users = "app:secret"`.
    """
    holder, field = _model_at(location, model)
    if field is None or not holder.model_fields[field].repr or _inner(holder, field) is not None:
        return False
    return value is None or isinstance(value, bool | int | float | str)


def _model_at(location: tuple[str | int, ...], model: type[BaseModel]) -> tuple[type[BaseModel], str | None]:
    """Follow a finding's location to the model that holds its last field, and that field's name."""
    field: str | None = None
    for part in location:
        holder = model if field is None else _inner(model, field)
        if isinstance(part, str) and holder is not None and part in holder.model_fields:
            model, field = holder, part
    return model, field


def _inner(model: type[BaseModel], field: str) -> type[BaseModel] | None:
    """The model inside a field such as `tuple[UserSpec, ...]`."""
    annotation: Any = model.model_fields[field].annotation
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _description_at(location: tuple[str | int, ...], model: type[BaseModel]) -> str | None:
    """Return what is allowed there: for what a field's list or table holds the description of its type."""
    holder, field = _model_at(location, model)
    if field is None:
        return None
    info = holder.model_fields[field]
    is_held = location.index(field) < len(location) - 1
    return described(_held_type(info.annotation), info.description or "") if is_held else info.description


def _held_type(annotation: Any) -> Any:
    """Return the type of what `tuple[Cidr, ...] | None` or `dict[Identifier, Setting]` holds, None of anything else."""
    kinds = (annotation, *get_args(annotation))
    held = (
        get_args(kind)[-1 if get_origin(kind) is dict else 0] for kind in kinds if get_origin(kind) in (tuple, dict)
    )
    return next(held, None)


def _fields_at(location: tuple[str | int, ...], model: type[BaseModel]) -> list[str]:
    holder, field = _model_at(location, model)
    inner = _inner(holder, field) if field else None
    return list((inner or holder).model_fields)
